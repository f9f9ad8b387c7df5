"""The limits of a connection, with their defaults, over real connections of each transport."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import httpx2
import orjson
import pytest
from attrs import evolve
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from linkhub_adapters.realtime.counters import RefusalReason
from linkhub_adapters.realtime.endpoints.admission import TransportKind
from linkhub_core.application.subscriber_session import SessionLimits
from tests.adapters.realtime.raw_client import RawClient, a_frame, a_handshake
from tests.adapters.realtime.realtime_fixture import SETTINGS, RealtimeFixture, http_client, open_realtime, until

SOCKETIO = "/socket.io/?EIO=4&transport=websocket"
POLLING = "/socket.io/?EIO=4&transport=polling"


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room with every limit at its default."""
    async with open_realtime() as opened:
        yield opened


def plain(handle: str) -> str:
    """A subscription over the plain WebSocket."""
    return orjson.dumps({"event": "subscribe_to_seller", "data": {"seller_handle": handle}}).decode()


def packet(handle: str) -> str:
    """A subscription over Socket.IO."""
    return "42/products," + orjson.dumps(["subscribe_to_seller", {"seller_handle": handle}]).decode()


def outcomes(answers: Sequence[str]) -> Counter[str]:
    """How often each of these was answered."""
    known = ("subscribed", "too_many_subscriptions", "rate_limited")
    return Counter(name for answer in answers for name in known if f'"{name}"' in answer)


async def test_fifty_subscriptions_over_a_plain_websocket(realtime: RealtimeFixture) -> None:
    """The next one is an error, an old one is taken again, and one that is given up makes room."""
    async with connect(f"ws://127.0.0.1:{realtime.port}/products", compression=None) as client:
        await client.recv()
        for number in range(51):
            await client.send(plain(f"shop-{number}"))
        assert outcomes([str(await client.recv()) for _ in range(51)]) == {
            "subscribed": 50,
            "too_many_subscriptions": 1,
        }
        assert realtime.hub.subscription_count == 50
        await client.send(plain("shop-7"))
        assert '"subscribed"' in str(await client.recv())
        await client.send('{"event":"unsubscribe","data":{"seller_handle":"shop-7"}}')
        await client.recv()
        await client.send(plain("shop-50"))
        assert '"subscribed"' in str(await client.recv())
        assert realtime.hub.subscription_count == 50
    await until(lambda: realtime.hub.subscription_count == 0)


async def test_fifty_subscriptions_over_socketio_on_a_websocket(realtime: RealtimeFixture) -> None:
    """The connection goes on."""
    async with connect(f"ws://127.0.0.1:{realtime.port}{SOCKETIO}", compression=None) as client:
        await client.send("40/products,")
        for _ in range(3):
            await client.recv()
        for number in range(51):
            await client.send(packet(f"shop-{number}"))
        assert outcomes([str(await client.recv()) for _ in range(51)]) == {
            "subscribed": 50,
            "too_many_subscriptions": 1,
        }
        assert realtime.hub.subscription_count == 50


async def test_fifty_subscriptions_and_a_hundred_messages_by_polling(realtime: RealtimeFixture) -> None:
    """However many come in one payload; the session goes on."""
    async with http_client(realtime) as http:
        sid = orjson.loads((await http.get(POLLING)).content[1:])["sid"]
        url = f"{POLLING}&sid={sid}"
        await http.post(
            url, content="\x1e".join(["40/products,", *(packet(f"shop-{number}") for number in range(120))])
        )
        answers = (await http.get(url)).text.split("\x1e")
        assert outcomes(answers) == {"subscribed": 50, "too_many_subscriptions": 50, "rate_limited": 20}
        assert len(realtime.sockets) == 1


@pytest.mark.parametrize("path", ["/products", SOCKETIO])
async def test_a_hundred_messages_a_minute_on_a_websocket(realtime: RealtimeFixture, path: str) -> None:
    """The next are errors until time has passed; the connection is not closed."""
    async with connect(f"ws://127.0.0.1:{realtime.port}{path}", compression=None) as client:
        if path == SOCKETIO:
            await client.send("40/products,")
            await client.recv()
            await client.recv()
        await client.recv()
        message = plain("a") if path == "/products" else packet("a")
        for _ in range(103):
            await client.send(message)
        assert outcomes([str(await client.recv()) for _ in range(103)]) == {"subscribed": 100, "rate_limited": 3}
        realtime.monotonic.now += 0.6
        await client.send(message)
        assert '"subscribed"' in str(await client.recv())


