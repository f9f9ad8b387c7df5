"""Start: how long until ``linkhub --help`` is printed and until ``linkhub serve`` answers, and what they import.

Bare Python in the same run is the lower bound. Each figure is the median; the best run is that of a quiet
machine. A module counts if it is imported when the command ends, or when the server answers.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
from attrs import frozen
from rich.console import Console
from rich.table import Table

_LINKHUB = Path(sys.executable).with_name("linkhub")
_TARGETS = {"linkhub --help": 0.12, "linkhub serve, first answer": 0.45}


@frozen(kw_only=True)
class Start:
    """Seconds of several starts."""

    seconds: Sequence[float]

    @property
    def median(self) -> float:
        """The median."""
        return median(self.seconds)

    @property
    def best(self) -> float:
        """The best one."""
        return min(self.seconds)


def _run(*command: str | Path) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _serve() -> float:
    """From the start of the process to its first answer."""
    with TemporaryDirectory() as directory, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        settings = {"LINKHUB_DATA_DIR": directory, "LINKHUB_PORT": str(port), "LINKHUB_LOG_LEVEL": "error"}
        began = time.perf_counter()
        with subprocess.Popen(
            [_LINKHUB, "serve"], env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            try:
                while not _answers(port):
                    time.sleep(0.002)
                return time.perf_counter() - began
            finally:
                server.terminate()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client.recv(4_096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def measure(runs: int) -> Mapping[str, Start]:
    """Start each of them ``runs`` times, in turns."""
    starts: Mapping[str, Callable[[], float]] = {
        "bare Python": lambda: _run(sys.executable, "-c", "pass"),
        "linkhub --help": lambda: _run(_LINKHUB, "--help"),
        "linkhub serve, first answer": _serve,
    }
    seconds: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(runs):
        for name, start in starts.items():
            seconds[name].append(start())
    return {name: Start(seconds=those) for name, those in seconds.items()}


def imported_by(*arguments: str) -> int:
    """How many modules a command has imported when it ends."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", _LINKHUB, *arguments], check=True, capture_output=True, text=True
    )
    return len(re.findall(r"^import time:\s+\d", run.stderr, re.MULTILINE))


@click.command()
@click.option("--runs", default=15, show_default=True, help="How often each is started.")
def command(runs: int) -> None:
    """Start linkhub: the help, and a server until it answers."""
    table = Table("start", "median s", "best s", "target s", "")
    for name, start in measure(runs).items():
        target = _TARGETS.get(name)
        verdict = "" if target is None else ("pass" if start.best <= target else "MISS")
        table.add_row(name, f"{start.median:.3f}", f"{start.best:.3f}", "" if target is None else f"{target}", verdict)
    console = Console()
    console.print(table)
    console.print(f"linkhub --help imports {imported_by('--help')} modules")
