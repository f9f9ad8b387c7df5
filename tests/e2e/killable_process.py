"""Real processes of linkhub for tests that kill them.

multiprocessing's fork server imports linkhub once and forks each process: a start takes a tenth of the usual time. The
fork runs the command line like any other start, and is killed with SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Mapping
from pathlib import Path

from attrs import define, field

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["linkhub_cli.main", "linkhub_cli.commands.consume", "linkhub_cli.commands.serve", "linkhub_cli.backends.aws"]
)


def _live(arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
    """Run the command line in the process, with its output in the log."""
    os.environ.update(environment)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    from linkhub_cli.main import program  # noqa: PLC0415  after the environment is set

    program(arguments, prog_name="linkhub")


@define
class KillableProcess:
    """A command that runs as one process after another; each appends to the same ``log``."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    starts: int = 0
    _process: multiprocessing.process.BaseProcess | None = field(default=None, init=False)
    _begins_at: int = field(default=0, init=False)

    def start(self) -> None:
        """Start the process, again after a kill."""
        self.starts += 1
        self._begins_at = self.log.stat().st_size if self.log.exists() else 0
        self._process = _FORKS.Process(target=_live, args=(self.arguments, self.environment, self.log))
        self._process.start()

    def check_alive(self) -> None:
        """Raise ``AssertionError`` if the process has ended."""
        assert self._process is not None
        assert self._process.is_alive(), f"{self.arguments} ended before it was killed:\n{self.output()}"

    def kill(self) -> None:
        """Send SIGKILL.

        Raises:
            AssertionError: the process had ended before.
        """
        self.check_alive()
        assert self._process is not None
        self._process.kill()
        self._process.join(30)
        assert self._process.exitcode == -9

    def end(self) -> None:
        """Send SIGTERM and wait for the end.

        Raises:
            AssertionError: the exit code is not 0.
        """
        assert self._process is not None
        self._process.terminate()
        self._process.join(30)
        assert self._process.exitcode == 0, self.output()

    def finish(self) -> None:
        """Wait for the end of a process that ends by itself.

        Raises:
            AssertionError: the exit code is not 0.
        """
        assert self._process is not None
        self._process.join(60)
        assert self._process.exitcode == 0, self.output()

    def output(self) -> str:
        """The output of the present process so far."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._begins_at)
            return log.read().decode()

    def count(self, pattern: str) -> int:
        """How often a pattern occurs in the output of the present process."""
        return len(re.findall(pattern, self.output()))
