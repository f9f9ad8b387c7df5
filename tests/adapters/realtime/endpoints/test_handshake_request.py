"""The head of a handshake: what is read, and what is refused before more work is done."""

from http import HTTPStatus

import pytest
from websockets.http11 import Request

from linkhub_adapters.realtime.endpoints.handshake_request import read_request
from tests.adapters.realtime.raw_client import a_handshake

TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


def test_a_head_is_read() -> None:
    """With a long cookie, and a repeated header."""
    request = read_request(a_handshake(more=f"Cookie: {'x' * 20_000}\r\nSec-WebSocket-Protocol: a\r\n" * 2))
    assert isinstance(request, Request)
    assert (request.path, request.headers.get_all("Sec-WebSocket-Protocol")) == ("/products", ["a", "a"])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (a_handshake()[:-2], TOO_LARGE),
        (a_handshake(more=f"Cookie: {'x' * 65_536}\r\n"), TOO_LARGE),
        (a_handshake("/" + "x" * 65_536), TOO_LARGE),
        (b"HELO\r\n\r\n", HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_head_is_refused(head: bytes, status: HTTPStatus) -> None:
    """It did not end in time, is too long, or is not HTTP."""
    assert read_request(head) is status


@pytest.mark.parametrize("name", ["Connection", "Upgrade", "Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"])
def test_a_long_list_is_refused(name: str) -> None:
    """In one header or in several: to parse it would hold up others. No client sends one."""
    assert isinstance(read_request(a_handshake(more=f"{name}: {'a,' * 1_900}\r\n")), Request)
    assert read_request(a_handshake(more=f"{name}: {'a,' * 1_100}\r\n" * 2)) is TOO_LARGE
