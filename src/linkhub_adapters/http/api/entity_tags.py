"""Entity tags and ``If-None-Match`` (RFC 9110, sections 8.8.3 and 13.1.2): who has the newest already gets a 304."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

__all__ = ["REVALIDATE", "is_known", "respond", "respond_in_slices", "strong_etag"]

_SLICE_BYTES: Final = 131_072

REVALIDATE = "no-cache"
"""The ``Cache-Control`` of what may be kept but must be asked for each time."""

# The comma may stand inside a tag, so the list is not split but searched; that also passes over the `W/` of weak tags.
# Whatever stands between two quotes counts as a tag: else one malformed tag would put all that follow out of step.
_ENTITY_TAG = re.compile(r'"[^"]*"')


def strong_etag(content: bytes) -> str:
    """The entity tag of ``content``: equal bytes, equal tags."""
    return f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client already has what ``etag`` names.

    Args:
        if_none_match: the header's value: ``*``, or a list of tags. Compared weakly, as the RFC has it for this header,
            so that a proxy that compressed the answer, and therefore put ``W/`` before its tag, still saves it.
        etag: the strong tag of the present representation.
    """
    return if_none_match.strip() == "*" or etag in _ENTITY_TAG.findall(if_none_match)


def respond(
    request: Request,
    body: bytes,
    *,
    etag: str,
    media_type: str = "application/json",
    cache_control: str = REVALIDATE,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with ``body``, or with a 304 and none if the client has it."""
    answer_headers = {"etag": etag, "cache-control": cache_control, **(headers or {})}
    # A field that stands twice is one list (RFC 9110, section 5.3).
    if is_known(", ".join(request.headers.getlist("if-none-match")), etag):
        return Response(status_code=304, headers=answer_headers)
    return Response(body, headers=answer_headers, media_type=media_type)


def respond_in_slices(request: Request, parts: Sequence[bytes], *, etag: str) -> Response:
    """The same for a large body of JSON that is in parts; they are joined as they are sent, some at a time."""
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
            await asyncio.sleep(0)  # others get their turn, also where the reader takes each slice at once
    yield b"".join(waiting)
