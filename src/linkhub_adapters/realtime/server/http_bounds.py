"""The limits of plain HTTP, for all connections of a process together.

| what                                                  | bound                         | then                     |
|-------------------------------------------------------|-------------------------------|--------------------------|
| connections of one address, without those that answer | ``connections_per_address``   | 429, closed              |
| realtime requests, which have a limit of their own    |                               |                          |
| bytes of a response that wait for their reader        | 256 KiB and what the kernel   | the rest is not written  |
|                                                       | takes                         |                          |
| seconds in which a reader takes no byte of what waits | ``stall_seconds``             | cut                      |
| requests for pages in work                            | :mod:`~.request_scheduler`    | wait                     |

During a request the connection of a trusted proxy counts for the client of that request; a request past the limit is
answered with 429, and the connection is kept.

Each cut connection is counted by its reason.
"""

from __future__ import annotations

import array
import asyncio
import fcntl
import re
import termios
from collections import Counter
from collections.abc import MutableMapping
from enum import StrEnum
from typing import Final, Protocol
from weakref import WeakKeyDictionary

from attrs import define, field
from starlette.types import Receive, Scope

from linkhub_adapters.realtime.server.request_scheduler import RequestScheduler
from linkhub_core.access import TrustedProxies

EXTENSION: Final = "linkhub.transport"
"""The ASGI extension under which the HTTP server passes the transport of a request."""

SLICE_BYTES: Final = 262_144
SWEEP_SECONDS: Final = 1.0

_HEALTH: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_POLLING: Final = frozenset({"/socket.io", "/socket.io/"})
_STREAM: Final = re.compile(r"/api/v1/shop/[^/]+/events")


class CutReason(StrEnum):
    """Why a connection of plain HTTP was cut."""

    ADDRESS = "too_many_from_address"
    HEAD = "head"
    HEAD_TIMEOUT = "head_timeout"
    PIPELINE = "pipeline"
    STALLED = "stalled"


class RequestKind(StrEnum):
    """The kind of a request: health goes first, realtime has its own limits, pages take turns."""

    HEALTH = "health"
    PAGE = "page"
    REALTIME = "realtime"


def kind_of(scope: Scope) -> RequestKind:
    """The kind of a request, by its path."""
    path: str = scope["path"]
    if path in _HEALTH:
        return RequestKind.HEALTH
    is_realtime = path in _POLLING or (path.endswith("/events") and _STREAM.fullmatch(path) is not None)
    return RequestKind.REALTIME if is_realtime else RequestKind.PAGE


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The transport of a request's connection; None behind another HTTP server."""
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(EXTENSION)
    return transport


async def wait_for_disconnect(receive: Receive) -> None:
    """Wait until the client of a request without a body leaves."""
    while (await receive())["type"] != "http.disconnect":
        """The empty body of a GET."""


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


class Bounded(Protocol):
    """A connection with limits."""

    def unsent_bytes(self) -> int:
        """The unsent bytes, for plain HTTP including those in the kernel."""

    def cut(self, reason: CutReason) -> None:
        """Close the connection at once, and count the reason."""


@define
class _Stall:
    """The unsent bytes of a connection, and since when its reader has taken none."""

    unsent_bytes: int
    since: float


@define(eq=False, kw_only=True)
class HttpBounds:
    """The limits of a process.

    Args:
        connections_per_address: the most connections from one address.
        stall_seconds: how long a reader may take no unsent byte.
        scheduler: starts requests for pages in turns.
        trusted_proxies: peers whose connections carry the requests of many clients.
    """

    connections_per_address: int = 1_000
    stall_seconds: float = 10.0
    scheduler: RequestScheduler = field(factory=RequestScheduler)
    trusted_proxies: TrustedProxies = TrustedProxies()
    cut: Counter[CutReason] = field(factory=Counter, init=False)
    _by_address: Counter[str] = field(factory=Counter, init=False)
    _stalls: MutableMapping[Bounded, _Stall] = field(factory=WeakKeyDictionary, init=False)
    _connections: set[Bounded] = field(factory=set, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)

    # --- connections -----------------------------------------------------------------------------------------------

    def enter(self, connection: Bounded, address: str) -> bool:
        """Count a new connection; false if its address is past the limit. Call :meth:`leave` in both cases."""
        self._connections.add(connection)
        if self._timer is None:
            self._arm()
        self.count(address, 1)
        return not self.has_too_many(address)

    def leave(self, connection: Bounded, address: str) -> None:
        """A connection is closed, or is no longer plain HTTP."""
        self._connections.discard(connection)
        self._stalls.pop(connection, None)
        self.count(address, -1)

    def count(self, address: str, connections: int) -> None:
        """Add to the connections of an address, or subtract; an empty address is not counted."""
        if not address:
            return
        self._by_address[address] += connections
        if not self._by_address[address]:
            del self._by_address[address]

    def has_too_many(self, address: str) -> bool:
        """Whether an address is past the limit."""
        return self._by_address[address] > self.connections_per_address

    # --- time ------------------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Cut the connections whose readers are stalled.

        Args:
            now: the time of the event loop.
        """
        for connection in list(self._connections):
            unsent_bytes = connection.unsent_bytes()
            stall = self._stalls.get(connection)
            if not unsent_bytes:
                if stall is not None:
                    del self._stalls[connection]
            elif stall is None or unsent_bytes < stall.unsent_bytes:
                self._stalls[connection] = _Stall(unsent_bytes, now)
            elif now - stall.since >= self.stall_seconds:
                connection.cut(CutReason.STALLED)
            else:
                stall.unsent_bytes = unsent_bytes

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep_again)

    def _sweep_again(self) -> None:
        self._timer = None
        if self._connections:
            self._arm()
            self.sweep(asyncio.get_running_loop().time())
