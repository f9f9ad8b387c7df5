"""Hostile clients: one that floods, reads nothing or disconnects costs little, and does not affect others."""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from attrs import evolve

from linkhub_core.testing.builders import a_record
from tests.adapters.realtime.fake_subscribers import settle
from tests.adapters.realtime.fake_transport import FakeTransport
from tests.adapters.realtime.raw_client import RawClient, a_frame
from tests.adapters.realtime.realtime_fixture import (
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    make_realtime,
    open_realtime,
    read_event,
    until,
)

SUBSCRIBE = '{"event":"subscribe_to_seller","data":{"seller_handle":"nalu-fashion"}}'
SINCE_EVER = '{"event":"subscribe_to_seller","data":{"seller_handle":"a","since":"1970-01-01T00:00:00Z"}}'
SOCKETIO = "/socket.io/?EIO=4&transport=websocket"
A_MESSAGE = a_frame(1, b"{}")


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


async def test_a_flood_is_read_in_turns() -> None:
    """Four kibibytes at a time, and nothing is taken in meanwhile: between them others have theirs."""
    realtime = make_realtime()
    flooding, other = (FakeTransport(realtime.gateway) for _ in range(2))
    flooding.hear(A_MESSAGE * 10_000)
    assert (realtime.hub.counters.messages_in, flooding.is_paused) == (512, True)
    other.hear(A_MESSAGE)
    assert b"invalid_message" in other.written[-1][1]
    await asyncio.sleep(0)
    assert (realtime.hub.counters.messages_in, flooding.is_paused) == (2 * 512 + 1, True)
    for _ in range(18):
        await asyncio.sleep(0)
    assert (realtime.hub.counters.messages_in, flooding.is_paused) == (10_001, False)
    flooding.hear(A_MESSAGE)
    assert realtime.hub.counters.messages_in == 10_002


async def test_what_comes_in_turns_is_cut_anywhere_and_in_order() -> None:
    """Messages of any length across the turns, and the bytes that a transport still gives after a pause."""
    realtime = make_realtime()
    transport = FakeTransport(realtime.gateway)
    statuses = [a_frame(1, b'{"event":"get_subscription_status","data":"%b"}' % (b"x" * size)) for size in range(100)]
    transport.hear(b"".join(statuses[:80]))
    assert transport.is_paused
    transport.hear(b"".join(statuses[80:]))
    await settle()
    answers = b"".join(data for _, data in transport.written)
    assert answers.count(b'"subscription_status"') == 100
    assert not transport.is_paused


async def test_a_connection_that_is_lost_in_its_turn_is_read_no_further() -> None:
    """The rest of its bytes is dropped."""
    realtime = make_realtime()
    transport = FakeTransport(realtime.gateway)
    transport.hear(A_MESSAGE * 10_000)
    transport.abort()
    await settle()
    assert realtime.hub.counters.messages_in == 512
    assert len(realtime.gateway) == 0


async def test_pings_that_come_together_are_answered_together() -> None:
    """Each has its pong, in one write."""
    transport = FakeTransport(make_realtime().gateway)
    before = len(transport.written)
    transport.hear(a_frame(9, b"?") * 500)
    assert [data for _, data in transport.written[before:]] == [b"\x8a\x01?" * 500]


