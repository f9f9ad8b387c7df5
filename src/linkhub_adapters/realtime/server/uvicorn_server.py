"""The HTTP server: uvicorn on bound sockets, with bounded connections. Needs the extra ``server``.

This is the only module that uses uvicorn, and it relies on internals of it; the extra pins the version, and a test
fails if another version changes them.

uvicorn keeps written bytes until the reader takes them, without a limit, so each request gets its transport (see
:func:`~.http_bounds.transport_of`) and may cut it. Further bounds of :class:`HttpConnection`:

| subject                                              | bound                    | then        |
|------------------------------------------------------|--------------------------|-------------|
| head of a request, and trailers behind its body      | 64 KiB                   | 400, closed |
| seconds from the first byte of a head to its end     | ``head_timeout_seconds`` | cut         |
| seconds until the first byte of a connection         | uvicorn's keep-alive     | cut         |
| requests that wait for an earlier response           | 16                       | cut         |
| WebSocket handshake behind an unanswered request     |                          | cut         |

After such a handshake uvicorn would not report the disconnect to the unanswered request. For the same reason
``connection_lost`` reports it to the request in work; uvicorn reports it only to the last one.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Final, Literal, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from linkhub_adapters.realtime.server.bounded_app import BoundedApp
from linkhub_adapters.realtime.server.http_bounds import (
    EXTENSION,
    CutReason,
    HttpBounds,
    RequestKind,
    bytes_in_kernel,
    kind_of,
)

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
    """The protocol of a connection, for ``uvicorn.Config(http=...)``."""

    head_timeout_seconds: ClassVar[float] = 10.0

    _address = ""
    _is_counted = False
    _is_realtime = False
    _proxy = ""  # the peer's address, for a trusted proxy
    _app_of_answer: BoundedApp | None = None

    # Bytes since the last complete head, piece of a body, or request.
    _unread_bytes = 0
    _has_begun = False
    _head_due: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def __init__(self, *args: Any, bounds: HttpBounds | None = None, **kwargs: Any) -> None:
        """``bounds`` are those of the process; by default they are for this connection alone."""
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
        elif not self._is_answering and self._is_http:
            self._expect_head(self.head_timeout_seconds)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the gateway."""
        if self._is_answering:
            self.transport.abort()
        else:
            self._leave_bounds()
            super().handle_websocket_upgrade()

    def _unsupported_upgrade_warning(self) -> None:
        """Log nothing: Java's client offers HTTP/2 (``h2c``) with each request, and HTTP/1.1 is a valid answer."""

    def send_400_response(self, msg: str) -> None:
        """Answer 400 and close; a response in work is cut instead, because a second one cannot follow it."""
        if self._is_answering:
            self.transport.abort()
        else:
            super().send_400_response(msg)

    # --- what httptools calls --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        # uvicorn's types are stricter than ASGI here.
        cast(Scope, self.scope)["extensions"] = {EXTENSION: self.transport}

    def on_headers_complete(self) -> None:
        """See httptools. An exception ends the connection."""
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
        """See httptools."""
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        self._unread_bytes = 0
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answering = cycle
        cycle.transport = cast(asyncio.Transport, _ResponseWriter(self.transport, cycle))
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
                # A realtime request receives the disconnect itself.
                self._app_of_answer = None if kind is RequestKind.REALTIME else bounded
                super(HttpConnection, self)._start_asgi_task(cycle, cast(ASGI3Application, bounded))
            return not cycle.disconnected

        if kind is RequestKind.PAGE:
            self._bounds.scheduler.ask(self._address, begin)
        else:
            self._count(kind is not RequestKind.REALTIME)
            begin()

    def on_response_complete(self) -> None:
        """See uvicorn."""
        self._count(self in self.connections and not self._proxy)
        super().on_response_complete()

    # --- bounds ----------------------------------------------------------------------------------------------------

    def unsent_bytes(self) -> int:
        """See :class:`~.http_bounds.Bounded`. Realtime readers have a heartbeat: bytes in the kernel do not count."""
        waiting = self.transport.get_write_buffer_size()
        return waiting if self._is_realtime else waiting + bytes_in_kernel(self.transport)

    def cut(self, reason: CutReason) -> None:
        """See :class:`~.http_bounds.Bounded`."""
        self._bounds.cut[reason] += 1
        self.transport.abort()

    def _count(self, is_plain: bool) -> None:
        """Count this connection for its address, except during a realtime request."""
        if is_plain is not self._is_counted:
            self._is_counted = is_plain
            self._bounds.count(self._address, 1 if is_plain else -1)

    def _count_for_client(self, scope: Scope) -> None:
        """Count a trusted proxy's connection for the client of this request."""
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
        # None before the first request, which uvicorn's types leave out.
        cycle = cast(RequestResponseCycle | None, self.cycle)
        return cycle is not None and not cycle.response_complete

    @property
    def _is_http(self) -> bool:
        """Whether the connection still belongs to uvicorn."""
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


class _ResponseWriter:
    """The transport of one response: writes its head together with the first piece of its body.

    uvicorn writes the head alone, and each write is a system call that wakes the reader: a fifth of a page's cost.
    """

    def __init__(self, transport: asyncio.Transport, cycle: RequestResponseCycle) -> None:
        self._transport = transport
        self._cycle = cycle
        self._head: bytes | None = None
        self._is_head_due = True

    def write(self, data: bytes) -> None:
        """Write, or keep the head until the body of known length follows."""
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(b"%b%b" % (head, data))
        elif self._is_head_due and self._cycle.response_started:  # before that, uvicorn writes 100 Continue
            self._is_head_due = False
            if self._cycle.expected_content_length > 0 and self._cycle.scope["method"] != "HEAD":
                self._head = data
            else:
                self._transport.write(data)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Write a kept head, then close."""
        if self._head is not None:
            head, self._head = self._head, None
            self._transport.write(head)
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)


def http_config(
    app: ASGIApp,
    websockets: Callable[..., object] | Literal["none"],
    drain_seconds: float,
    keep_alive_seconds: float,
    bounds: HttpBounds | None = None,
) -> uvicorn.Config:
    """Configure uvicorn: no logs, no event loop and no signal handlers of its own.

    Args:
        app: the application.
        websockets: makes the protocol of a WebSocket connection; ``"none"`` refuses handshakes.
        drain_seconds: how long requests in work may take after the stop.
        keep_alive_seconds: how long an idle connection is kept.
        bounds: the limits of all connections together.
    """
    return uvicorn.Config(
        app,
        loop="none",
        # uvicorn accepts callables for both; its types do not.
        http=cast(Any, partial(HttpConnection, bounds=bounds or HttpBounds())),
        ws=cast(Any, websockets),
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # The access policy reads X-Forwarded-*; uvicorn would also obey FORWARDED_ALLOW_IPS.
        proxy_headers=False,
        timeout_keep_alive=cast(int, keep_alive_seconds),  # uvicorn passes it to a timer
        timeout_graceful_shutdown=max(1, int(drain_seconds)),
    )


class SignalFreeServer(uvicorn.Server):
    """A server that leaves signals to the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle none."""
        yield


class HttpServer:
    """Serves an application on bound sockets; after the stop it completes the requests in work."""

    def __init__(self, config: uvicorn.Config, listening: Sequence[socket.socket]) -> None:
        self._server = SignalFreeServer(config)
        self._listening = listening

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set."""
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self._server.serve(sockets=list(self._listening)))
            await stop.wait()
            self._server.should_exit = True
            await serving
