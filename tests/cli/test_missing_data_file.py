"""Commands that only look make nothing, and do not take an absent file for an empty one."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Terminal


@pytest.mark.parametrize(
    "command",
    [
        "export",
        "staging list",
        "staging stats",
        "dead-letters list",
        "dead-letters show 1",
        "dead-letters redrive --all",
        "dead-letters purge --all",
        "why 1",
        "sweep",
    ],
)
def test_a_directory_without_data_is_a_mistake(terminal: Terminal, command: str) -> None:
    """The setting is named, the exit code is 2, and no directory is made."""
    result = terminal.run(*command.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "LINKHUB_DATA_DIR" in result.stderr
    assert "there" in result.stderr or "has no data file" in result.stderr
    assert list(terminal.directory.iterdir()) == []
