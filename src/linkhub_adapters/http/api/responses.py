"""Responses in JSON and with entity tags (RFC 9110, sections 8.8.3 and 13.1.2): a client with the newest gets a 304."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.wire import json_text

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


def strong_etag(content: bytes) -> str:
    """The entity tag of ``content``: equal bytes, equal tags."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


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
        if_match: the header's value: ``*``, or a list of tags.
        etags: the tags of the current representations.
    """
    return if_match.strip() == "*" or not set(etags).isdisjoint(_ANY_TAG.findall(if_match))


def respond(
    request: Request,
    body: bytes,
    *,
    etag: str,
    media_type: str = "application/json",
    cache_control: str = REVALIDATE,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Respond with ``body``, or with a 304 without a body if the client has it."""
    answer_headers = {"etag": etag, "cache-control": cache_control, **(headers or {})}
    # A repeated field is one list (RFC 9110, section 5.3).
    if is_known(", ".join(request.headers.getlist("if-none-match")), etag):
        return Response(status_code=304, headers=answer_headers)
    return Response(body, headers=answer_headers, media_type=media_type)


def respond_in_slices(request: Request, parts: Sequence[bytes], *, etag: str) -> Response:
    """The same for a large body of JSON in parts, which are joined as they are sent, some at a time."""
    headers = {"etag": etag, "cache-control": REVALIDATE}
    if is_known(", ".join(request.headers.getlist("if-none-match")), etag):
        return Response(status_code=304, headers=headers)
    headers["content-length"] = str(sum(map(len, parts)))
    return StreamingResponse(_slices(parts), headers=headers, media_type="application/json")


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
