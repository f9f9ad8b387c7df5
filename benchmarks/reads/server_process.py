"""A server in a process of its own, over a file in a directory."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from benchmarks.load.child import Child
from benchmarks.reads.http_client import HttpClient
from linkhub_cli.backends.embedded import FILE_NAME

_PATIENCE_SECONDS = 30.0


@frozen(kw_only=True)
class ServerProcess:
    """A running server."""

    child: Child
    port: int

    def cpu_seconds(self) -> float:
        """The CPU of all its threads, user and system."""
        return self.child.vitals().cpu_seconds

    def idle_cpu_rate(self, seconds: float = 1.0) -> float:
        """CPU seconds a second while no request comes."""
        before = self.cpu_seconds()
        time.sleep(seconds)
        return (self.cpu_seconds() - before) / seconds


@contextmanager
def plain_server(data_dir: Path) -> Iterator[ServerProcess]:
    """The plain Starlette route over the file in this directory, until the block is left."""
    command: Sequence[str | Path] = [sys.executable, "-m", "benchmarks.reads.plain_server", data_dir / FILE_NAME]
    with Child.start("plain", command, {}, data_dir) as child:
        server = ServerProcess(child=child, port=int(child.next_line()))
        _wait_until_it_answers(server.port)
        yield server


@contextmanager
def linkhub_server(data_dir: Path, environment: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """``linkhub serve`` over the file in this directory, until the block is left; it consumes, too."""
    settings = {"LINKHUB_DATA_DIR": str(data_dir), "LINKHUB_PORT": "0", "LINKHUB_LOG_FORMAT": "json"}
    command: Sequence[str | Path] = [Path(sys.executable).with_name("linkhub"), "serve"]
    with Child.start("linkhub", command, settings | dict(environment or {}), data_dir) as child:
        server = ServerProcess(child=child, port=int(child.logged(r'"port": ?(\d+)')[1]))
        _wait_until_it_answers(server.port)
        yield server


def _wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with HttpClient.connected(port) as client:
                client.get("/healthz")
        except ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
