"""Entity tags and ``If-None-Match`` (RFC 9110, sections 8.8.3 and 13.1.2): who has the newest already gets a 304."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["REVALIDATE", "is_known", "respond", "strong_etag"]

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
