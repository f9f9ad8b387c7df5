"""A server with 64 descriptors, and clients that take what they can get: others are answered all the while."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.e2e.deployment import LINKHUB
from tests.support.processes import Process, free_port

pytestmark = pytest.mark.e2e

GREEDY, OTHER = "127.0.0.1", "127.0.0.2"


def _connected(port: int, source: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))


def _get(port: int, source: str, path: str) -> bytes:
    with closing(_connected(port, source)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := client.recv(65_536):
            received += chunk
    return received


def test_with_64_descriptors_others_get_in(tmp_path: Path) -> None:
    """72 connections of one address that ask and do not read leave room for another address, and are counted."""
    port = free_port()
    program = f"ulimit -n 64; exec {LINKHUB} serve"
    settings = {"LINKHUB_BACKEND": "embedded", "LINKHUB_DATA_DIR": str(tmp_path), "LINKHUB_PORT": str(port)}
    with Process(["bash", "-c", program], environment=settings) as server, ExitStack() as opened:
        server.wait_for_http(f"http://127.0.0.1:{port}/healthz")
        for _ in range(72):
            greedy = opened.enter_context(closing(_connected(port, GREEDY)))
            greedy.sendall(b"GET /api/docs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        for path in ("/healthz", "/api/v1/shop/a/products", "/readyz"):
            assert _get(port, OTHER, path).startswith(b"HTTP/1.1 200"), path
        metrics = _get(port, OTHER, "/metrics").decode()
        [refused] = re.findall(r'http_connections_cut_total\{reason="too_many_from_address"\} (\S+)', metrics)
        assert float(refused) == 72 - 64 // 4
