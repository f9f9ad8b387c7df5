"""The servers that are compared, and how each is started; one that this machine cannot run says why."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from attrs import frozen
from tests.support.npm import WS, NpmPackage, install

HERE = Path(__file__).parent
SOCKET_IO = NpmPackage(name="socket.io", version="4.8.4")


class Unavailable(Exception):
    """This machine lacks a part; the text names it."""


@frozen(kw_only=True)
class Contestant:
    """A server: ``dialect`` is what its clients speak, ``command`` makes its command line from a file of events and a
    directory to build in."""

    name: str
    dialect: str
    command: Callable[[Path, Path], Sequence[str]]


def _floor(events: Path, directory: Path) -> Sequence[str]:
    compiler, program = shutil.which("cc") or shutil.which("gcc"), directory / "floor"
    if compiler is None:
        raise Unavailable("there is no C compiler (Debian: gcc)")
    subprocess.run([compiler, "-O2", "-o", program, HERE / "floor.c"], check=True)
    return [str(program), str(events)]


def _node(script: str, package: NpmPackage, *options: str) -> Callable[[Path, Path], Sequence[str]]:
    def command(events: Path, _: Path) -> Sequence[str]:
        node = shutil.which("node")
        if node is None:
            raise Unavailable("there is no Node.js")
        try:
            directory = install(package)
        except (pytest.skip.Exception, pytest.fail.Exception) as missing:  # as it ends tests
            raise Unavailable(str(missing)) from missing
        return [node, str(HERE / script), str(directory), str(events), *options]

    return command


def _python(module: str) -> Callable[[Path, Path], Sequence[str]]:
    return lambda events, _: [sys.executable, "-m", f"benchmarks.fanout.{module}", str(events)]


FLOOR = "floor: one send in C"
NODE = "Socket.IO on Node.js"
LINKHUB = ("linkhub, plain WebSocket", "linkhub, Socket.IO")
COMPRESSED = "linkhub, compressed"

CONTESTANTS = {
    "floor": Contestant(name=FLOOR, dialect="raw", command=_floor),
    "linkhub": Contestant(name=LINKHUB[0], dialect="plain", command=_python("linkhub_server")),
    "linkhub-compressed": Contestant(name=COMPRESSED, dialect="deflate", command=_python("linkhub_server")),
    "linkhub-socketio": Contestant(name=LINKHUB[1], dialect="socketio", command=_python("linkhub_server")),
    "websockets": Contestant(name="websockets.broadcast", dialect="plain", command=_python("websockets_server")),
    "ws": Contestant(name="ws on Node.js", dialect="plain", command=_node("ws_server.js", WS)),
    "ws-compressed": Contestant(
        name="ws on Node.js, compressed", dialect="deflate", command=_node("ws_server.js", WS, "compress")
    ),
    "node": Contestant(name=NODE, dialect="socketio", command=_node("node_server.js", SOCKET_IO)),
    "python-socketio": Contestant(
        name="python-socketio on uvicorn", dialect="socketio", command=_python("python_socketio_server")
    ),
}
