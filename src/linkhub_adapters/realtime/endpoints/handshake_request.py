"""The head of a WebSocket handshake, parsed with the HTTP server's parser.

The parser of ``websockets`` refuses header lines over 8 KiB, and cookies of a real site are longer. Here the whole head
has a limit, the same as for plain HTTP.
"""

from __future__ import annotations

from typing import Final

import httptools
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHeader
from websockets.http11 import Request

__all__ = ["END_OF_HEAD", "MAX_HEAD_BYTES", "parse_request", "size_of"]

MAX_HEAD_BYTES: Final = 65_536
END_OF_HEAD: Final = b"\r\n\r\n"


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


def parse_request(head: bytes) -> Request | None:
    """Parse a head with the empty line at its end; None if it is not HTTP. The upgrade is not checked here."""
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


def size_of(request: Request) -> int:
    """The bytes of its address and headers, as :mod:`~.uvicorn_server` counts them for plain HTTP."""
    return len(request.path) + sum(len(name) + len(value) for name, value in request.headers.raw_items())