@pytest.mark.parametrize("path", ["/products", SOCKETIO])
async def test_a_frame_of_64_kib_and_no_more(realtime: RealtimeFixture, path: str) -> None:
    """On each kind of WebSocket, by its own length, before the whole of it has come."""
    most = SessionLimits().max_frame_bytes
    assert most == 65_536
    async with RawClient(realtime.port) as client:
        await client.shake_hands(path)
        await client.send(a_frame(1, b" " * (most + 1))[:20])
        heard = await client.read_to_end()
        assert b"\x03\xf1" in heard
    await until(lambda: not realtime.gateway)


async def test_who_never_joins_a_namespace_on_a_websocket_is_put_out(realtime: RealtimeFixture) -> None:
    """After 45 seconds, however well its heart beats; it was never a client."""
    async with connect(f"ws://127.0.0.1:{realtime.port}{SOCKETIO}", compression=None) as client:
        await client.recv()
        realtime.sweep(SETTINGS.ping_interval_seconds)
        assert await client.recv() == "2"
        await client.send("3")
        await client.send("40/nowhere,")
        assert str(await client.recv()).startswith("44/nowhere,")
        realtime.sweep(44 - SETTINGS.ping_interval_seconds)
        assert len(realtime.sockets) == 1
        realtime.sweep(1)
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert len(realtime.sockets) == 0
    assert realtime.hub.counters.connections_opened == 0


async def test_the_limit_by_address_counts_each_address_alone() -> None:
    """For all polling sessions and all event streams; a client that leaves makes room."""
    stream = "/api/v1/shop/nalu-fashion/events"
    async with (
        open_realtime(evolve(SETTINGS, max_connections_per_address=2)) as realtime,
        http_client(realtime) as here,
    ):
        elsewhere = httpx2.AsyncHTTPTransport(local_address="127.0.0.2")
        async with httpx2.AsyncClient(base_url=realtime.url, transport=elsewhere) as there:
            for _ in range(2):
                assert (await here.get(POLLING)).status_code == 200
            assert (await here.get(POLLING)).status_code == 429
            assert (await there.get(POLLING)).status_code == 200
            async with here.stream("GET", stream), here.stream("GET", stream):
                assert (await here.get(stream)).status_code == 429
                async with there.stream("GET", stream) as other:
                    assert other.status_code == 200
            await until(lambda: not len(realtime.streams))
            async with here.stream("GET", stream) as again:
                assert again.status_code == 200
        assert realtime.hub.counters.refused == {RefusalReason.ADDRESS: 2}


async def test_an_upgrade_from_another_address_is_counted_where_it_comes_from(realtime: RealtimeFixture) -> None:
    """A phone that changes networks: the session's id lets it in; in the end nothing is counted any more."""
    async with http_client(realtime) as http:
        sid = orjson.loads((await http.get(POLLING)).content[1:])["sid"]
        await http.post(f"{POLLING}&sid={sid}", content="40/products,")
    moved = socket.create_connection(("127.0.0.1", realtime.port), source_address=("127.0.0.3", 0))
    moved.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(moved, a_handshake(f"{SOCKETIO}&sid={sid}"))
    await until(lambda: len(realtime.gateway) == 1)
    await loop.sock_sendall(moved, a_frame(1, b"2probe") + a_frame(1, b"5"))
    await until(lambda: realtime.hub.stats()["clientsPerTransport"] == {"socket.io websocket": 1})
    websocket, polling = (TransportKind.WEBSOCKET, "127.0.0.3"), (TransportKind.POLLING, "127.0.0.1")
    assert realtime.gateway.admission.by_address == {websocket: 1, polling: 1}
    moved.close()
    await until(lambda: not realtime.gateway and not len(realtime.sockets))
    assert not realtime.gateway.admission.by_address