@pytest.mark.parametrize(
    ("path", "greeting", "flood"),
    [
        ("/products", b"", A_MESSAGE),
        ("/products", b"", a_frame(9, b"")),
        ("/products", a_frame(1, b"", fin=False), a_frame(0, b"", fin=False)),
        ("/products", b"", a_frame(1, SINCE_EVER.encode())),
        (SOCKETIO, a_frame(1, b"40/products,"), a_frame(1, b'42/products,7["x"]')),
        (SOCKETIO, a_frame(1, b"40/products,"), a_frame(1, b"43/products,7[]")),
    ],
    ids=["messages", "pings", "empty fragments", "since 1970", "acks", "answers"],
)
async def test_others_are_answered_during_a_flood(
    realtime: RealtimeFixture, path: str, greeting: bytes, flood: bytes
) -> None:
    """Before a quarter of a megabyte of the flood has been read; the flooding client is served, too."""
    other = await realtime.connect()
    await read_event(other)
    async with RawClient(realtime.gateway_port) as flooding:
        await flooding.shake_hands(path)
        await flooding.send(greeting)
        pouring = asyncio.create_task(flooding.send(flood * (1_000_000 // len(flood))))
        await until(lambda: any(each.has_unread for each in realtime.gateway.connections))
        await other.send("?")
        assert (await read_event(other))[1]["code"] == "invalid_message"
        assert any(each.has_unread for each in realtime.gateway.connections)
        pouring.cancel()
    await until(lambda: len(realtime.gateway) == 1)
    await other.close()


@pytest.mark.parametrize("flood", [A_MESSAGE, a_frame(9, b"x" * 100)], ids=["messages", "pings"])
async def test_unread_answers_are_bounded(flood: bytes) -> None:
    """The answers to a flood count as unsent like all else, and none is written after the close frame."""
    settings = evolve(SETTINGS, max_unsent_bytes=65_536)
    async with (
        open_realtime(settings, send_buffer_bytes=4_096) as realtime,
        RawClient(realtime.gateway_port, receive_buffer_bytes=4_096) as flooding,
    ):
        await flooding.shake_hands()
        (connection,) = realtime.gateway.connections
        unsent: list[int] = []

        def closed_and_read() -> bool:
            unsent.append(connection.unsent_bytes())
            return realtime.hub.counters.slow_readers_closed == 1 and pouring.done() and not connection.has_unread

        pouring = asyncio.create_task(flooding.send(flood * (3_000_000 // len(flood))))
        await until(closed_and_read)
        assert max(unsent) < settings.max_unsent_bytes + 100_000
        realtime.sweep(settings.close_timeout_seconds + 1)
        await until(lambda: not realtime.gateway)


async def test_fragments_without_end_are_closed_with_1009(realtime: RealtimeFixture) -> None:
    """What a message may be long, its pieces may be together: it is closed when it passes that, not at its end."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        await client.send(a_frame(1, b"x" * 60_000, fin=False))
        await client.send(a_frame(0, b"x" * 60_000, fin=False))
        assert b"\x03\xf1" in await client.read_to_end()
    assert realtime.hub.counters.messages_in == 0


@pytest.mark.parametrize(
    ("asked", "answers"),
    [([b"40/products,", b"41/products,"], 10), ([b"40/nowhere,"], 10)],
    ids=["in and out", "nowhere"],
)
async def test_a_client_that_comes_and_goes_without_end_is_refused(
    realtime: RealtimeFixture, asked: list[bytes], answers: int
) -> None:
    """Ten namespaces a session: else each would come with a fresh pace."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands(SOCKETIO)
        await client.send(b"".join(a_frame(1, packet) for packet in asked * 200))
        await until(lambda: len(realtime.sockets) == 0)
        realtime.sweep(SETTINGS.close_timeout_seconds + 1)
        heard = await client.read_to_end()
    assert heard.count(b"40/products,{") + heard.count(b"44/nowhere,") == answers
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_replays_count_as_the_messages_that_ask_for_them(realtime: RealtimeFixture) -> None:
    """Since 1970, a hundred times a minute and not once more."""
    realtime.store.save(a_record())
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        for _ in range(120):
            await client.send_text(SINCE_EVER)
        heard = await client.read_until(b"rate_limited")
        while heard.count(b"rate_limited") < 20 or heard.count(b'"subscribed"') < 100:
            heard += await client.read()
        assert heard.count(b'"subscribed"') == 100


async def test_probes_of_an_upgrade_are_answered_until_its_time_is_over(realtime: RealtimeFixture) -> None:
    """However many there are; then its WebSocket is closed, and the session polls on."""
    polling = b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"
    async with RawClient(realtime.port) as poller, RawClient(realtime.port) as upgrade:
        await poller.send(polling)
        sid = (await poller.read_until(b"maxPayload")).partition(b'"sid":"')[2].partition(b'"')[0].decode()
        await upgrade.shake_hands(f"{SOCKETIO}&sid={sid}")
        await upgrade.send(a_frame(1, b"2probe") * 1_000)
        heard = b""
        while heard.count(b"3probe") < 1_000:
            heard += await upgrade.read()
        realtime.sweep(11)
        realtime.sweep(SETTINGS.close_timeout_seconds + 1)
        await upgrade.read_to_end()
        assert len(realtime.sockets) == 1


async def test_viewers_that_break_off_in_the_midst_of_a_broadcast(
    realtime: RealtimeFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of four hundred: the others get everything, nothing is left of those, and the log has nothing to tell."""
    async with AsyncExitStack() as opened:
        viewers = [await opened.enter_async_context(RawClient(realtime.gateway_port)) for _ in range(400)]
        for viewer in viewers:
            await viewer.shake_hands()
            await viewer.send_text(SUBSCRIBE)
        await until(lambda: realtime.hub.subscription_count == len(viewers))
        leaving, staying = viewers[::2], viewers[1::2]
        for viewer in leaving:
            viewer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            viewer.socket.close()
        # In one breath, before the server can know: a reset shows only when it writes.
        with caplog.at_level(logging.WARNING):
            realtime.hub.broadcast_all([an_announcement(revision=revision) for revision in range(1, 11)])
            for viewer in staying:
                heard = await viewer.read_until(b'"revision":10,')
                revisions = [heard.count(b'"revision":%d,' % revision) for revision in range(1, 11)]
                assert revisions == [1] * 10
            await until(lambda: len(realtime.gateway) == len(staying))
        assert realtime.hub.subscription_count == len(staying)
        assert caplog.records == []
