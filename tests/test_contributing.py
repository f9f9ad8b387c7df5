"""The maps for newcomers, and the pages that name tests, lead to files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from linkhub_core import access, application, errors, model, ports

ROOT = Path(__file__).parent.parent
_MAP = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## To change X, go to Y")[1].split("\n## ")[0]
_ROWS = [row for row in _MAP.splitlines() if row.startswith("| ")][2:]
_PAGES = ["docs/reference/clients.md", "docs/reference/protocol-suites.md", "docs/decisions/long-polls-on-threads.md"]
_GLOSSARY = (ROOT / "docs/reference/glossary.md").read_text(encoding="utf-8")


def test_the_map_has_twenty_changes() -> None:
    """Twenty likely changes or more, each once."""
    assert len({row.split("|")[1] for row in _ROWS}) == len(_ROWS) >= 20


@pytest.mark.parametrize("row", _ROWS, ids=lambda row: row.split("|")[1].strip())
def test_a_change_leads_to_a_file_that_exists(row: str) -> None:
    """Each path of the row exists."""
    paths = re.findall(r"`([^`]+)`", row.split("|")[2])
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


_FILES = {path.name for folder in ("src", "tests", "docs", "benchmarks") for path in (ROOT / folder).rglob("*.py")}


@pytest.mark.parametrize("page", ["SECURITY.md", "CONTRIBUTING.md", *_PAGES])
def test_a_page_names_python_files_that_exist(page: str) -> None:
    """A path from the root exists; a name without a folder is the name of some file."""
    paths = re.findall(r"`([\w./-]+\.py)`", (ROOT / page).read_text(encoding="utf-8"))
    gone = [path for path in paths if not (ROOT / path).exists() and path.startswith(("src/", "tests/", "docs/"))]
    assert gone + [path for path in paths if Path(path).name not in _FILES] == []


def _places() -> list[str]:
    rows = [row.split("|") for row in _GLOSSARY.splitlines() if row.startswith("| ")]
    return [place for row in rows if len(row) > 3 for place in re.findall(r"`([^`]+)`", row[3])]


@pytest.mark.parametrize("place", [place for place in _places() if "/" in place])
def test_the_glossary_names_files_that_exist(place: str) -> None:
    """A path of the glossary exists below src, or below the adapters."""
    assert (
        any((ROOT / "src").glob(place))
        or any((ROOT / "src/linkhub_adapters").glob(place))
        or any((ROOT / "src/linkhub_core").glob(place))
    )


@pytest.mark.parametrize("place", [place for place in _places() if "." in place and "/" not in place])
def test_the_glossary_names_classes_that_exist(place: str) -> None:
    """`module.Name` and `Name.attribute` are found at the front door, or in the room that is named."""
    owner, name = place.split(".")
    rooms = {"access": access, "application": application, "errors": errors, "model": model, "ports": ports}
    if owner in rooms:
        assert name in rooms[owner].__all__
        return
    (cls,) = {getattr(room, owner) for room in rooms.values() if hasattr(room, owner)}
    assert hasattr(cls, name) or name in cls.__annotations__
