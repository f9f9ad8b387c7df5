"""Clients that send nonsense, or do not read, leave few lines in the log of a real server."""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack

import httpx2
import pytest

from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e

CLIENTS = 300
FEW_LINES = 60
NONSENSE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03nonsense\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /products HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: teapot\r\n\r\n",
    b"GET /products HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{",
)


def reset(connection: socket.socket) -> None:
    """Leave with a reset, with all that waits for this client unread."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_nonsense_and_readers_that_do_not_read(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hundreds of each leave some lines a kind; the server still answers, and ends well."""
    server, url = Deployment(tmp_path_factory.mktemp("hub"), backend="memory").serve()
    host, port = url.removeprefix("http://").split(":")
    stream = b"GET /api/v1/shop/nalu-fashion/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    page = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10
    with server:
        for number in range(CLIENTS):
            with ExitStack() as opened:
                for request in (NONSENSE[number % len(NONSENSE)], stream, page):
                    connection = socket.create_connection((host, int(port)), timeout=30)
                    opened.callback(reset, connection)
                    connection.sendall(request)
        assert httpx2.get(f"{url}/readyz").status_code == 200
        assert server.terminate() == 0
        assert len(server.stderr_lines) < FEW_LINES, server.stderr_lines[:FEW_LINES]
