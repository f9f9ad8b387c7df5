"""The transport of a request's connection: how an application reaches it, and what waits in the kernel."""

from __future__ import annotations

import array
import asyncio
import fcntl
import termios
from typing import Final

from starlette.types import Scope

__all__ = ["EXTENSION", "bytes_in_kernel", "transport_of"]

EXTENSION: Final = "linkhub.transport"
"""The ASGI extension under which the HTTP server passes the transport."""


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The transport of a request's connection; None behind another HTTP server."""
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(EXTENSION)
    return transport


def bytes_in_kernel(transport: asyncio.BaseTransport) -> int:
    """The written bytes that the other end has not taken; 0 if the system cannot say.

    Linux takes up to some megabytes for a reader that reads nothing; the transport then has nothing unsent.
    """
    connection = transport.get_extra_info("socket")
    answer = array.array("i", [0])
    try:
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, answer)
    except (AttributeError, OSError, ValueError):
        return 0  # no socket, or a closed one
    return answer[0]
