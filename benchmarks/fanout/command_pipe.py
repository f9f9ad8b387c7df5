"""Commands for the process of a Python server: lines on its standard input, each the name of a command."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
from collections.abc import Callable, Mapping


def raise_limits() -> None:
    """Let this process have as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def open_port() -> socket.socket:
    """Listen on a free port of loopback."""
    return socket.create_server(("127.0.0.1", 0), backlog=4_096)


def obey(listening: socket.socket, commands: Mapping[str, Callable[[], object]]) -> asyncio.Future[None]:
    """Print the port, then carry out commands; the future is done when standard input ends."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()

    def read() -> None:
        lines = os.read(sys.stdin.fileno(), 4_096).decode().split()
        for line in lines:
            commands[line]()
        if not lines and not ended.done():
            loop.remove_reader(sys.stdin.fileno())
            ended.set_result(None)

    loop.add_reader(sys.stdin.fileno(), read)
    print("port", listening.getsockname()[1], flush=True)
    return ended
