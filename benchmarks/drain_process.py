"""A consumer in a process of its own, so that the CPU it uses is its own: the shell around it, at both ends.

The child opens all it needs, then reads a number of messages a line and drains that many; it answers with a line of
JSON with the cost. Imports, clients and the first connection are thus not measured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO

import cattrs
from attrs import field, frozen


@frozen(kw_only=True)
class Spent:
    """The cost of a drain: seconds, calls by operation, capacity units by table."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    dynamodb_calls: Mapping[str, float] = field(factory=dict)
    sqs_calls: Mapping[str, float] = field(factory=dict)
    read_units: Mapping[str, float] = field(factory=dict)
    write_units: Mapping[str, float] = field(factory=dict)
    late_write_units: Mapping[str, float] = field(factory=dict)  # those of late announcements, which are in write_units

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            wall_seconds=self.wall_seconds + other.wall_seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
            dynamodb_calls=_sums(self.dynamodb_calls, other.dynamodb_calls),
            sqs_calls=_sums(self.sqs_calls, other.sqs_calls),
            read_units=_sums(self.read_units, other.read_units),
            write_units=_sums(self.write_units, other.write_units),
            late_write_units=_sums(self.late_write_units, other.late_write_units),
        )


def _sums(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in one.keys() | other.keys()}


def answer(drain: Callable[[int], Spent]) -> None:
    """Be the child: drain as often as it is asked for, until standard input ends."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(cattrs.unstructure(drain(int(line)))), flush=True)


class DrainProcess:
    """The child, as its parent sees it."""

    def __init__(self, child: subprocess.Popen[str], logs: IO[str]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._child, self._asked, self._lines, self._logs = child, child.stdin, child.stdout, logs

    @classmethod
    @contextmanager
    def start(cls, module: str, environment: Mapping[str, str]) -> Iterator[DrainProcess]:
        """Run a module that calls :func:`answer`, until the block is left."""
        with (
            TemporaryFile("w+") as logs,
            subprocess.Popen(
                [sys.executable, "-m", module],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=logs,
                text=True,
            ) as child,
        ):
            try:
                process = cls(child, logs)
                process.next_line()
                yield process
            finally:
                child.terminate()

    @property
    def pid(self) -> int:
        """The child's process id: for a profiler."""
        return self._child.pid

    def next_line(self) -> str:
        """The child's next line."""
        if line := self._lines.readline():
            return line
        self._logs.seek(0)
        raise RuntimeError(
            f"the consumer ended with {self._child.wait()}; its log ends so: {self._logs.read()[-4000:]}"
        )

    def drain(self, messages: int) -> Spent:
        """Let the child drain this many messages; give what that took."""
        self._asked.write(f"{messages}\n")
        self._asked.flush()
        return cattrs.structure(json.loads(self.next_line()), Spent)
