"""Compression of the answers that are made for one request: problems, figures, metrics, payloads of long polls.

Answers with an entity tag compress themselves, see :mod:`~linkhub_adapters.http.api.encoded_body`, and so do event
streams. If compression is switched off, no route sees the ``Accept-Encoding`` of a request.

No answer holds a secret together with text of the request, so the length of a compressed answer reveals none (BREACH):
tokens and cookies are only in requests, and the session id of a polling client is alone in its answer.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.http.api.encoded_body import MAX_INLINE_BYTES, is_compressible
from linkhub_core.wire.content_encoding import CompressedBody, ContentEncoding, choose_encoding

_HEADER: Final = b"accept-encoding"
_SELF_MADE: Final = frozenset({b"etag", b"content-encoding", b"content-range"})


@lru_cache(maxsize=4)
def _compress_once(body: bytes, encoding: ContentEncoding) -> bytes:
    # A broadcast gives many polls the same payload.
    return CompressedBody.of((body,), encoding).end()


class Compression:
    """ASGI middleware that compresses answers.

    Args:
        app: the application.
        is_on: whether anything is compressed over HTTP.
    """

    def __init__(self, app: ASGIApp, *, is_on: bool) -> None:
        self._app = app
        self._is_on = is_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and compress its answer."""
        accepted = ""
        if scope["type"] == "http":
            accepted = b", ".join([value for name, value in scope["headers"] if name == _HEADER]).decode("latin-1")
        if accepted and not self._is_on:
            scope["headers"] = [header for header in scope["headers"] if header[0] != _HEADER]
        is_negotiated = self._is_on and scope["type"] == "http"
        await self._app(scope, receive, _Compressing(accepted, send) if is_negotiated else send)


class _Compressing:
    """The ``send`` of one answer; its head waits for a body whose length is known."""

    def __init__(self, accepted: str, send: Send) -> None:
        self._accepted = accepted
        self._send = send
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_compressible(message):
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            if not message.get("more_body", False):
                message = await self._negotiated(head, message)
            await self._send(head)
        await self._send(message)

    async def _negotiated(self, head: Message, message: Message) -> Message:
        headers = MutableHeaders(raw=list(head["headers"]))
        headers.add_vary_header("Accept-Encoding")
        body = message.get("body", b"")
        encoding = choose_encoding(self._accepted, len(body))
        if body and encoding is not ContentEncoding.IDENTITY:
            message = {**message, "body": await _compress(body, encoding)}
            headers["content-encoding"] = encoding
            headers["content-length"] = str(len(message["body"]))
        head["headers"] = headers.raw
        return message


def _is_compressible(start: Message) -> bool:
    media_type = b"application/octet-stream"
    for name, value in start.get("headers", ()):
        if name in _SELF_MADE or (name == b"content-length" and value == b"0"):
            return False
        if name == b"content-type":
            media_type = value
    return is_compressible(media_type.decode("latin-1"))


async def _compress(body: bytes, encoding: ContentEncoding) -> bytes:
    if len(body) <= MAX_INLINE_BYTES:
        return _compress_once(body, encoding)
    return await asyncio.to_thread(lambda: CompressedBody.of((body,), encoding).end())
