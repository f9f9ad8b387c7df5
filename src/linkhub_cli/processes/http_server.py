"""A uvicorn server as a duty: on bound sockets, without signal handlers or logs of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, cast

import uvicorn
from starlette.applications import Starlette

from linkhub_adapters.realtime import HttpBounds, HttpConnection
from linkhub_cli.settings import SettingsFaulty

__all__ = ["HttpServer", "bind", "bind_all", "http_config"]

_BACKLOG = 2_048
_FREE_PORT_ATTEMPTS = 10


def bind(host: str, port: int, *, variable: str) -> socket.socket:
    """Bind a port; 0 binds any free one.

    Args:
        host: an address or a name.
        port: the port.
        variable: the setting of the port, for the error.

    Raises:
        SettingsFaulty: the port cannot be bound, or the host is no address of this machine.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except socket.gaierror as error:
        problem = "is no address, and no name of one: set it to localhost, 0.0.0.0 or an address of this machine"
        raise SettingsFaulty.of("LINKHUB_HOST", problem, host) from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            problem = "is no address of this machine: set it to one, to localhost, or to 0.0.0.0 for all of them"
            raise SettingsFaulty.of("LINKHUB_HOST", problem, host) from error
        # The error's own text repeats the address; the system's does not.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        problem = f"cannot be listened on at {host}: {reason}; set another, or 0 for any free port"
        raise SettingsFaulty.of(variable, problem, str(port)) from error


def bind_all(host: str, port: int, *, variable: str) -> Sequence[socket.socket]:
    """Bind a port at every address of a host; see :func:`bind`.

    ``localhost`` is 127.0.0.1 and ::1 at the same port, because clients differ in which of them they use. A machine
    without IPv6 has only the first. Any other host is the first address that it resolves to. Port 0 binds a port that
    is free at all addresses.
    """
    if host != "localhost":
        return [bind(host, port, variable=variable)]
    for attempts_left in reversed(range(_FREE_PORT_ATTEMPTS)):
        first = bind("127.0.0.1", port, variable=variable)
        try:
            return [first, *_bind_ipv6(first.getsockname()[1], variable=variable)]
        except SettingsFaulty:
            first.close()
            if port or not attempts_left:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _bind_ipv6(port: int, *, variable: str) -> Sequence[socket.socket]:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return []  # a machine without IPv6
    return [bind("::1", port, variable=variable)]


def http_config(
    app: Starlette,
    websockets: Callable[..., object] | Literal["none"],
    drain_seconds: float,
    keep_alive_seconds: float,
    bounds: HttpBounds | None = None,
) -> uvicorn.Config:
    """The configuration of uvicorn: no logs, no event loop and no signal handlers of its own.

    Args:
        app: the application.
        websockets: makes the protocol of an upgraded connection.
        drain_seconds: the time limit for requests under way after the signal to stop.
        keep_alive_seconds: how long an idle connection is kept.
        bounds: the limits of all connections together; defaults unless given.
    """
    return uvicorn.Config(
        app,
        loop="none",
        http=cast(Any, partial(HttpConnection, bounds=bounds or HttpBounds())),  # as for ws
        ws=cast(Any, websockets),  # a callable, which uvicorn takes though its types do not say so
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # Our access policy reads X-Forwarded-*; uvicorn's reader would also obey FORWARDED_ALLOW_IPS.
        proxy_headers=False,
        timeout_keep_alive=cast(int, keep_alive_seconds),  # handed to a timer, which takes fractions
        timeout_graceful_shutdown=max(1, int(drain_seconds)),
    )


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield


class HttpServer:
    """Serves an application on bound sockets until `stop` is set; requests under way are answered first."""

    def __init__(self, config: uvicorn.Config, listening: Sequence[socket.socket]) -> None:
        self._server = _Server(config)
        self._listening = listening

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set."""
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self._server.serve(sockets=list(self._listening)))
            await stop.wait()
            self._server.should_exit = True
            await serving
