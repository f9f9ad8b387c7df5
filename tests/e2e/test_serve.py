"""A server as clients and operators meet it: everything on one port, and a clean end for everybody."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import socketio
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from linkhub_cli.processes.http_server import bind
from linkhub_cli.settings import load_settings
from tests.e2e.deployment import Deployment
from tests.support.processes import Process

pytestmark = pytest.mark.e2e

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A linkhub on a fresh directory, which keeps everything in memory."""
    return Deployment(tmp_path, backend="memory")


def _get(url: str) -> Any:
    with _DIRECT.open(url, timeout=30) as answer:
        return json.loads(answer.read())


def _viewer(url: str) -> ClientConnection:
    return connect(f"{url.replace('http://', 'ws://')}/products", proxy=None)


@contextmanager
def _socketio_client(url: str) -> Iterator[socketio.SimpleClient]:
    client = socketio.SimpleClient()
    client.connect(url, namespace="/products")
    try:
        yield client
    finally:
        client.disconnect()


@contextmanager
def _event_stream(url: str, server: Process) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=30)) as stream:
        stream.sendall(b"GET /api/v1/shop/nalu-fashion/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while b"event: subscribed" not in received:
            assert server.returncode is None
            received += stream.recv(4096)
        yield stream


def _read_to_end(stream: socket.socket) -> bytes:
    received = b""
    while chunk := stream.recv(4096):
        received += chunk
    return received


def _close_code(connection: ClientConnection) -> int | None:
    try:
        while True:
            connection.recv(timeout=30)
    except ConnectionClosed:
        return connection.close_code


def test_every_way_to_connect(deployment: Deployment) -> None:
    """A WebSocket, Socket.IO and an event stream on the port of REST; SIGTERM ends all of them, with exit code 0."""
    server, url = deployment.serve()
    with server, _viewer(url) as viewer, _socketio_client(url) as client, _event_stream(url, server) as stream:
        assert json.loads(viewer.recv(timeout=30))["event"] == "connected"
        assert client.receive(timeout=30)[0] == "connected"
        client.emit("subscribe_to_seller", {"seller_handle": "nalu-fashion"})
        assert client.receive(timeout=30)[0] == "subscribed"
        stats = _get(f"{url}/api/v1/websocket/stats")
        assert (stats["totalConnections"], stats["clientsPerSeller"]) == (3, {"nalu-fashion": 2})
        assert _get(f"{url}/readyz")["status"] == "ready"
        assert server.terminate(timeout_seconds=10) == 0
        assert _close_code(viewer) == 1001
        assert _read_to_end(stream).endswith(b"0\r\n\r\n")


def test_websockets_alone(deployment: Deployment) -> None:
    """--ws-port opens a second port, which speaks WebSocket and nothing else."""
    server = deployment.start("serve", "--ws-port", "0")
    with server:
        port = server.wait_for_line(r'"ws_port":(\d+)').group(1)
        with _viewer(f"http://127.0.0.1:{port}") as viewer:
            assert json.loads(viewer.recv(timeout=30))["event"] == "connected"
            assert server.terminate(timeout_seconds=10) == 0
            assert _close_code(viewer) == 1001


def test_realtime_alone(deployment: Deployment) -> None:
    """--realtime-only serves every transport and health, and neither REST nor pages."""
    server, url = deployment.serve("--realtime-only")
    with server, _viewer(url) as viewer, _socketio_client(url) as client, _event_stream(url, server) as stream:
        assert json.loads(viewer.recv(timeout=30))["event"] == "connected"
        assert client.receive(timeout=30)[0] == "connected"
        assert _get(f"{url}/readyz")["status"] == "ready"
        for path in ("/api/v1/shop/nalu-fashion/products", "/", "/shop/nalu-fashion", "/openapi.json"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                _get(f"{url}{path}")
        assert server.terminate(timeout_seconds=10) == 0
        assert _close_code(viewer) == 1001
        assert _read_to_end(stream).endswith(b"0\r\n\r\n")


def test_localhost_is_both_addresses(deployment: Deployment) -> None:
    """Node.js resolves the name to ::1, others to 127.0.0.1; the second port is at both, too."""
    server = deployment.start("serve", "--ws-port", "0")
    with server:
        port = server.wait_for_line(r'"url":"http://localhost:(\d+)"').group(1)
        ws_port = server.wait_for_line(r'"ws_port":(\d+)').group(1)
        for address in ("127.0.0.1", "[::1]", "localhost"):
            assert _get(f"http://{address}:{port}/readyz")["status"] == "ready"
            with _viewer(f"http://{address}:{ws_port}") as viewer:
                assert json.loads(viewer.recv(timeout=30))["event"] == "connected"


def test_an_idle_connection_is_kept_for_the_chosen_time(tmp_path: Path) -> None:
    """LINKHUB_KEEP_ALIVE_SECONDS ends it; by default it is longer than the 60 s of load balancers."""
    assert load_settings(environment={}).settings.listener.keep_alive_seconds == 75
    server, url = Deployment(tmp_path, backend="memory", elsewhere={"LINKHUB_KEEP_ALIVE_SECONDS": "1"}).serve()
    host, port = url.removeprefix("http://").split(":")
    with server, closing(socket.create_connection((host, int(port)), timeout=30)) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert _read_to_end(idle).startswith(b"HTTP/1.1 200")


def test_a_port_that_is_taken(deployment: Deployment) -> None:
    """It is a fault of the configuration, printed in one line."""
    with bind("127.0.0.1", 0, variable="LINKHUB_PORT") as taken:
        port = taken.getsockname()[1]
        with deployment.start("serve", "--port", str(port)) as server:
            assert server.wait() == 2
            assert any(f"LINKHUB_PORT={port} cannot be listened on" in line for line in server.stderr_lines)
            assert not any("Traceback" in line for line in server.stderr_lines)
