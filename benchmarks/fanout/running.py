"""A server and its load as two processes: commanded by lines, and measured by figures of the kernel."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from attrs import field, frozen

ROOT = Path(__file__).parents[2]


@frozen(kw_only=True)
class Server:
    """A server that listens on ``port``."""

    port: int
    process: subprocess.Popen[str]
    lines: IO[str] = field(repr=False)

    def tell(self, command: str) -> float:
        """Give a command; return the monotonic time."""
        assert self.process.stdin is not None
        moment = time.monotonic()
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return moment

    def cpu_seconds(self) -> float:
        """Its CPU time so far, user and system, all threads, in nanosecond precision."""
        # The kernel's name of another process's CPU clock: see clock_getcpuclockid(3).
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def resident_bytes(self) -> int:
        """The memory that it occupies."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * 4_096


@frozen(kw_only=True)
class Load:
    """All clients of a server; they have subscribed, or wait for :meth:`go`."""

    process: subprocess.Popen[str]
    lines: IO[str] = field(repr=False)

    def go(self) -> float:
        """Let them subscribe; return the monotonic time."""
        assert self.process.stdin is not None
        moment = time.monotonic()
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return moment

    def times(self) -> Sequence[float]:
        """When each event of the next round came, by the monotonic clock."""
        return self.times_and_bytes()[0]

    def times_and_bytes(self) -> tuple[Sequence[float], int]:
        """The same, and the bytes that all clients have read since the last round."""
        line = self.lines.readline()
        if not line:
            raise RuntimeError("the load ended: see what it or its server has written above")
        times, size_bytes = json.loads(line)
        return times, size_bytes


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def running_server(command: Sequence[str]) -> Iterator[Server]:
    """Run a server, once it listens."""
    with _process(command) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split()[1])
        yield Server(port=port, process=process, lines=process.stdout)


@contextmanager
def running_load(
    server: Server, dialect: str, connections: int, *, events_per_round: int | None = None, since: str = "-"
) -> Iterator[Load]:
    """Run the clients of a server, once all are connected; see :mod:`~benchmarks.fanout.load`."""
    wanted = [server.port, connections, dialect, events_per_round or connections, since]
    with _process([sys.executable, "-m", "benchmarks.fanout.load", *map(str, wanted)]) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("not all clients could connect: see what the load or its server has written above")
        yield Load(process=process, lines=process.stdout)


@contextmanager
def running(command: Sequence[str], dialect: str, connections: int) -> Iterator[tuple[Server, Load]]:
    """Run a server with its clients."""
    with running_server(command) as server, running_load(server, dialect, connections) as load:
        yield server, load
