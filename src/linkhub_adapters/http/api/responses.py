"""Responses in JSON and with entity tags (RFC 9110, sections 8.8.3 and 13.1.2): a client with the newest gets a 304.

A body is sent in the encoding that the client asks for, with the tag of that encoding.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from linkhub_adapters.http.api.encoded_body import EncodedBody, is_compressible, without_encoding
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.wire import json_text
from linkhub_core.wire.content_encoding import ContentEncoding

_SLICE_BYTES: Final = 131_072

REVALIDATE = "no-cache"
"""The ``Cache-Control`` of a response that may be kept but must be validated each time."""

# A tag may contain a comma, so the list is searched and not split; that also skips the `W/` of weak tags. Any text
# between two quotes counts as a tag: otherwise one malformed tag would shift all that follow.
_ENTITY_TAG = re.compile(r'"[^"]*"')
_ANY_TAG = re.compile(r'(?:W/)?"[^"]*"')


class JsonResponse(JSONResponse):
    """A document as ``application/json``, written by the encoder of events, which is exact about money."""

    def render(self, content: Any) -> bytes:
        """Encode mappings, lists, texts, numbers and ``Decimal``."""
        return json_text.dump(content)


async def read_text(request: Request, max_bytes: int) -> str:
    """The body of a request.

    Raises:
        HTTPException: 413, it is larger than ``max_bytes``.
        MalformedEvent: it is not UTF-8.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise HTTPException(413)
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise MalformedEvent([Fault("", "the body is not UTF-8")]) from None


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client already has what ``etag`` names.

    Args:
        if_none_match: the header's value: ``*``, or a list of tags. The comparison is weak, as the RFC demands: a proxy
            that compressed the response put ``W/`` before its tag.
        etag: the strong tag of the current representation.
    """
    return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)


def is_matched(if_match: str, etags: Sequence[str]) -> bool:
    """Whether one of these strong tags is named. The comparison is strong: a weak tag never matches.

    Args:
        if_match: the header's value: ``*``, or a list of tags, each of any encoding.
        etags: the tags of the current content.
    """
    return if_match.strip() == "*" or not set(etags).isdisjoint(map(without_encoding, _ANY_TAG.findall(if_match)))


async def respond(
    request: Request, body: EncodedBody, *, ending: bytes = b"", cache_control: str = REVALIDATE
) -> Response:
    """Respond with ``body``, or with a 304 without a body if the client has it in the encoding that it asks for.

    Args:
        request: its headers are looked at.
        body: the content that the tag names. One in parts is large; it is joined as it is sent, some at a time.
        ending: what follows it in this answer only.
        cache_control: for caches.
    """
    encoding = body.encoding_for(request)
    etag = body.etag_in(encoding)
    headers = {"etag": etag, "cache-control": cache_control}
    if is_compressible(body.media_type):
        headers["vary"] = "Accept-Encoding"
    # A repeated field is one list (RFC 9110, section 5.3).
    if is_known(", ".join(request.headers.getlist("if-none-match")), etag):
        return Response(status_code=304, headers=headers)
    if encoding is not ContentEncoding.IDENTITY:
        headers["content-encoding"] = encoding
        return Response((await body.compressed(encoding)).end(ending), headers=headers, media_type=body.media_type)
    if len(body.parts) == 1:
        return Response(body.parts[0] + ending, headers=headers, media_type=body.media_type)
    headers["content-length"] = str(body.size_bytes + len(ending))
    return StreamingResponse(_slices([*body.parts, ending]), headers=headers, media_type=body.media_type)


async def _slices(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    waiting: list[bytes] = []
    size_bytes = 0
    for part in parts:
        waiting.append(part)
        size_bytes += len(part)
        if size_bytes >= _SLICE_BYTES:
            yield b"".join(waiting)
            waiting, size_bytes = [], 0
            await asyncio.sleep(0)  # other tasks run, also if the client takes each slice at once
    yield b"".join(waiting)
