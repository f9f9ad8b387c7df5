"""Server-Sent Events: a shop's events as a stream; a browser reconnects it.

    id: c3FsaXRlLjEuMjM
    event: new_product
    data: {"event_type":"new_product", ...}

The ``id`` of a record is its cursor. A client that comes back sends the last ``id`` as ``Last-Event-ID`` and gets what
changed after it; before ``?cursor=`` and ``?since=`` the header counts. ``connected`` and ``subscribed`` come first, as
everywhere. ``subscribed`` has the client's own cursor as its ``id``, and an empty ``id`` with ``recovered: false``: the
browser then forgets the one that it has. Comments at intervals keep the connection alive.

Theory of operation. Only the HTTP server can write to its connection, and a write may wait. So each stream has a small
buffer of references to shared records, and the request's task sends them. A reader with more than ``max_unsent_bytes``
in the buffer is cut, and returns with its ``Last-Event-ID``; behind :class:`~.uvicorn_server.HttpConnection` the
connection is cut at once, with all unsent bytes. The kernel cuts a reader that takes no bytes for as long as a silent
WebSocket may live.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final

from attrs import define, field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from linkhub_adapters.realtime.endpoints.admission import REFUSAL_STATUS, Admission, TransportKind
from linkhub_adapters.realtime.endpoints.staggered_close import close_staggered
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.subscriber import Subscriber
from linkhub_adapters.realtime.hub.wire_format import EVENT_STREAM
from linkhub_adapters.realtime.server.http_bounds import transport_of, wait_for_disconnect
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.application.subscriber_session import SUBSCRIBE, parse_after
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.content_encoding import ContentEncoding, GzipStream, choose_encoding
from linkhub_core.wire.shop_query import CATCH_UP_MARGIN, parse_seller, parse_since

EVENTS_PATH: Final = "/api/v1/shop/{handle}/events"

_COMMENT: Final = b":\n\n"
# Small, because the HTTP server keeps written bytes for a reader that neither reads nor leaves.
_SLICE_BYTES: Final = 65_536
_HEADERS: Final = {"content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no"}

_VARY: Final = (b"vary", b"Accept-Encoding")
_OFFERED: Final = (ContentEncoding.GZIP,)


def resume_point(last_event_id: str | None, query: Mapping[str, str]) -> Mapping[str, str | None]:
    """The ``since`` or ``cursor`` of a request.

    Args:
        last_event_id: the header. An ``id`` of the old form (``updated_at/video_id/revision``) is a time: what changed
            after it, less a margin for clocks that differ. Any other is a cursor.
        query: the parameters of the address; they count without the header, or where the header has no time.
    """
    updated_at, slash, _ = (last_event_id or "").partition("/")
    if updated_at and not slash:
        return {"cursor": last_event_id}
    moment = parse_since(updated_at)
    if moment is None:
        return {"since": query.get("since"), "cursor": query.get("cursor")}
    try:
        return {"since": timestamp_text(moment - CATCH_UP_MARGIN)}
    except OverflowError:  # there is no earlier moment
        return {"since": timestamp_text(moment)}


@define(eq=False)
class _Stream:
    """The unsent records of one reader."""

    address: str
    max_unsent_bytes: int
    heartbeat_due: float
    gzip: GzipStream | None
    subscriber: Subscriber | None = None
    _waiting: list[bytes] = field(factory=list)
    _unsent_bytes: int = 0
    _more: asyncio.Event = field(factory=asyncio.Event)
    _is_over: bool = False
    too_slow: asyncio.Event = field(factory=asyncio.Event)

    def unsent_bytes(self) -> int:
        return self._unsent_bytes

    def __attrs_post_init__(self) -> None:
        if self.gzip is not None:
            self._put(self.gzip.open())

    def write(self, record: bytes) -> None:
        self._put(record if self.gzip is None else self.gzip.write(record))

    def _put(self, record: bytes) -> None:
        self._waiting.append(record)
        self._unsent_bytes += len(record)
        self._more.set()
        if self._unsent_bytes > self.max_unsent_bytes:
            self.too_slow.set()

    def end(self) -> None:
        self._is_over = True
        self._more.set()

    async def pump(self, send: Send) -> None:
        """Send waiting records until the stream is over."""
        while not self._is_over or self._waiting:
            if not self._waiting:
                self._more.clear()
                await self._more.wait()
                continue
            slice_ = self._take()
            await send({"type": "http.response.body", "body": slice_, "more_body": True})
            # Only now, because bytes that the HTTP server holds for the reader are unsent, too.
            self._unsent_bytes -= len(slice_)
            del slice_  # else the coroutine keeps up to 64 KiB until the next event
        await send({"type": "http.response.body", "body": b"" if self.gzip is None else self.gzip.end()})

    def _take(self) -> bytes:
        """Remove enough records to fill a slice, at least one."""
        count = size_bytes = 0
        while count < len(self._waiting) and size_bytes < _SLICE_BYTES:
            size_bytes += len(self._waiting[count])
            count += 1
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return b"".join(taken)


@define(eq=False, kw_only=True)
class EventStreams:
    """All event streams of this process.

    Args:
        hub: what their readers watch.
        admission: who may open a stream.
        monotonic: seconds, for heartbeats.

    Attributes:
        streams: the open ones.
    """

    hub: Hub
    admission: Admission = field(factory=Admission)
    monotonic: Callable[[], float] = time.monotonic
    streams: set[_Stream] = field(factory=set, init=False)

    def __len__(self) -> int:
        """The number of open streams."""
        return len(self.streams)

    @property
    def settings(self) -> RealtimeSettings:
        """Limits and time-outs."""
        return self.admission.settings

    def sweep(self, now: float) -> None:
        """Send the comments that are due."""
        for stream in [each for each in self.streams if each.heartbeat_due <= now]:
            stream.heartbeat_due = now + self.settings.heartbeat_seconds
            stream.write(_COMMENT)

    async def close(self, spread_seconds: float = 0.0) -> None:
        """Open no more streams, and end all over ``spread_seconds``, each after its waiting records."""
        self.admission.is_draining = True
        await close_staggered(list(self.streams), _Stream.end, spread_seconds)

    def open(self, address: str, *, is_compressed: bool = False) -> _Stream:
        """Open a stream, without a subscription."""
        due = self.monotonic() + self.settings.heartbeat_seconds
        stream = _Stream(address, self.settings.max_unsent_bytes, due, GzipStream() if is_compressed else None)
        self.streams.add(stream)
        self.admission.enter(TransportKind.EVENT_STREAM, address)
        return stream

    def subscribe(self, stream: _Stream, seller_handle: str, resume: Mapping[str, str | None]) -> None:
        """Subscribe a stream's reader to a shop."""
        subscriber = stream.subscriber = self.hub.connect(EVENT_STREAM, stream.write, stream.unsent_bytes)
        self.hub.receive(subscriber, SUBSCRIBE, {"seller_handle": seller_handle, **resume})

    def remove(self, stream: _Stream) -> None:
        """Remove a stream that is over."""
        if stream.subscriber is not None:
            self.hub.disconnect(stream.subscriber)
        self.streams.discard(stream)
        self.admission.leave(TransportKind.EVENT_STREAM, stream.address)

    async def serve(
        self, stream: _Stream, seller_handle: str, resume: Mapping[str, str | None], request: Request, send: Send
    ) -> None:
        """Send events until the reader leaves or is too slow, or the server stops."""
        transport = transport_of(request.scope)
        if transport is not None:
            _limit_silence(transport, self.settings)
        try:
            self.subscribe(stream, seller_handle, resume)
            await _first(stream.pump(send), wait_for_disconnect(request.receive), stream.too_slow.wait())
        finally:
            self.remove(stream)
        if stream.too_slow.is_set():
            self.hub.counters.slow_readers_closed += 1
            if transport is not None:
                transport.abort()


