"""How to get what is not installed."""

import tomllib
from pathlib import Path

import pytest

from linkhub_cli.optional_packages import how_to_install

EXTRAS = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"][
    "optional-dependencies"
]


@pytest.mark.parametrize("extra", ["aws", "telemetry"])
def test_the_extra_is_one_that_there_is(extra: str) -> None:
    """And the command is one that a shell takes."""
    assert extra in EXTRAS
    assert how_to_install(extra) == f"pip install '.[{extra}]' in linkhub's checkout"
