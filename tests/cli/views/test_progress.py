"""The bar on a terminal."""

import os
import pty

import pytest

from linkhub_cli.views.progress import progress


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its label and the bytes so far."""
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w", encoding="utf-8") as terminal, os.fdopen(leader, "rb", buffering=0) as screen:
        monkeypatch.setattr("sys.stderr", terminal)
        with progress("importing") as advance:
            advance(2_000_000)
        terminal.write("END")
        terminal.flush()
        shown = ""
        while "END" not in shown:
            shown += screen.read(65_536).decode("utf-8", "replace")
    assert "importing" in shown
    assert "2.0/? MB" in shown


def test_a_pipe_shows_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Not even an empty line."""
    with progress("importing") as advance:
        advance(2_000_000)
    assert capfd.readouterr() == ("", "")
