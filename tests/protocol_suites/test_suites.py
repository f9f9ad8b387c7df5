"""A suite is found where it is, and one that is not the one we know is refused before it runs."""

from pathlib import Path

import pytest

from tests.protocol_suites.suites import ENGINE_IO, SuiteUnusable, find, prepare


def _suite_at(folder: Path, script: str = "const nothing = 0;") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("node-imports.js", "package.json", "package-lock.json"):
        (folder / name).write_text("{}")
    (folder / "test-suite.js").write_text(script)
    return folder


@pytest.mark.parametrize("where", [".", ENGINE_IO.folder, "test-suite"])
def test_it_is_found(tmp_path: Path, where: str) -> None:
    """In the folder itself, in a clone of today's repository, and in one of the protocol's own."""
    folder = _suite_at(tmp_path / where)
    assert find(ENGINE_IO, tmp_path) == folder


def test_a_folder_without_it_is_refused(tmp_path: Path) -> None:
    """The text says what is missing."""
    with pytest.raises(SuiteUnusable, match=r"the Engine\.IO suite is not in"):
        find(ENGINE_IO, tmp_path)


def test_a_suite_that_asks_elsewhere_is_refused(tmp_path: Path) -> None:
    """Else it would test whatever else listens there."""
    folder = _suite_at(tmp_path, 'const URL = "http://localhost:4000";')
    with pytest.raises(SuiteUnusable, match="has it changed"):
        prepare(ENGINE_IO, folder, "http://127.0.0.1:1")
    assert (folder / "test-suite.js").read_text() == 'const URL = "http://localhost:4000";'
