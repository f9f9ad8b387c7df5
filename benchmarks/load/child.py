"""A process of the run: commanded by lines, read by lines and by its log, measured by figures of the kernel."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from attrs import field, frozen

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.02
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
SHOWN_OF_LOG = 4_000
# Columns of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal. Those of guests are in the first two.
_COMPUTING = (0, 1, 2, 5, 6, 7)


@frozen(kw_only=True)
class Vitals:
    """The CPU time of a process so far, user and system, all threads, and its memory."""

    cpu_seconds: float
    resident_bytes: int


@frozen(kw_only=True)
class Child:
    """A running process. ``log`` is the file of its standard error."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    asked: IO[str] = field(repr=False)
    answers: IO[str] = field(repr=False)

    @classmethod
    @contextmanager
    def start(
        cls, name: str, command: Sequence[str | Path], environment: Mapping[str, str], logs: Path
    ) -> Iterator[Child]:
        """Run a command until the block is left; then it is asked to end, and killed when it does not."""
        log = logs / f"{name.replace(' ', '-')}.log"
        with (
            log.open("w") as written,
            subprocess.Popen(
                [os.fspath(part) for part in command],
                cwd=ROOT,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=written,
                text=True,
            ) as process,
        ):
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                yield cls(name=name, process=process, log=log, asked=process.stdin, answers=process.stdout)
            finally:
                process.terminate()
                try:
                    process.wait(PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        self.asked.write(f"{line}\n")
        self.asked.flush()

    def next_line(self) -> str:
        """The next line of its standard output.

        Raises:
            RuntimeError: it ended.
        """
        if line := self.answers.readline():
            return line.strip()
        raise RuntimeError(f"{self.name} ended; its log ends so: {self.log.read_text()[-SHOWN_OF_LOG:]}")

    def logged(self, pattern: str) -> re.Match[str]:
        """Wait until its log matches.

        Raises:
            RuntimeError: it ended, or took too long.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := re.search(pattern, text := self.log.read_text())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not log {pattern!r}; its log ends so: {text[-SHOWN_OF_LOG:]}")
            time.sleep(LOOK_SECONDS)
        return found

    def vitals(self) -> Vitals:
        """The present figures of the kernel."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        # The kernel's name of another process's CPU clock: see clock_getcpuclockid(3).
        cpu_seconds = time.clock_gettime((~self.process.pid << 3) | 2)
        return Vitals(cpu_seconds=cpu_seconds, resident_bytes=pages * PAGE_BYTES)


def machine_cpu_seconds() -> float:
    """The CPU time of all cores since the machine started, including the time that a hypervisor took."""
    columns = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return sum(int(columns[index]) for index in _COMPUTING) / os.sysconf("SC_CLK_TCK")
