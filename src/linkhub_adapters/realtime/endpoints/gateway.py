"""The gateway: every WebSocket connection, on a port of its own or handed over by the HTTP server.

Theory of operation. A connection is an asyncio protocol that the gateway makes, so it does not matter who accepted
it: :meth:`Gateway.listen` serves on a socket, and :meth:`Gateway.make_connection` is what uvicorn takes for
``Config(ws=...)``; it calls that for each upgrade, replays the request into it, and lets go of the transport.

A handshake is refused, in this order, with

| status | when                                                                       |
|--------|----------------------------------------------------------------------------|
| 503    | the gateway is draining, or there are as many connections as there may be  |
| 404    | nothing is at this path                                                    |
| 403    | the origin is not allowed; see :mod:`linkhub_core.access`                  |
| 429    | too many connections come from this client's address                       |
| 4xx    | it is no WebSocket handshake, or who is at the path does not want it       |

One timer does all that is due: time-outs of handshakes, pings, readers that do not go, and whatever ``sweeps`` add.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from attrs import Factory, define, field
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from linkhub_adapters.realtime.counters import Counters, RefusalReason
from linkhub_adapters.realtime.endpoints.connection import MessageHandler, WebSocketConnection
from linkhub_adapters.realtime.endpoints.staggered_close import close_staggered
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.access import RefusedCaller

__all__ = ["Endpoint", "Gateway", "refusal"]

Endpoint = Callable[[WebSocketConnection, Request], MessageHandler | Response]


def refusal(status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> Response:
    """An HTTP answer that refuses a handshake."""
    headers = Headers({"Connection": "close", "Content-Length": str(len(body)), "Content-Type": content_type})
    return Response(status.value, status.phrase, headers, body)


@define(eq=False, kw_only=True)
class Gateway:
    """Accepts WebSocket connections and leads each to who is at its path.

    Args:
        endpoints: by path, what makes a visitor of a connection, or refuses its handshake.
        settings: see :class:`~.settings.RealtimeSettings`.
        counters: where refusals and slow readers are counted; the hub's.
        sweeps: called with the monotonic time at each sweep.
        refused: called for each connection whose origin is refused.
        monotonic: seconds.
    """

    endpoints: Mapping[str, Endpoint]
    settings: RealtimeSettings = Factory(RealtimeSettings)
    counters: Counters = Factory(Counters)
    sweeps: Sequence[Callable[[float], None]] = ()
    refused: Callable[[RefusedCaller], None] = lambda _: None
    monotonic: Callable[[], float] = time.monotonic
    _connections: set[WebSocketConnection] = field(factory=set, init=False)
    _by_address: Counter[str] = field(factory=Counter, init=False)
    _servers: list[asyncio.Server] = field(factory=list, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _is_draining: bool = field(default=False, init=False)
    _emptied: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __len__(self) -> int:
        """How many connections there are, those in their handshake or about to close included."""
        return len(self._connections)

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the timer; from now on connections may be handed over."""
        self._timer = asyncio.get_running_loop().call_later(self.settings.sweep_interval_seconds, self._sweep_again)

    async def listen(self, listening: socket.socket) -> None:
        """Accept connections on a bound socket, which is closed with the gateway."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self.make_connection, sock=listening, backlog=2_048))

    def make_connection(self, **_: object) -> WebSocketConnection:
        """Make the protocol of a new connection; uvicorn's arguments are of no use to it."""
        return WebSocketConnection(self)

    async def close(self, spread_seconds: float = 0.0) -> None:
        """Accept no more, close all with 1001 over ``spread_seconds``, and cut who is still there a moment later.

        Spread, so that the clients of this process do not all come to the next one at the same instant.
        """
        self._is_draining = True
        for server in self._servers:
            server.close()
        await close_staggered(list(self._connections), _go_away, spread_seconds)
        await self._wait_until_empty()
        if self._timer is not None:
            self._timer.cancel()

    async def _wait_until_empty(self) -> None:
        try:
            async with asyncio.timeout(self.settings.close_timeout_seconds if self._connections else 0):
                while self._connections:
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
            while self._connections:
                self._emptied.clear()
                await self._emptied.wait()

    # --- time ------------------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Do what is due at ``now``."""
        for connection in [each for each in self._connections if each.deadline <= now]:
            connection.tick(now)
        for sweep in self.sweeps:
            sweep(now)

    def _sweep_again(self) -> None:
        self.start()
        self.sweep(self.monotonic())

    # --- what a connection uses ------------------------------------------------------------------------------------

    def add(self, connection: WebSocketConnection) -> None:
        """Take a new connection in."""
        self._connections.add(connection)

    def remove(self, connection: WebSocketConnection) -> None:
        """A connection is gone."""
        self._connections.discard(connection)
        if connection.address:
            self._by_address[connection.address] -= 1
            if not self._by_address[connection.address]:
                del self._by_address[connection.address]
        if not self._connections:
            self._emptied.set()

    def refuse(self, connection: WebSocketConnection, request: Request) -> Response | None:
        """Refuse a request for what the table above says; none lets its handshake go on."""
        caller = self.settings.access.examine(connection.peer, request.headers.get_all)
        self._attribute(connection, caller.address)
        if self._is_draining:
            return self._refuse(RefusalReason.DRAINING, HTTPStatus.SERVICE_UNAVAILABLE)
        if len(self._connections) > self.settings.max_connections:
            return self._refuse(RefusalReason.CAPACITY, HTTPStatus.SERVICE_UNAVAILABLE)
        if _path(request) not in self.endpoints:
            return self._refuse(RefusalReason.PATH, HTTPStatus.NOT_FOUND)
        if not caller.is_allowed:
            self.refused(RefusedCaller(caller=caller, asked_for="websocket"))
            return self._refuse(RefusalReason.ORIGIN, HTTPStatus.FORBIDDEN)
        if self._by_address[connection.address] > self.settings.max_connections_per_address:
            return self._refuse(RefusalReason.ADDRESS, HTTPStatus.TOO_MANY_REQUESTS)
        return None

    def route(self, connection: WebSocketConnection, request: Request) -> MessageHandler | Response:
        """Make the message handler of a valid handshake; the endpoint may still refuse it."""
        return self.endpoints[_path(request)](connection, request)

    def _attribute(self, connection: WebSocketConnection, address: str) -> None:
        """Count a connection for its client, whose address is only known with the headers."""
        connection.address = address
        if address:
            self._by_address[address] += 1

    def _refuse(self, reason: RefusalReason, status: HTTPStatus) -> Response:
        self.counters.refused[reason] += 1
        return refusal(status, f"{status.phrase}\n".encode())


def _go_away(connection: WebSocketConnection) -> None:
    connection.close(CloseCode.GOING_AWAY, "the server is going away")


def _path(request: Request) -> str:
    return request.path.partition("?")[0]
