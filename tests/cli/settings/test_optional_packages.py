"""How to get what is not installed."""

import tomllib
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from linkhub_cli.settings.packages import how_to_install

EXTRAS = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


@pytest.mark.parametrize("extra", ["aws", "telemetry"])
def test_the_extra_is_one_that_there_is(extra: str) -> None:
    """And the command is one that a shell takes."""
    assert extra in EXTRAS
    assert how_to_install(extra) == f"pip install '.[{extra}]' in linkhub's checkout"


def test_from_a_wheel_linkhub_is_asked_for_by_its_name_on_the_index(tmp_path: Path) -> None:
    """There is no checkout to go to, and `linkhub` is another project's name."""
    metadata = tmp_path / "linkhub_products-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.4\nName: linkhub-products\nVersion: 1\n", encoding="utf-8")
    assert how_to_install("aws", Distribution.at(metadata)) == "pip install 'linkhub-products[aws]'"
