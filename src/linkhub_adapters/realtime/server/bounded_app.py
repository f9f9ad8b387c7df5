"""The application around one request: it takes a place in the scheduler and sends the response in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.realtime.server.http_bounds import SLICE_BYTES, HttpBounds


@define(eq=False)
class BoundedApp:
    """Runs ``app`` for one request.

    A slice of a response is written when the reader has taken nearly all of those before it. :meth:`cancel` stops a
    request whose client is gone.

    Args:
        app: the application.
        bounds: those of the process.
        address: the client.
        has_place: whether the request has a place in the scheduler.
        is_gone: whether the client is gone.
        cut: closes the connection at once, if the request is cancelled before its client leaves.
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
            if not self.is_gone():  # the process stops; uvicorn would log a failure of the application
                self.cut()
        finally:
            self._task = None
            self._give_place_back()
            self._count(-self._unsent_bytes)

    def cancel(self) -> None:
        """Stop the request: its client is gone."""
        if self._task is not None:
            self._task.cancel()

    def _give_place_back(self) -> None:
        if self.has_place:
            self.has_place = False
            self.bounds.scheduler.release()

    async def _send_slices(self, message: Message, send: Send) -> Message:
        """Send all slices of a body but the last one, which is returned."""
        body = memoryview(message["body"])
        while len(body) > SLICE_BYTES:
            await send({"type": "http.response.body", "body": body[:SLICE_BYTES], "more_body": True})
            self._count(-SLICE_BYTES)
            body = body[SLICE_BYTES:]
            await asyncio.sleep(0)  # gives way to others: a fast reader takes slice after slice
        return {**message, "body": body}

    def _count(self, size_bytes: int) -> None:
        """Count bytes of a large response that are to be sent, or were sent (negative)."""
        counted = max(-self._unsent_bytes, size_bytes)
        if counted:
            self._unsent_bytes += counted
            self.bounds.scheduler.sending(self.address, counted)


def _length_of(message: Message) -> int:
    """The length of a large response; 0 for a small or unknown one."""
    length = next((int(value) for name, value in message.get("headers", ()) if name.lower() == b"content-length"), 0)
    return length if length > SLICE_BYTES else 0
