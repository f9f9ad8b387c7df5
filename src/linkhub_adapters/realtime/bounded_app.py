"""The application as one request sees it: its place among the requests in work, and its response in slices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.realtime.http_bounds import SLICE_BYTES, HttpBounds

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
    """

    app: ASGIApp
    bounds: HttpBounds
    address: str
    has_place: bool
    is_gone: Callable[[], bool]
    _task: asyncio.Task[object] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request."""
        self._task = asyncio.current_task()

        async def send_sliced(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._give_place_back()
            if len(message.get("body", b"")) > SLICE_BYTES:
                await self._send_slices(message, send)
            else:
                await send(message)

        try:
            await self.app(scope, receive, send_sliced)
        except asyncio.CancelledError:
            if not self.is_gone():
                raise
        finally:
            self._task = None
            self._give_place_back()

    def cancel(self) -> None:
        """The client is gone: stop reading for it."""
        if self._task is not None:
            self._task.cancel()

    def _give_place_back(self) -> None:
        if self.has_place:
            self.has_place = False
            self.bounds.admission.release()

    async def _send_slices(self, message: Message, send: Send) -> None:
        body, more_body = memoryview(message["body"]), message.get("more_body", False)
        unsent_bytes = len(body)
        self.bounds.admission.sending(self.address, unsent_bytes)
        try:
            for start in range(0, len(body), SLICE_BYTES):
                slice_ = body[start : start + SLICE_BYTES]
                is_last = start + SLICE_BYTES >= len(body)
                await send({"type": "http.response.body", "body": slice_, "more_body": more_body or not is_last})
                self.bounds.admission.sending(self.address, -len(slice_))
                unsent_bytes -= len(slice_)
                await asyncio.sleep(0)  # a fast reader takes slice after slice: others get their turn in between
        finally:
            if unsent_bytes:
                self.bounds.admission.sending(self.address, -unsent_bytes)