def _limit_silence(transport: asyncio.Transport, settings: RealtimeSettings) -> None:
    """Let the kernel cut a connection whose reader takes no bytes; comments are sent to every reader."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
    if option is not None:
        seconds = settings.ping_interval_seconds + settings.ping_timeout_seconds
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, option, round(seconds * 1_000))


async def _first(*ends: Coroutine[Any, Any, object]) -> None:
    """Wait for the first of these; cancel the others."""
    tasks = [asyncio.create_task(end) for end in ends]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


def event_stream_routes(streams: EventStreams) -> list[Route]:
    """The route of the event streams; the HTTP application handles ``InvalidQuery``."""
    return [Route(EVENTS_PATH, partial(_answer, streams), methods=["GET"])]


async def _answer(streams: EventStreams, request: Request) -> ASGIApp:
    seller_handle = parse_seller(request.path_params["handle"])
    resume = resume_point(request.headers.get("last-event-id"), request.query_params)
    parse_after(resume, seller_handle)
    peer = request.client.host if request.client else ""
    caller = streams.settings.access.examine(peer, request.headers.getlist)
    reason = streams.admission.decide(TransportKind.EVENT_STREAM, caller, len(streams))
    if reason is not None:
        return Response(f"{reason}\n", REFUSAL_STATUS[reason], media_type="text/plain; charset=utf-8")
    accepted = ", ".join(request.headers.getlist("accept-encoding"))
    is_compressed = choose_encoding(accepted, offered=_OFFERED) is ContentEncoding.GZIP
    encoding = {"content-encoding": ContentEncoding.GZIP} if is_compressed else {}
    named = {**_HEADERS, **encoding, **caller.cors_headers}
    headers = [*((name.encode(), value.encode()) for name, value in named.items()), _VARY]

    async def answer(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if request.method == "HEAD":
            await send({"type": "http.response.body", "body": b""})
        else:
            stream = streams.open(caller.address, is_compressed=is_compressed)
            await streams.serve(stream, seller_handle, resume, request, send)

    return answer
