"""Processes of linkhub that are made to be killed: real ones, started in a tenth of the time.

A process that has imported everything stands ready and is forked (multiprocessing's fork server), so that fifty starts
cost no minute. What is forked runs the command line as any other start does, and is killed with SIGKILL.
"""

from __future__ import annotations

import multiprocessing
import os
import re
from collections.abc import Mapping
from pathlib import Path

from attrs import define, field

__all__ = ["KillableProcess"]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["linkhub_cli.main", "linkhub_cli.commands.consume", "linkhub_cli.commands.serve", "linkhub_cli.backends.aws"]
)


def _live(arguments: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
    """What runs in the process: the command line, telling what it does to the log."""
    os.environ.update(environment)
    told = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(told, 1)
    os.dup2(told, 2)
    from linkhub_cli.main import program  # noqa: PLC0415  after the environment is what it is to be

    program(arguments, prog_name="linkhub")


@define
class KillableProcess:
    """One role, played by one process after the other; each writes to the same ``log``."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    lives: int = 0
    _process: multiprocessing.process.BaseProcess | None = field(default=None, init=False)
    _begins_at: int = field(default=0, init=False)

    def start(self) -> None:
        """Begin another life."""
        self.lives += 1
        self._begins_at = self.log.stat().st_size if self.log.exists() else 0
        self._process = _FORKS.Process(target=_live, args=(self.arguments, self.environment, self.log))
        self._process.start()

    def kill(self) -> None:
        """SIGKILL, whatever it does.

        Raises:
            AssertionError: it had ended by itself.
        """
        assert self._process is not None
        assert self._process.is_alive(), f"{self.arguments} ended by itself:\n{self.told()}"
        self._process.kill()
        self._process.join(30)
        assert self._process.exitcode == -9

    def end(self) -> None:
        """Ask it to end, and wait for that.

        Raises:
            AssertionError: it did not end cleanly.
        """
        assert self._process is not None
        self._process.terminate()
        self._process.join(30)
        assert self._process.exitcode == 0, self.told()

    def told(self) -> str:
        """What the present life has told so far."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as log:
            log.seek(self._begins_at)
            return log.read().decode()

    def count(self, pattern: str) -> int:
        """How often a pattern occurs in what the present life has told."""
        return len(re.findall(pattern, self.told()))
