"""The gateway: every WebSocket connection, on a port of its own or handed over by the HTTP server.

Theory of operation. A connection is an asyncio protocol that the gateway makes. :meth:`Gateway.listen` accepts
connections on a socket; an HTTP server hands over its own by :meth:`Gateway.make_connection`: it makes the protocol of
an upgraded connection, replays the request into it, and leaves the transport to it.

A handshake is refused, in this order, with

| status        | when                                                              |
|---------------|-------------------------------------------------------------------|
| 404           | no endpoint has this path                                         |
| 503, 403, 429 | the client is not admitted; see :mod:`~.admission`                |
| 4xx           | not a valid WebSocket handshake, or rejected by the endpoint      |

One timer handles all time-outs: handshakes, pings, close frames, and those of ``sweeps``.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from attrs import define, field
from websockets.datastructures import Headers
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from linkhub_adapters.realtime.counters import Counters, RefusalReason
from linkhub_adapters.realtime.endpoints.admission import REFUSAL_STATUS, Admission, TransportKind
from linkhub_adapters.realtime.endpoints.connection import MessageHandler, WebSocketConnection
from linkhub_adapters.realtime.endpoints.staggered_close import close_staggered
from linkhub_adapters.realtime.settings import RealtimeSettings

Endpoint = Callable[[WebSocketConnection, Request], MessageHandler | Response]


def refusal(status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8") -> Response:
    """An HTTP answer that refuses a handshake."""
    headers = Headers({"Connection": "close", "Content-Length": str(len(body)), "Content-Type": content_type})
    return Response(status.value, status.phrase, headers, body)


@define(eq=False, kw_only=True)
class Gateway:
    """Accepts WebSocket connections and routes each to the endpoint of its path.

    Args:
        endpoints: by path; makes the message handler of a connection, or refuses its handshake.
        admission: who may connect.
        sweeps: called with the monotonic time at each sweep.
        monotonic: seconds.

    Attributes:
        connections: all of them, including those in their handshake or closing.
    """

    endpoints: Mapping[str, Endpoint]
    admission: Admission = field(factory=Admission)
    sweeps: Sequence[Callable[[float], None]] = ()
    monotonic: Callable[[], float] = time.monotonic
    connections: set[WebSocketConnection] = field(factory=set, init=False)
    _servers: list[asyncio.Server] = field(factory=list, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _emptied: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __len__(self) -> int:
        """The number of ``connections``."""
        return len(self.connections)

    @property
    def settings(self) -> RealtimeSettings:
        """Limits and time-outs."""
        return self.admission.settings

    @property
    def counters(self) -> Counters:
        """Counts refusals and slow readers."""
        return self.admission.counters

    # --- life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the timer. Call this before connections are handed over."""
        self._timer = asyncio.get_running_loop().call_later(self.settings.sweep_interval_seconds, self._sweep_again)

    async def listen(self, listening: socket.socket) -> None:
        """Accept connections on a bound socket; :meth:`close` closes it."""
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self.make_connection, sock=listening, backlog=2_048))

    def make_connection(self, **_: object) -> WebSocketConnection:
        """Make the protocol of a new connection; the arguments of the HTTP server are ignored."""
        return WebSocketConnection(self)

    async def close(self, spread_seconds: float = 0.0) -> None:
        """Accept no more connections, close all with 1001 over ``spread_seconds``, and cut the rest after the time-out.

        Closing is spread so that the clients do not all reconnect to another process at the same moment.
        """
        self.admission.is_draining = True
        for server in self._servers:
            server.close()
        await close_staggered(list(self.connections), _go_away, spread_seconds)
        await self._wait_until_empty()
        if self._timer is not None:
            self._timer.cancel()

    async def _wait_until_empty(self) -> None:
        loop = asyncio.get_running_loop()
        cutting = loop.call_later(self.settings.close_timeout_seconds, self._cut_all)
        while self.connections:
            self._emptied.clear()
            await self._emptied.wait()
        cutting.cancel()

    def _cut_all(self) -> None:
        for connection in list(self.connections):
            connection.abort()

    # --- time ------------------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Handle the time-outs up to ``now``."""
        for connection in [each for each in self.connections if each.deadline <= now]:
            connection.tick(now)
        for sweep in self.sweeps:
            sweep(now)

    def _sweep_again(self) -> None:
        self.start()
        self.sweep(self.monotonic())

    # --- what a connection uses ------------------------------------------------------------------------------------

    def add(self, connection: WebSocketConnection) -> None:
        """See :class:`~.connection.ConnectionOwner`."""
        self.connections.add(connection)

    def remove(self, connection: WebSocketConnection) -> None:
        """See :class:`~.connection.ConnectionOwner`."""
        self.connections.discard(connection)
        self.admission.leave(TransportKind.WEBSOCKET, connection.address)
        if not self.connections:
            self._emptied.set()

    def refuse(self, connection: WebSocketConnection, request: Request) -> Response | None:
        """See :class:`~.connection.ConnectionOwner`."""
        caller = self.settings.access.examine(connection.peer, request.headers.get_all)
        if _path(request) not in self.endpoints:
            reason: RefusalReason | None = RefusalReason.PATH
            self.counters.refused[RefusalReason.PATH] += 1
        else:
            reason = self.admission.decide(TransportKind.WEBSOCKET, caller, len(self.connections) - 1)
        connection.address = caller.address
        self.admission.enter(TransportKind.WEBSOCKET, caller.address)
        if reason is None:
            return None
        status = REFUSAL_STATUS[reason]
        return refusal(status, f"{status.phrase}\n".encode())

    def route(self, connection: WebSocketConnection, request: Request) -> MessageHandler | Response:
        """See :class:`~.connection.ConnectionOwner`."""
        return self.endpoints[_path(request)](connection, request)


def _go_away(connection: WebSocketConnection) -> None:
    connection.close(CloseCode.GOING_AWAY, "the server is going away")


def _path(request: Request) -> str:
    return request.path.partition("?")[0]
