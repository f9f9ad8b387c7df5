"""The application as one request sees it: its place among the requests in work, and its response in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.realtime.server.http_bounds import SLICE_BYTES, HttpBounds

__all__ = ["BoundedApp"]


@define(eq=False)
class BoundedApp:
    """Runs ``app`` for one request.

    A response goes out in slices: the next one is written when the reader has taken nearly all before it. A read whose
    client is gone is cancelled by :meth:`cancel`.

    Args:
        app: the application.
        bounds: of the process.
        address: where the request comes from.
        has_place: whether the request is among those in work.
        is_gone: whether the client is gone.
        cut: closes the connection at once; for a request that is cancelled while its client is there.
    """

    app: ASGIApp
    bounds: HttpBounds
    address: str
    has_place: bool
    is_gone: Callable[[], bool]
    cut: Callable[[], None]
    _task: asyncio.Task[object] | None = None
    _unsent_bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        self._task = asyncio.current_task()

        async def send_sliced(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._give_place_back()
                self._count(_length_of(message))
                await send(message)
                return
            if len(message.get("body", b"")) > SLICE_BYTES:
                message = await self._send_slices(message, send)
            await send(message)
            self._count(-len(message.get("body", b"")))

        try:
            await self.app(scope, receive, send_sliced)
        except asyncio.CancelledError:
            if not self.is_gone():  # the process ends; uvicorn would log a failure of the application
                self.cut()
        finally:
            self._task = None
            self._give_place_back()
            self._count(-self._unsent_bytes)

    def cancel(self) -> None:
        """The client is gone: stop reading for it."""
        if self._task is not None:
            self._task.cancel()

    def _give_place_back(self) -> None:
        if self.has_place:
            self.has_place = False
            self.bounds.scheduler.release()

    async def _send_slices(self, message: Message, send: Send) -> Message:
        """Send all of a body but its last slice, which is returned."""
        body = memoryview(message["body"])
        while len(body) > SLICE_BYTES:
            await send({"type": "http.response.body", "body": body[:SLICE_BYTES], "more_body": True})
            self._count(-SLICE_BYTES)
            body = body[SLICE_BYTES:]
            await asyncio.sleep(0)  # a fast reader takes slice after slice: others get their turn in between
        return {**message, "body": body}

    def _count(self, size_bytes: int) -> None:
        """Count what of a large response is to be sent, or is sent (negative)."""
        counted = max(-self._unsent_bytes, size_bytes)
        if counted:
            self._unsent_bytes += counted
            self.bounds.scheduler.sending(self.address, counted)


def _length_of(message: Message) -> int:
    """The length of a large response; 0 for a small one, and where it is not known."""
    length = next((int(value) for name, value in message.get("headers", ()) if name.lower() == b"content-length"), 0)
    return length if length > SLICE_BYTES else 0
