"""The gateway: who is let in, on either port, and how all leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from attrs import evolve
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from linkhub_adapters.realtime.counters import RefusalReason
from tests.adapters.realtime.fake_transport import FakeTransport
from tests.adapters.realtime.raw_client import RawClient, a_handshake
from tests.adapters.realtime.realtime_fixture import (
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    http_client,
    make_realtime,
    open_realtime,
    read_event,
    until,
)
from tests.support import virtual_time


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


@pytest.fixture(params=["handed over", "own port"])
def port(request: pytest.FixtureRequest, realtime: RealtimeFixture) -> int:
    """Each of the two ways to the gateway."""
    return realtime.port if request.param == "handed over" else realtime.gateway_port


async def status_of(port: int, path: str, **options: str) -> int:
    """The status that a refused handshake is answered with; 101 if it is not refused."""
    try:
        async with connect(f"ws://127.0.0.1:{port}{path}", **options):  # type: ignore[arg-type]
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_both_ports_lead_to_the_same_hub(realtime: RealtimeFixture, port: int) -> None:
    """A client on either port gets the announcements."""
    client = await realtime.connect(port)
    assert (await read_event(client))[0] == "connected"
    await client.send('{"event":"subscribe_to_seller","data":{"seller_handle":"nalu-fashion"}}')
    assert (await read_event(client))[0] == "subscribed"
    announcement = an_announcement()
    realtime.hub.broadcast(announcement)
    event, data = await read_event(client)
    assert (event, data["event_id"]) == ("new_product", announcement.event_id)
    await client.close()
    await until(lambda: not realtime.gateway)


async def test_plain_http_is_answered_beside_it(realtime: RealtimeFixture) -> None:
    """One port serves pages and WebSockets at the same time."""
    client = await realtime.connect()
    async with http_client(realtime) as http:
        assert (await http.get("/")).text == "hello"
    assert (await read_event(client))[0] == "connected"
    await client.close()


@pytest.mark.parametrize("path", ["/", "/product", "/products/", "/PRODUCTS", "/products/../products", "/socket.io/x"])
async def test_nothing_is_at_another_path(realtime: RealtimeFixture, port: int, path: str) -> None:
    """It is a 404, and counted."""
    assert await status_of(port, path) == 404
    assert realtime.hub.counters.refused == {RefusalReason.PATH: 1}


async def test_the_path_of_socketio_may_lack_its_slash(port: int) -> None:
    """As with ``addTrailingSlash: false``."""
    assert await status_of(port, "/socket.io?EIO=4&transport=websocket") == 101


async def test_products_without_a_handshake_is_426(port: int) -> None:
    """On either port, with what to upgrade to."""
    async with RawClient(port) as client:
        await client.send(b"GET /products HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = await client.read_until(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 426")
    assert b"upgrade: websocket" in answer.lower()


@pytest.mark.parametrize(
    ("header_bytes", "status"), [(60_000, b"101"), (66_000, b"4"), (200_000, b"4")], ids=["fits", "too long", "huge"]
)
async def test_a_head_of_64_kib_is_taken(port: int, header_bytes: int, status: bytes) -> None:
    """Of one line or of many; a longer one is refused, as for plain HTTP."""
    for lines in (1, 60):
        more = "".join(f"Cookie: c={'x' * (header_bytes // lines - 10)}\r\n" for _ in range(lines))
        async with RawClient(port) as client:
            await client.send(a_handshake(more=more))
            assert (await client.read_until(b"\r\n"))[9:].startswith(status)


async def test_the_first_subprotocol_is_named(port: int) -> None:
    """A browser fails a connection whose subprotocols are not answered."""
    async with RawClient(port) as client:
        answer = await client.shake_hands(more="Sec-WebSocket-Protocol: shop.v2, shop.v1\r\n")
    assert b"Sec-WebSocket-Protocol: shop.v2\r\n" in answer


async def test_a_query_is_no_part_of_the_path(port: int) -> None:
    """Clients append what they like."""
    assert await status_of(port, "/products?token=7") == 101


@pytest.mark.parametrize("origin", ["null", "https://shop.example.evil.example", "http://shop.example"])
async def test_pages_of_other_origins_are_refused(realtime: RealtimeFixture, port: int, origin: str) -> None:
    """With a 403, on each path, and counted."""
    assert await status_of(port, "/products", origin=origin) == 403
    assert await status_of(port, "/socket.io/?EIO=4&transport=websocket", origin=origin) == 403
    assert realtime.hub.counters.refused == {RefusalReason.ORIGIN: 2}


async def test_pages_of_a_listed_origin_are_let_in(port: int) -> None:
    """The list allows it."""
    assert await status_of(port, "/products", origin="https://shop.example") == 101


async def test_two_origins_in_one_request_must_both_be_listed(realtime: RealtimeFixture) -> None:
    """A second origin cannot hide behind the first."""
    async with RawClient(realtime.gateway_port) as client:
        answer = await client.shake_hands(more="Origin: https://shop.example\r\nOrigin: https://evil.example\r\n")
    assert answer.startswith(b"HTTP/1.1 403")


async def test_connections_of_one_address_are_limited() -> None:
    """One more than allowed is a 429, until another one leaves."""
    async with open_realtime(evolve(SETTINGS, max_connections_per_address=2)) as realtime:
        first, second = await realtime.connect(), await realtime.connect(realtime.gateway_port)
        assert await status_of(realtime.port, "/products") == 429
        assert realtime.hub.counters.refused == {RefusalReason.ADDRESS: 1}
        await first.close()
        await until(lambda: len(realtime.gateway) == 1)
        assert await status_of(realtime.port, "/products") == 101
        await second.close()


async def test_all_connections_together_are_limited() -> None:
    """One more than allowed is a 503."""
    async with open_realtime(evolve(SETTINGS, max_connections=1)) as realtime:
        client = await realtime.connect()
        assert await status_of(realtime.gateway_port, "/products") == 503
        assert realtime.hub.counters.refused == {RefusalReason.CAPACITY: 1}
        await client.close()


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /products HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /products HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
async def test_a_request_that_is_no_handshake_is_refused(realtime: RealtimeFixture, request_text: str) -> None:
    """It is answered in HTTP, and the connection ends."""
    async with RawClient(realtime.gateway_port) as client:
        await client.send(request_text.encode())
        assert (await client.read_to_end()).startswith(b"HTTP/1.1 4")
    await until(lambda: not realtime.gateway)
    assert realtime.hub.counters.refused == {RefusalReason.HANDSHAKE: 1}


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"x" * 70_000, b"GET\r\n\r\n", b"\r\n\r\n"])
async def test_garbage_instead_of_a_handshake_ends_the_connection(realtime: RealtimeFixture, garbage: bytes) -> None:
    """A TLS greeting, a line without end, half a line."""
    async with RawClient(realtime.gateway_port) as client:
        await client.send(garbage)
        await client.read_to_end()
    await until(lambda: not realtime.gateway)
    assert realtime.hub.counters.refused == {RefusalReason.HANDSHAKE: 1}


async def test_a_handshake_that_does_not_come_in_time_is_cut(realtime: RealtimeFixture) -> None:
    """Not before its time, and however slowly it trickles in."""
    async with RawClient(realtime.gateway_port) as client:
        await client.send(b"GET /products HTTP/1.1\r\n")
        await until(lambda: len(realtime.gateway) == 1)
        realtime.sweep(SETTINGS.handshake_timeout_seconds - 1)
        await client.send(b"Host: localhost\r\n")
        assert len(realtime.gateway) == 1
        realtime.sweep(2.0)
        assert await client.read_to_end() == b""
    assert realtime.hub.counters.refused == {RefusalReason.TIMEOUT: 1}


async def test_a_handshake_may_come_byte_by_byte_with_a_message_behind_it(realtime: RealtimeFixture) -> None:
    """What TCP makes of it does not matter, and neither does an eager client."""
    async with RawClient(realtime.gateway_port) as client:
        text = "GET /products HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        text += "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        for byte in text[:-1]:
            await client.send(byte.encode())
        await client.send(b"\n" + b"\x81\x80\0\0\0\0")
        assert b"invalid_message" in await client.read_until(b"invalid_message")


async def test_draining_closes_all_with_1001_and_refuses_new_ones(realtime: RealtimeFixture) -> None:
    """Of every way; and it is over when all are gone."""
    clients = [await realtime.connect(), await realtime.connect(realtime.gateway_port)]
    for client in clients:
        await read_event(client)
    draining = asyncio.create_task(realtime.gateway.close())
    for client in clients:
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001
    await draining
    assert len(realtime.gateway) == 0
    assert realtime.hub.stats()["totalConnections"] == 0
    assert await status_of(realtime.port, "/products") == 503
    assert realtime.hub.counters.refused == {RefusalReason.DRAINING: 1}


def test_draining_is_spread_evenly() -> None:
    """Ten over a second: one each tenth, all with 1001, and no new one meanwhile."""

    async def main() -> None:
        realtime = make_realtime()
        leaving = [FakeTransport(realtime.gateway) for _ in range(10)]
        draining = asyncio.create_task(realtime.gateway.close(spread_seconds=1.0))
        await asyncio.sleep(0.5)
        refused = FakeTransport(realtime.gateway)
        assert refused.written[0][1].startswith(b"HTTP/1.1 503")
        refused.abort()
        await draining
        assert sorted(transport.closed_at for transport in leaving) == pytest.approx(
            [tenth * 0.1 for tenth in range(10)]
        )
        assert {transport.close_code for transport in leaving} == {1001}

    virtual_time.run(main())


async def test_draining_can_be_spread_and_ends_with_who_does_not_go() -> None:
    """A client that ignores its close frame is cut."""
    async with (
        open_realtime(evolve(SETTINGS, close_timeout_seconds=0.05)) as realtime,
        RawClient(realtime.port) as stubborn,
    ):
        await stubborn.shake_hands()
        clients = [await realtime.connect() for _ in range(3)]
        await realtime.gateway.close(spread_seconds=0.2)
        assert len(realtime.gateway) == 0
        for client in clients:
            await client.wait_closed()
            assert client.close_code == 1001


async def test_a_gateway_without_connections_closes_at_once(realtime: RealtimeFixture) -> None:
    """Closing again changes nothing: no connection is accepted any more."""
    await realtime.gateway.close()
    await realtime.gateway.close()
    with pytest.raises((OSError, WebSocketException)):
        await realtime.connect()
    await until(lambda: not realtime.gateway)
