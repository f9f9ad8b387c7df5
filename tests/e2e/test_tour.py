"""The tour: its commands, run in their order in one terminal, print what it shows, until it kills a consumer.

Times, ages and sizes of disks differ from run to run; everything else must be the same. A command that only reads is
repeated until it prints what is shown: a reader of the tour is slower than the consumer.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest
from attrs import define, field

from tests.e2e.deployment import LINKHUB

pytestmark = pytest.mark.e2e

TOUR: Final = Path(__file__).parents[2] / "docs" / "tour.md"
_PATIENCE_SECONDS: Final = 120
_BACKGROUND = re.compile(r"(.*) & [A-Z]+=\$!")
_WATCHED = re.compile(r"Subscribed to|\S+Z  (new|rev\.)")
_VARIES = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:.]+Z|\b\d+[dhms](?: \d+[dhms])*\b|\b[\d.]+ [GT]B\b|\b\d+ of \d+ (?=not by default)|port \d+ *"
)


@define
class _Terminal:
    """Runs commands in a directory; those in the background run until the end, and write to ``watched``."""

    directory: Path
    port: int
    _running: list[subprocess.Popen[bytes]] = field(factory=list)

    @property
    def watched(self) -> Path:
        return self.directory / "watched"

    def run(self, command: str) -> Sequence[str]:
        """What a command prints."""
        if found := _BACKGROUND.fullmatch(command):
            with self.watched.open("ab") as output:
                process = subprocess.Popen(
                    ["bash", "-c", f"exec {found[1]}"],
                    cwd=self.directory,
                    env=self._environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            self._running.append(process)
            return []
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout.splitlines()

    def wait_for_server(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{self.port}/readyz", timeout=5).close()
            except OSError:
                assert time.monotonic() < deadline, (self.directory / "serve.log").read_text("utf-8")
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """End what runs, the last first."""
        for process in reversed(self._running):
            process.terminate()
            process.wait(_PATIENCE_SECONDS)

    @property
    def _environment(self) -> dict[str, str]:
        path = f"{LINKHUB.parent}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.directory), "LINKHUB_PORT": str(self.port), "NO_COLOR": "1"}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[_Terminal]:
    """A terminal in an empty directory, with a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    opened = _Terminal(tmp_path, port)
    yield opened
    opened.stop()


def _steps(port: int) -> Iterator[tuple[str, Sequence[str]]]:
    """The commands, here-documents included, and the lines that each is shown to print."""
    text = TOUR.read_text("utf-8").partition("## 4.")[0].replace(":3002", f":{port}")
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = step.splitlines()
            if "<< 'END'" in command:
                command, shown = step.rstrip(), []
            if not command.startswith(("make", "export")):
                yield command, shown


def _is_as_shown(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the lines are the same, but for what varies; ``...`` stands for anything, in a line and for lines."""
    parts = [re.sub(r"(?:\\ )?\\\.\\\.\\\.", ".*", re.escape(_same(line))) + "\n" for line in shown]
    pattern = "".join(r"(?:.*\n)*" if part == ".*\n" else part for part in parts)
    text = "\n".join(map(_same, printed)).rstrip("\n")
    return re.fullmatch(pattern, f"{text}\n" if text else "") is not None


def _same(line: str) -> str:
    return _VARIES.sub("~", re.sub(" +", " ", line.rstrip()))


def _wait_for(terminal: _Terminal, command: str, shown: Sequence[str]) -> None:
    is_change = command.startswith(("cat", "sed", "linkhub publish")) or "--yes" in command
    printed, deadline = terminal.run(command), time.monotonic() + _PATIENCE_SECONDS
    while not _is_as_shown(shown, printed):
        assert not is_change, (command, printed)
        assert time.monotonic() < deadline, (command, printed)
        printed = terminal.run(command)


def test_the_commands_of_the_tour(terminal: _Terminal) -> None:
    """Two halves are joined, and a rejected message is corrected."""
    watched: list[str] = []
    for command, shown in _steps(terminal.port):
        watched += [line for line in shown if _WATCHED.match(line)]
        _wait_for(terminal, command, [line for line in shown if not _WATCHED.match(line)])
        if command.startswith("linkhub serve"):
            terminal.wait_for_server()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _is_as_shown(watched, terminal.watched.read_text("utf-8").splitlines() if watched else []):
            assert time.monotonic() < deadline, (command, terminal.watched.read_text("utf-8"))
            time.sleep(0.05)
