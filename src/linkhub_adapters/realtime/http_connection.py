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
from typing import ClassVar, Final, cast

from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["HttpConnection", "transport_of"]

_EXTENSION: Final = "linkhub.transport"
_MAX_HEAD_BYTES: Final = 65_536
_MAX_PIPELINED: Final = 16


class HttpConnection(HttpToolsProtocol):
    """What uvicorn takes for ``Config(http=...)``."""

    head_timeout_seconds: ClassVar[float] = 10.0

    # What has come since a head, a piece of a body or a request was complete.
    _unread_bytes = 0
    _has_begun = False
    _head_due: asyncio.TimerHandle | None = None
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """See :class:`asyncio.Protocol`."""
        super().connection_made(transport)
        self._expect_head(self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """See :class:`asyncio.Protocol`."""
        self._expect_nothing()
        super().connection_lost(exc)
        if self._answering is not None and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

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
            self.send_400_response("A header that is too long")
        elif not self._is_answering and self._is_ours:
            self._expect_head(self.head_timeout_seconds)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over to the gateway; see uvicorn."""
        if self._is_answering:
            self.transport.abort()
        else:
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
            raise ValueError("a header that is too long")
        if len(self.pipeline) >= _MAX_PIPELINED:
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
        super()._start_asgi_task(cycle, app)

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
            self._head_due = self.loop.call_later(within_seconds, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None


def transport_of(scope: Scope) -> asyncio.Transport | None:
    """The transport of a request's connection; none behind another HTTP server."""
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(_EXTENSION)
    return transport
