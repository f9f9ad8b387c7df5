"""The head of a WebSocket handshake, parsed with the HTTP server's parser.

The parser of ``websockets`` refuses header lines over 8 KiB, and cookies of a real site are longer. Here the whole head
has a limit, the same as for plain HTTP.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import httptools
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request

MAX_HEAD_BYTES: Final = 65_536
END_OF_HEAD: Final = b"\r\n\r\n"
_MAX_LIST_CHARACTERS: Final = 4_096
_LISTS: Final = ("Connection", "Upgrade", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol")


class _Parts:
    """The callbacks of the parser."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


def read_request(head: bytes) -> Request | HTTPStatus:
    """Read a head, or the start of one that is too long. The upgrade is not checked here.

    Returns:
        The request, or the status that refuses it.
    """
    if not head.endswith(END_OF_HEAD):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    request = _parse(head)
    if request is None:
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if _is_too_large(request) else request


def _parse(head: bytes) -> Request | None:
    """Parse a head with the empty line at its end; None if it is not HTTP."""
    parts = _Parts()
    parser = httptools.HttpRequestParser(parts)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # raised for each handshake
    except httptools.HttpParserError:
        return None
    if not parts.is_complete or not parts.url.isascii():
        return None
    headers = Headers()
    try:
        for name, value in parts.headers:
            headers[name.decode("latin-1")] = value.decode("latin-1")
    except InvalidHeader:
        return None
    method, protocol = parser.get_method().decode("ascii"), f"HTTP/{parser.get_http_version()}"
    return Request(parts.url.decode("ascii"), headers, method=method, protocol=protocol)


def _is_too_large(request: Request) -> bool:
    """Whether its address and headers, counted as :mod:`~.uvicorn_server` does, are longer than plain HTTP takes.

    So it is with a long list: ``websockets`` would parse 64 kB of one in 35 ms.
    """
    headers = request.headers
    size = len(request.path) + sum(len(name) + len(value) for name, value in headers.raw_items())
    lists = (sum(map(len, headers.get_all(name))) for name in _LISTS)
    return size > MAX_HEAD_BYTES or any(length > _MAX_LIST_CHARACTERS for length in lists)
