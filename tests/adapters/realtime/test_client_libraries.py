"""Every client library that the docs name, with its defaults, in one conversation each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import socketio
import websocket
from attrs import evolve

from linkhub_core.access import AccessPolicy
from linkhub_core.testing.builders import KEY
from tests.adapters.realtime.node_client import run_client
from tests.adapters.realtime.raw_client import RawClient, a_handshake
from tests.adapters.realtime.realtime_fixture import (
    SELLER,
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    http_client,
    open_realtime,
    until,
)
from tests.support import npm

_OFFICIAL = Path(__file__).with_name("official_client.js")
_LIBRARY = Path(__file__).with_name("library_client.js")
# Nothing is listed: what is let in, is so by its own address.
_CLOSED = evolve(SETTINGS, access=AccessPolicy())


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room whose list of origins is empty."""
    async with open_realtime(_CLOSED) as opened:
        yield opened


@pytest.mark.node
@pytest.mark.parametrize("options", [{}, {"addTrailingSlash": False}, {"transports": ["polling"]}], ids=json.dumps)
@pytest.mark.parametrize("package", npm.SOCKET_IO_CLIENTS, ids=lambda package: package.version)
async def test_socket_io_for_javascript(
    realtime: RealtimeFixture, node: Path, package: npm.NpmPackage, options: Any
) -> None:
    """It connects, subscribes and hears, whether it upgrades or polls, with and without the slash of its path."""
    directory = npm.install(package)
    address = f"http://127.0.0.1:{realtime.port}/products"
    async with run_client(node, _OFFICIAL, directory, address, json.dumps(options)) as client:
        await client.hear("event", "connected")
        if "transports" not in options:
            await client.hear("upgrade", "websocket")
        await client.subscribe()
        realtime.hub.broadcast(an_announcement())
        assert (await client.hear("event", "new_product"))[2]["product"]["video_id"] == KEY.video_id
        await client.tell("disconnect")
        await until(lambda: realtime.hub.stats()["totalConnections"] == 0)


@pytest.mark.node
@pytest.mark.parametrize("package", npm.SOCKET_IO_CLIENTS, ids=lambda package: package.version)
async def test_its_subprotocols_are_answered(realtime: RealtimeFixture, node: Path, package: npm.NpmPackage) -> None:
    """A client fails the connection if none of those that it asked for comes back."""
    directory, address = npm.install(package), f"http://127.0.0.1:{realtime.port}/products"
    options = json.dumps({"transports": ["websocket"], "protocols": ["shop.v1", "shop.v2"]})
    async with run_client(node, _OFFICIAL, directory, address, options) as client:
        assert (await client.hear("event", "connected"))[:2] == ["event", "connected"]


@pytest.mark.node
@pytest.mark.parametrize("protocols", [[], ["graphql-ws"], ["a", "b"]])
@pytest.mark.parametrize("headers", [{}, {"Cookie": "session=" + "x" * 40_000}], ids=["plain", "40 KB of cookies"])
async def test_a_plain_websocket(
    realtime: RealtimeFixture, node: Path, protocols: list[str], headers: dict[str, str]
) -> None:
    """``ws``: the answer names the first subprotocol that it asked for, however long its cookies are."""
    address = f"ws://127.0.0.1:{realtime.port}/products"
    options = json.dumps({"protocols": protocols, "headers": headers, "origin": f"http://127.0.0.1:{realtime.port}"})
    async with run_client(node, _LIBRARY, "ws", npm.install(npm.WS), address, options) as client:
        assert await client.hear("open") == ["open", protocols[0] if protocols else "", "permessage-deflate"]
        await client.hear("event", "connected")
        await client.subscribe()
        realtime.hub.broadcast(an_announcement())
        assert (await client.hear("event", "new_product"))[2]["product"]["video_id"] == KEY.video_id


