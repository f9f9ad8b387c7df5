"""Real proxies in front of real servers: nginx, several servers on one file, and deploys in the middle."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.realtime.node_client import NodeClient, run_client
from tests.adapters.realtime.raw_client import a_handshake
from tests.e2e.deployment import Deployment
from tests.support import npm
from tests.support.nginx import run_nginx
from tests.support.processes import Process, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.node]

_REALTIME_TESTS = Path(__file__).parents[1] / "adapters" / "realtime"
_OFFICIAL = _REALTIME_TESTS / "official_client.js"
_LIBRARY = _REALTIME_TESTS / "library_client.js"
_SELLER = "nalu-fashion"
_SAMPLES = Path(__file__).parents[1] / "data"


def _publish(deployment: Deployment, video_id: str) -> None:
    """Both halves of a product."""
    halves = [json.loads((_SAMPLES / name).read_text()) for name in ("caption.json", "thumbnail.json")]
    file = deployment.directory / "events.jsonl"
    events = [{**half, "video_id": video_id, "seller_handle": _SELLER} for half in halves]
    file.write_text("".join(json.dumps(event) + "\n" for event in events))
    deployment.run("publish", str(file))


def _socket_io(node: Path, url: str, **options: Any) -> Sequence[str | Path]:
    more = json.dumps({"reconnectionDelay": 50, **options})
    return [node, _OFFICIAL, npm.install(npm.SOCKET_IO_CLIENT), f"{url}/products", more]


def _plain(node: Path, url: str) -> Sequence[str | Path]:
    return [node, _LIBRARY, "ws", npm.install(npm.WS), f"{url.replace('http://', 'ws://')}/products", "{}"]


def _event_source(node: Path, url: str) -> Sequence[str | Path]:
    package = npm.install(npm.EVENT_SOURCE)
    return [node, _LIBRARY, "eventsource", package, f"{url}/api/v1/shop/{_SELLER}/events", "{}"]


@asynccontextmanager
async def _clients(url: str, node: Path) -> AsyncIterator[dict[str, NodeClient]]:
    """One client of each kind, each subscribed: Socket.IO with its defaults and polling, WebSocket, event stream."""
    polling = _socket_io(node, url, transports=["polling"])
    async with (
        run_client(*_socket_io(node, url)) as io,
        run_client(*polling) as poller,
        run_client(*_plain(node, url)) as ws,
        run_client(*_event_source(node, url)) as source,
    ):
        for client in (io, poller, ws):
            await client.hear("event", "connected")
            await client.subscribe()
        await io.hear("upgrade", "websocket")
        await source.hear("event", "subscribed")
        yield {"io": io, "poller": poller, "ws": ws, "source": source}


async def _hear(client: NodeClient, video_id: str) -> None:
    while (await client.hear("event", "new_product"))[2]["product"]["video_id"] != video_id:
        """An earlier one, which is repeated after a return."""


async def test_deploys_behind_nginx(tmp_path: Path, node: Path) -> None:
    """Two servers on one file are restarted one after the other: clients come back through nginx and miss nothing.

    The balancer keeps a client on its server, which polling needs.
    """
    deployment = Deployment(tmp_path, elsewhere={"LINKHUB_TRUSTED_PROXIES": "127.0.0.1", "LINKHUB_DRAIN_SECONDS": "2"})
    ports = [free_port(), free_port()]
    with ExitStack() as running:
        servers = [running.enter_context(_serve(deployment, port)) for port in ports]
        upstreams = [f"127.0.0.1:{port}" for port in ports]
        url = running.enter_context(run_nginx(tmp_path, upstreams, balancing="ip_hash;"))
        async with _clients(url, node) as clients:
            await asyncio.to_thread(_publish, deployment, "7300000000000000001")
            for client in clients.values():
                await _hear(client, "7300000000000000001")
            for index, port in enumerate(ports):
                assert await asyncio.to_thread(servers[index].terminate) == 0
                servers[index] = running.enter_context(_serve(deployment, port))
            assert await clients["ws"].hear("close") == ["close", 1001]
            for client in (clients["io"], clients["poller"]):
                await client.hear("connect")  # the first one
                await client.hear("connect")
                await client.subscribe()
            await asyncio.to_thread(_publish, deployment, "7300000000000000002")
            for name in ("io", "poller", "source"):
                await _hear(clients[name], "7300000000000000002")


async def test_only_polling_needs_stickiness(tmp_path: Path, node: Path) -> None:
    """Requests go round two servers: WebSockets and event streams do not mind, and hear what either server saves."""
    deployment = Deployment(tmp_path)
    with ExitStack() as running:
        urls = []
        for _ in range(2):
            server, url = deployment.serve()
            running.enter_context(server)
            urls.append(url.replace("http://localhost", "127.0.0.1"))
        proxy = running.enter_context(run_nginx(tmp_path, urls))
        websocket = _socket_io(node, proxy, transports=["websocket"])
        async with AsyncExitStack() as connected:
            commands = [websocket, websocket, _plain(node, proxy), _plain(node, proxy)]
            clients = [await connected.enter_async_context(run_client(*command)) for command in commands]
            for client in clients:
                await client.hear("event", "connected")
                await client.subscribe()
            for _ in range(2):
                source = await connected.enter_async_context(run_client(*_event_source(node, proxy)))
                await source.hear("event", "subscribed")
                clients.append(source)
            await asyncio.to_thread(_publish, deployment, "7300000000000000001")
            for client in clients:
                await _hear(client, "7300000000000000001")


@contextmanager
def _serve(deployment: Deployment, port: int) -> Iterator[Process]:
    server, _ = deployment.serve("--port", str(port))
    with server:
        yield server


def _status(url: str, request: bytes, *, source: str = "127.0.0.1") -> int:
    host, port = url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=30, source_address=(source, 0))) as client:
        client.sendall(request)
        return int(client.recv(4096)[9:12])


def _requests(more: str) -> dict[str, bytes]:
    """A request of each transport, with these header lines."""
    get = "GET {} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n{}\r\n"
    return {
        "websocket": a_handshake(more=more).replace(b"Host: localhost", b"Host: shop.test"),
        "polling": get.format("/socket.io/?EIO=4&transport=polling", more).encode(),
        "event stream": get.format(f"/api/v1/shop/{_SELLER}/events", more).encode(),
    }


async def test_nginx_with_its_defaults(tmp_path: Path, node: Path) -> None:
    """HTTP/1.0 and no upgrades: Socket.IO polls, event streams flow, and a WebSocket gets 426."""
    server, url = Deployment(tmp_path, backend="memory").serve()
    upstream = url.removeprefix("http://").replace("localhost", "127.0.0.1")
    with server, run_nginx(tmp_path, [upstream], with_headers=False) as proxy:
        async with run_client(*_socket_io(node, proxy)) as io:
            await io.hear("event", "connected")
            await io.subscribe()
        async with run_client(*_plain(node, proxy)) as ws:
            assert await ws.hear("refused") == ["refused", 426]
        async with run_client(*_event_source(node, proxy)) as source:
            await source.hear("event", "subscribed")


def test_who_may_connect_through_nginx(tmp_path: Path) -> None:
    """The address that nginx names is the server's own; else a foreign host is refused, and the log says why."""
    deployment = Deployment(
        tmp_path,
        backend="memory",
        elsewhere={"LINKHUB_TRUSTED_PROXIES": "127.0.0.1", "WEBSOCKET_CORS_ORIGINS": "https://else.example"},
    )
    server, url = deployment.serve()
    with server, run_nginx(tmp_path, [url.removeprefix("http://").replace("localhost", "127.0.0.1")]) as proxy:
        own, foreign = "Origin: https://shop.test\r\n", "Origin: https://evil.example\r\n"
        assert [_status(proxy, each) for each in _requests(own).values()] == [101, 200, 200]
        assert [_status(proxy, each) for each in _requests(foreign).values()] == [403, 403, 403]
        assert [_status(url, each) for each in _requests(own).values()] == [403, 403, 403]
        assert [_status(url, each) for each in _requests("").values()] == [101, 200, 200]
        metrics = b"GET /metrics HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"
        assert (_status(proxy, metrics), _status(url, metrics)) == (200, 403)
        server.wait_for_line(r'https://evil\.example.*"event":"refused"')
        server.wait_for_line("add the origin to WEBSOCKET_CORS_ORIGINS")
        server.wait_for_line("set LINKHUB_PUBLIC_URL")


