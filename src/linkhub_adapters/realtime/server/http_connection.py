"""An HTTP connection of uvicorn that keeps what uvicorn leaves open: bounds, and who may cut it.

What uvicorn has taken from an application stays in its transport until the reader takes it or leaves; an application
that just ends has its connection closed behind all that waits, which for a reader that does not read is never. So the
application is handed the transport, and may cut it.

A client that sends without end, or nothing at all, costs nothing for long:

| what                                                            | bound                    | then        |
|-----------------------------------------------------------------|--------------------------|-------------|
| the head of a request, and the trailers behind its body         | 64 KiB                   | 400, closed |
| the time that a head takes from its first byte                  | ``head_timeout_seconds`` | cut         |
| the time until a connection's first byte, which load balancers  | uvicorn's keep-alive     | cut         |
| open in advance                                                 |                          |             |
| requests that wait for the answer to one before them            | 16                       | cut         |
| a WebSocket handshake behind a request that is not answered yet |                          | cut         |

The last would leave that request without an owner: nobody would ever tell it that its client is gone. For the same
reason the request that is being answered is told so itself; uvicorn tells only the one that came last.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from linkhub_adapters.realtime.server.bounded_app import BoundedApp
from linkhub_adapters.realtime.server.http_bounds import CutReason, HttpBounds, RequestKind, kind_of
from linkhub_adapters.realtime.server.kernel_buffer import bytes_in_kernel
from linkhub_adapters.realtime.server.response_writer import ResponseWriter

__all__ = ["HttpConnection", "transport_of"]

_EXTENSION: Final = "linkhub.transport"
_MAX_HEAD_BYTES: Final = 65_536
_MAX_PIPELINED: Final = 16
_TOO_MANY: Final = (
    b'{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"Your address has too many connections."}'
)
_TOO_MANY_HEADERS: Final = (
    (b"content-type", b"application/problem+json"),
    (b"cache-control", b"no-store"),
    (b"retry-after", b"10"),
    (b"content-length", b"%d" % len(_TOO_MANY)),
)
_REFUSAL: Final = b"HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\n%b\r\n%b" % (
    b"".join(b"%b: %b\r\n" % header for header in _TOO_MANY_HEADERS),
    _TOO_MANY,
)


class HttpConnection(HttpToolsProtocol):
    """What uvicorn takes for ``Config(http=...)``."""

    head_timeout_seconds: ClassVar[float] = 10.0

    _address = ""
    _is_counted = False
    _is_realtime = False
    _proxy = ""  # the peer's address, if it is a trusted proxy
    _app_of_answer: BoundedApp | None = None

    # What has come since a head, a piece of a body or a request was complete.
    _unread_bytes = 0
    _has_begun = False
    _head_due: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def __init__(self, *args: Any, bounds: HttpBounds | None = None, **kwargs: Any) -> None:
        """Take what uvicorn gives, and the bounds of the process; without them, those of this connection alone."""
        super().__init__(*args, **kwargs)
        self._bounds = bounds or HttpBounds()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """See :class:`asyncio.Protocol`."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        self._proxy = peer if self._bounds.trusted_proxies.trusts(peer) else ""
        self._address = "" if self._proxy else peer
        self._is_counted = True
        if self._bounds.enter(self, self._address):
            self._expect_head(self.timeout_keep_alive)
        else:
            self._bounds.cut[CutReason.ADDRESS] += 1
            transport.write(_REFUSAL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._expect_nothing()
        self._leave_bounds()
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()
            if self._app_of_answer is not None and self._answering.scope["method"] in ("GET", "HEAD"):
                self._app_of_answer.cancel()

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        if not self._has_begun:
            self._has_begun = True
            self._expect_nothing()
        self._unread_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread_bytes > _MAX_HEAD_BYTES:
            self._bounds.cut[CutReason.HEAD] += 1
            self.send_400_response("A header that is too long")
        elif not self._is_answering and self._is_ours:
            self._expect_head(self.head_timeout_seconds)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the gateway; see uvicorn."""
        if self._is_answering:
            self.transport.abort()
        else:
            self._leave_bounds()
            super().handle_websocket_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: Java's client offers HTTP/2 (``h2c``) with each request, and HTTP/1.1 is an answer to it."""

    def send_400_response(self, msg: str) -> None:
        """Refuse what came and close; an answer under way is cut, for another one has no place in it."""
        if self._is_answering:
            self.transport.abort()
        else:
            super().send_400_response(msg)

    # --- what httptools calls --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request; see httptools."""
        super().on_message_begin()
        # ASGI leaves open what is in it, uvicorn's types do not.
        cast(Scope, self.scope)["extensions"] = {_EXTENSION: self.transport}

    def on_headers_complete(self) -> None:
        """Begin to answer; what raises here ends the connection."""
        self._unread_bytes = 0
        self._expect_nothing()
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > _MAX_HEAD_BYTES:
            self._bounds.cut[CutReason.HEAD] += 1
            raise ValueError("a header that is too long")
        if len(self.pipeline) >= _MAX_PIPELINED:
            self._bounds.cut[CutReason.PIPELINE] += 1
            raise ValueError("too many requests behind one that is not answered")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body; see httptools."""
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; see httptools."""
        self._unread_bytes = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        cycle.transport = cast(asyncio.Transport, ResponseWriter(self.transport, cycle))
        kind = kind_of(cast(Scope, cycle.scope))
        self._is_realtime = kind is RequestKind.REALTIME
        answering = cast(ASGIApp, app)
        if self._proxy:
            self._count_for_client(cast(Scope, cycle.scope))
            if kind is RequestKind.PAGE and self._bounds.has_too_many(self._address):
                self._bounds.cut[CutReason.ADDRESS] += 1
                answering = _refuse
        bounded = BoundedApp(
            app=answering,
            bounds=self._bounds,
            address=self._address,
            has_place=kind is RequestKind.PAGE,
            is_gone=lambda: cycle.disconnected,
            cut=lambda: _abandon(cycle, self.transport),
        )

        def begin() -> bool:
            if not cycle.disconnected:
                # A realtime request gets the disconnect of its client, and ends.
                self._app_of_answer = None if kind is RequestKind.REALTIME else bounded
                super(HttpConnection, self)._start_asgi_task(cycle, cast(ASGI3Application, bounded))
            return not cycle.disconnected

        if kind is RequestKind.PAGE:
            self._bounds.admission.ask(self._address, begin)
        else:
            self._count(kind is not RequestKind.REALTIME)
            begin()

    def on_response_complete(self) -> None:
        """End an answer; see uvicorn."""
        self._count(self in self.connections and not self._proxy)
        super().on_response_complete()

    # --- bounds ----------------------------------------------------------------------------------------------------

    def unsent_bytes(self) -> int:
        """See :class:`~.http_bounds.Bounded`; a realtime reader whose network pauses has time until its heartbeat."""
        waiting = self.transport.get_write_buffer_size()
        return waiting if self._is_realtime else waiting + bytes_in_kernel(self.transport)

    def cut(self, reason: CutReason) -> None:
        """See :class:`~.http_bounds.Bounded`."""
        self._bounds.cut[reason] += 1
        self.transport.abort()

    def _count(self, is_plain: bool) -> None:
        """Count this connection among those of its address, unless it answers a realtime request."""
        if is_plain is not self._is_counted:
            self._is_counted = is_plain
            self._bounds.count(self._address, 1 if is_plain else -1)

    def _count_for_client(self, scope: Scope) -> None:
        """Count the connection of a trusted proxy for the client of this request."""
        forwarded_for = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        self._count(False)
        self._address = self._bounds.trusted_proxies.find_client(self._proxy, forwarded_for).address
        self._count(True)

    def _leave_bounds(self) -> None:
        self._count(True)
        self._bounds.leave(self, self._address)
        self._is_counted = False

    # --- time ------------------------------------------------------------------------------------------------------

    @property
    def _is_answering(self) -> bool:
        # uvicorn's types leave out that there is none before the first request.
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return cycle is not None and not cycle.response_complete

    @property
    def _is_ours(self) -> bool:
        """Whether the connection was not handed over."""
        return self in self.connections

    def _expect_head(self, within_seconds: float) -> None:
        if self._head_due is None:
            self._head_due = self.loop.call_later(within_seconds, self.cut, CutReason.HEAD_TIMEOUT)

    def _expect_nothing(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


def _abandon(cycle: RequestResponseCycle, transport: asyncio.Transport) -> None:
    cycle.disconnected = True
    transport.abort()


async def _refuse(_: Scope, __: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 429, "headers": list(_TOO_MANY_HEADERS)})
    await send({"type": "http.response.body", "body": _TOO_MANY})


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The transport of a request's connection; none behind another HTTP server."""
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(_EXTENSION)
    return transport