@pytest.mark.node
async def test_an_event_source(realtime: RealtimeFixture, node: Path) -> None:
    """The ``EventSource`` of npm, which is what browsers have; a page of the server's own address."""
    address = f"http://127.0.0.1:{realtime.port}/api/v1/shop/{SELLER}/events"
    options = json.dumps({"headers": {"Origin": f"http://127.0.0.1:{realtime.port}"}})
    async with run_client(node, _LIBRARY, "eventsource", npm.install(npm.EVENT_SOURCE), address, options) as client:
        await client.hear("event", "subscribed")
        realtime.hub.broadcast(an_announcement(cursor="abc"))
        heard = await client.hear("event", "new_product")
        assert heard[2]["product"]["video_id"] == KEY.video_id
        assert heard[3] == "abc"


@pytest.mark.parametrize("transports", [None, ["websocket"], ["polling"]], ids=str)
async def test_python_socketio_as_documented(realtime: RealtimeFixture, transports: list[str] | None) -> None:
    """The simple client, whose WebSocket names the server's own address as its origin."""

    def converse() -> list[Any]:
        with socketio.SimpleClient() as client:
            client.connect(realtime.url, namespace="/products", transports=transports)
            heard = [client.receive(timeout=20)]
            client.emit("subscribe_to_seller", {"seller_handle": SELLER})
            return [*heard, client.receive(timeout=20)]

    greeting, answer = await asyncio.to_thread(converse)
    assert (greeting[0], answer[0]) == ("connected", "subscribed")


async def test_websocket_client_as_documented(realtime: RealtimeFixture) -> None:
    """``create_connection`` and ``WebSocketApp``, which send the server's own address as the origin."""
    url = f"ws://127.0.0.1:{realtime.port}/products"

    def create() -> str:
        connection = websocket.create_connection(url, timeout=20, http_no_proxy=["*"])
        greeting = connection.recv()
        connection.close()
        return str(greeting)

    def run_app() -> list[str]:
        greetings: list[str] = []

        def on_message(app: websocket.WebSocketApp, message: str) -> None:
            greetings.append(message)
            app.close()

        websocket.WebSocketApp(url, on_message=on_message).run_forever(http_no_proxy=["*"])
        return greetings

    for greeting in (await asyncio.to_thread(create), *await asyncio.to_thread(run_app)):
        assert orjson.loads(greeting)["event"] == "connected"


_OWN_ORIGINS: dict[str, Callable[[str], str]] = {
    "React Native": lambda authority: f"http://{authority}",
    "Starscream": lambda authority: f"ws://{authority}",
    "a browser": lambda authority: f"http://{authority}",
    "a browser behind TLS": lambda authority: f"https://{authority}",
}


@pytest.mark.parametrize("client", _OWN_ORIGINS)
@pytest.mark.parametrize(("named", "status"), [("192.168.1.5:3002", 200), ("192.168.1.6:3002", 403)])
async def test_the_servers_own_address_as_origin(
    realtime: RealtimeFixture, client: str, named: str, status: int
) -> None:
    """It is let in by every transport, and pages may read the answers; another address is refused by every one."""
    headers = {"Host": "192.168.1.5:3002", "Origin": _OWN_ORIGINS[client](named)}
    async with http_client(realtime) as http:
        polling = await http.get("/socket.io/?EIO=4&transport=polling", headers=headers)
        async with http.stream("GET", f"/api/v1/shop/{SELLER}/events", headers=headers) as stream:
            assert (polling.status_code, stream.status_code) == (status, status)
            assert ("access-control-allow-origin" in stream.headers) is (status == 200)
    handshake = a_handshake(more=f"Origin: {headers['Origin']}\r\n").replace(b"localhost", headers["Host"].encode())
    for port in (realtime.port, realtime.gateway_port):
        async with RawClient(port) as raw:
            await raw.send(handshake)
            answer = await raw.read_until(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101" if status == 200 else b"HTTP/1.1 403")