@pytest.mark.parametrize("transport", ["websocket", "polling", "event stream"])
def test_clients_behind_nginx_are_counted_apart(tmp_path: Path, transport: str) -> None:
    """By the address that nginx appends: a client's own X-Forwarded-For does not count, nor do uvicorn's variables."""
    deployment = Deployment(
        tmp_path,
        backend="memory",
        elsewhere={
            "LINKHUB_TRUSTED_PROXIES": "127.0.0.1",
            "LINKHUB_MAX_CONNECTIONS_PER_ADDRESS": "1",
            "FORWARDED_ALLOW_IPS": "*",
        },
    )
    server, url = deployment.serve()
    with server, run_nginx(tmp_path, [url.removeprefix("http://").replace("localhost", "127.0.0.1")]) as proxy:
        kept: list[Any] = []

        def connect(address: str, source: str, claimed: str) -> int:
            host, port = address.removeprefix("http://").split(":")
            client = socket.create_connection((host, int(port)), timeout=30, source_address=(source, 0))
            kept.append(client)
            request = _requests(f"X-Forwarded-For: {claimed}\r\n")[transport]
            client.sendall(request.replace(b"Connection: close\r\n", b""))
            return int(client.recv(4096)[9:12])

        accepted = 101 if transport == "websocket" else 200
        direct = url.replace("localhost", "127.0.0.1")
        assert connect(proxy, "127.0.0.2", "6.6.6.6") == accepted
        assert connect(proxy, "127.0.0.2", "7.7.7.7") == 429
        assert connect(proxy, "127.0.0.3", "6.6.6.6") == accepted
        assert connect(direct, "127.0.0.4", "6.6.6.6") == accepted
        assert connect(direct, "127.0.0.4", "7.7.7.7") == 429
        for client in kept:
            client.close()
