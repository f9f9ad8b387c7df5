"""The ports of an HTTP server, and the package that serves on them."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec

from linkhub_cli.settings import SettingsFaulty
from linkhub_cli.settings.packages import how_to_install

_BACKLOG = 2_048
_FREE_PORT_ATTEMPTS = 10


def check_server_package(subject: str, written: str = "") -> None:
    """Raise ``SettingsFaulty`` if uvicorn is missing, which the command or setting ``subject`` needs."""
    if find_spec("uvicorn") is None:
        problem = f"needs uvicorn, which is missing: {how_to_install('server')}"
        raise SettingsFaulty.of(subject, problem, written)


def bind(host: str, port: int, *, variable: str) -> socket.socket:
    """Bind a port; 0 binds any free one.

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
        problem = f"cannot be listened on at {host}: {reason}; set another, or {variable}=0 for any free port"
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


def open_ports(opened: ExitStack, host: str, port: int | None, *, variable: str) -> Sequence[socket.socket]:
    """Bind as :func:`bind_all` does, and close with ``opened``; without a port there are no sockets."""
    return [opened.enter_context(each) for each in bind_all(host, port, variable=variable)] if port is not None else []
