"""Socket.IO by polling, request by request; and the upgrade, frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import orjson
import pytest
from attrs import define, evolve
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from linkhub_adapters.realtime.counters import RefusalReason
from linkhub_core.testing.builders import a_key, a_record
from tests.adapters.realtime.raw_client import RawClient
from tests.adapters.realtime.realtime_fixture import (
    SELLER,
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    http_client,
    open_realtime,
    until,
)

SUBSCRIBE = '42/products,["subscribe_to_seller",{"seller_handle":"' + SELLER + '"}]'


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


@pytest.fixture
async def http(realtime: RealtimeFixture) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of the room."""
    async with http_client(realtime) as client:
        yield client


@define
class Poller:
    """A session that polls."""

    http: httpx2.AsyncClient
    sid: str

    @classmethod
    async def open(cls, http: httpx2.AsyncClient) -> Poller:
        """Open a session."""
        answer = await http.get("/socket.io/?EIO=4&transport=polling")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; charset=UTF-8"
        return cls(http, orjson.loads(answer.content[1:])["sid"])

    async def poll(self) -> httpx2.Response:
        """Poll; it hangs until there is something."""
        return await self.http.get(f"/socket.io/?EIO=4&transport=polling&sid={self.sid}")

    async def post(self, body: str | bytes) -> httpx2.Response:
        """Send a payload."""
        return await self.http.post(f"/socket.io/?EIO=4&transport=polling&sid={self.sid}", content=body)

    async def join(self) -> None:
        """Connect to the namespace and subscribe."""
        assert (await self.post(f"40/products,\x1e{SUBSCRIBE}")).text == "ok"
        packets = (await self.poll()).text.split("\x1e")
        assert [packet[:13] for packet in packets] == ["40/products,{", "42/products,[", "42/products,["]

    async def open_upgrade(self, port: int) -> ClientConnection:
        """Open the WebSocket of an upgrade."""
        return await connect(f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket&sid={self.sid}")


async def test_events_come_with_the_next_poll_or_with_the_one_that_hangs(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """Several wait together, in order."""
    poller = await Poller.open(http)
    await poller.join()
    hanging = asyncio.create_task(poller.poll())
    await until(lambda: any(each.is_polling for each in realtime.sockets.clients.values()))
    realtime.hub.broadcast(an_announcement(a_record(a_key(1))))
    assert (await hanging).text.startswith('42/products,["new_product",')
    for number in (2, 3):
        realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
    packets = (await poller.poll()).text.split("\x1e")
    assert [a_key(number).video_id in packet for number, packet in zip((2, 3), packets, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("method", "query", "status", "code"),
    [
        ("GET", "EIO=4", 400, 0),
        ("GET", "EIO=4&transport=carrier-pigeon", 400, 0),
        ("GET", "EIO=3&transport=polling", 400, 5),
        ("GET", "EIO=4&transport=polling&sid=unknown", 400, 1),
        ("POST", "EIO=4&transport=polling", 400, 2),
        ("PUT", "EIO=4&transport=polling", 400, 2),
        ("DELETE", "EIO=4&transport=polling", 400, 2),
        ("GET", "EIO=4&transport=websocket", 400, 3),
    ],
)
async def test_a_request_that_makes_no_sense_is_refused_as_the_reference_server_does(
    http: httpx2.AsyncClient, method: str, query: str, status: int, code: int
) -> None:
    """With the documented code, in JSON."""
    answer = await http.request(method, f"/socket.io/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_pages_of_listed_origins_may_read_the_answers_and_others_get_none(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """The same list as for WebSockets; a refused one opens no session."""
    url = "/socket.io/?EIO=4&transport=polling"
    allowed = await http.get(url, headers={"Origin": "https://shop.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    refused = await http.get(url, headers={"Origin": "null"})
    assert (refused.status_code, refused.json()["code"]) == (403, 4)
    assert "access-control-allow-origin" not in refused.headers
    assert len(realtime.sockets) == 1
    assert realtime.hub.counters.refused == {RefusalReason.ORIGIN: 1}


async def test_a_second_poll_at_the_same_time_ends_the_session(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """The order of events would be lost; the first one ends with a close packet."""
    poller = await Poller.open(http)
    first = asyncio.create_task(poller.poll())
    await until(lambda: any(each.is_polling for each in realtime.sockets.clients.values()))
    assert (await poller.poll()).status_code == 400
    assert (await first).text == "1"
    assert len(realtime.sockets) == 0


async def test_a_client_that_gives_up_its_poll_is_forgotten(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """Its events may be lost, so it must open a new session."""
    poller = await Poller.open(http)
    await poller.join()
    hanging = asyncio.create_task(poller.poll())
    await until(lambda: any(each.is_polling for each in realtime.sockets.clients.values()))
    hanging.cancel()
    await until(lambda: len(realtime.sockets) == 0)
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_a_body_past_the_limit_is_refused_without_reading_it_all(realtime: RealtimeFixture) -> None:
    """However long it says that it will be, and the session is over."""
    async with http_client(realtime) as http:
        poller = await Poller.open(http)
    most = SETTINGS.max_polling_payload_bytes
    async with RawClient(realtime.port) as client:
        head = f"POST /socket.io/?EIO=4&transport=polling&sid={poller.sid} HTTP/1.1\r\nHost: x\r\n"
        await client.send(f"{head}Content-Length: {10 * most}\r\n\r\n".encode() + b"4" * (most + 1))
        assert (await client.read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 413")
    assert len(realtime.sockets) == 0


async def test_a_packet_past_the_limit_ends_the_session(http: httpx2.AsyncClient, realtime: RealtimeFixture) -> None:
    """The limit of a message is the same as on a WebSocket."""
    poller = await Poller.open(http)
    assert (await poller.post("4" * (SETTINGS.session.max_frame_bytes + 1))).status_code == 400
    assert len(realtime.sockets) == 0


@pytest.mark.parametrize("body", ["", "\x1e", "9", "42/products", "40/products,\x1e40/products,", "b***", b"\xff\xfe"])
async def test_garbage_ends_the_session(http: httpx2.AsyncClient, realtime: RealtimeFixture, body: str | bytes) -> None:
    """A client that breaks the protocol loses its session."""
    poller = await Poller.open(http)
    await poller.post(body)
    await poller.poll()
    await until(lambda: len(realtime.sockets) == 0)
    assert (await poller.poll()).status_code == 400


async def test_a_client_that_does_not_poll_is_forgotten_when_its_heartbeat_fails(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """One sweep looks after all sessions."""
    poller = await Poller.open(http)
    await poller.join()
    realtime.sweep(SETTINGS.ping_interval_seconds)
    assert len(realtime.sockets) == 1
    realtime.sweep(SETTINGS.ping_timeout_seconds)
    assert len(realtime.sockets) == 0
    assert realtime.hub.stats()["totalConnections"] == 0
    assert (await poller.poll()).status_code == 400


async def test_a_client_that_never_connects_to_the_namespace_is_put_out(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """It has 45 seconds, however often it polls."""
    poller = await Poller.open(http)
    realtime.sweep(SETTINGS.ping_interval_seconds)
    assert (await poller.poll()).text == "2"
    await poller.post("3")
    realtime.sweep(44 - SETTINGS.ping_interval_seconds)
    assert len(realtime.sockets) == 1
    realtime.sweep(1)
    assert (await poller.poll()).text == "1"
    assert len(realtime.sockets) == 0


async def test_a_slow_reader_is_put_out(http: httpx2.AsyncClient, realtime: RealtimeFixture) -> None:
    """A client that does not poll while more than 1 MiB arrives must open a new session."""
    poller = await Poller.open(http)
    await poller.join()
    number = 0
    while len(realtime.sockets):
        number += 1
        realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
    assert realtime.hub.counters.slow_readers_closed == 1
    assert number > SETTINGS.max_unsent_bytes // 3_000
    assert (await poller.poll()).status_code == 400


async def test_sessions_are_limited_together_and_by_address() -> None:
    """One client cannot use up the sessions of the others."""
    together = evolve(SETTINGS, max_connections=1), 503
    by_address = evolve(SETTINGS, max_connections_per_address=1), 429
    for settings, status in together, by_address:
        async with open_realtime(settings) as realtime, http_client(realtime) as http:
            await Poller.open(http)
            answer = await http.get("/socket.io/?EIO=4&transport=polling")
            assert answer.status_code == status
            assert len(realtime.sockets) == 1
            await realtime.sockets.close()
            realtime.sweep(100)
            assert len(realtime.sockets) == 0


async def test_draining_ends_polls_and_opens_no_sessions(http: httpx2.AsyncClient, realtime: RealtimeFixture) -> None:
    """A poll that hangs would hold up the HTTP server."""
    poller = await Poller.open(http)
    hanging = asyncio.create_task(poller.poll())
    await until(lambda: any(each.is_polling for each in realtime.sockets.clients.values()))
    await realtime.sockets.close()
    assert (await hanging).text == "1"
    assert (await http.get("/socket.io/?EIO=4&transport=polling")).status_code == 503


async def test_an_upgrade_moves_what_waits_and_then_the_viewer(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """Probe, the end of the poll, and the events that came in between, once and in order."""
    poller = await Poller.open(http)
    await poller.join()
    hanging = asyncio.create_task(poller.poll())
    await until(lambda: any(each.is_polling for each in realtime.sockets.clients.values()))
    async with await poller.open_upgrade(realtime.port) as client:
        await client.send("2probe")
        assert await client.recv() == "3probe"
        assert (await hanging).text == "6"
        realtime.hub.broadcast(an_announcement(a_record(a_key(1))))
        await client.send("5")
        first = await client.recv()
        realtime.hub.broadcast(an_announcement(a_record(a_key(2))))
        second = await client.recv()
        assert [a_key(number).video_id in str(text) for number, text in ((1, first), (2, second))] == [True, True]
        assert (await poller.poll()).status_code == 400
        assert realtime.hub.stats()["clientsPerTransport"] == {"socket.io websocket": 1}
    await until(lambda: len(realtime.sockets) == 0)
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_a_failed_upgrade_closes_its_websocket_and_the_session_polls_on(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """Whether the probe is wrong, never comes, or its WebSocket breaks."""
    poller = await Poller.open(http)
    await poller.join()
    wrong, silent, broken = [await poller.open_upgrade(realtime.port)], [], []
    await wrong[0].send("4hello")
    await wrong[0].wait_closed()
    silent.append(await poller.open_upgrade(realtime.port))
    await until(lambda: any(each.has_websocket for each in realtime.sockets.clients.values()))
    realtime.sweep(11)
    await silent[0].wait_closed()
    broken.append(await poller.open_upgrade(realtime.port))
    await broken[0].close()
    realtime.hub.broadcast(an_announcement())
    assert "new_product" in (await poller.poll()).text


async def test_a_second_websocket_of_a_session_is_closed_and_the_first_goes_on(
    http: httpx2.AsyncClient, realtime: RealtimeFixture
) -> None:
    """During an upgrade and after it."""
    poller = await Poller.open(http)
    await poller.join()
    async with await poller.open_upgrade(realtime.port) as first:
        await first.send("2probe")
        assert await first.recv() == "3probe"
        for _ in range(2):
            second = await poller.open_upgrade(realtime.port)
            with pytest.raises(ConnectionClosed):
                await second.recv()
            await first.send("5")
        realtime.hub.broadcast(an_announcement())
        assert "new_product" in str(await first.recv())


async def test_a_websocket_of_an_unknown_session_is_refused_in_http(realtime: RealtimeFixture) -> None:
    """With the reference server's code."""
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{realtime.port}/socket.io/?EIO=4&transport=websocket&sid=unknown")
    assert refused.value.response.status_code == 400
    assert orjson.loads(refused.value.response.body or b"")["code"] == 1
    assert realtime.hub.counters.refused == {RefusalReason.HANDSHAKE: 1}


async def test_a_websocket_whose_heartbeat_fails_is_closed(realtime: RealtimeFixture) -> None:
    """Socket.IO's own heartbeat; the WebSocket needs none beside it."""
    async with connect(f"ws://127.0.0.1:{realtime.port}/socket.io/?EIO=4&transport=websocket") as client:
        assert str(await client.recv()).startswith("0{")
        await client.send("40/products,")
        await client.recv()
        await client.recv()
        realtime.sweep(SETTINGS.ping_interval_seconds)
        assert await client.recv() == "2"
        realtime.sweep(SETTINGS.ping_timeout_seconds)
        with pytest.raises(ConnectionClosed):
            await client.recv()
    assert len(realtime.sockets) == 0
