"""One WebSocket: what may come, what is too much, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from websockets.exceptions import ConnectionClosed

from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.testing.builders import a_key, a_record
from tests.adapters.realtime.raw_client import RawClient, a_frame
from tests.adapters.realtime.realtime_fixture import (
    SELLER,
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    open_realtime,
    read_event,
    until,
)

SUBSCRIBE = '{"event":"subscribe_to_seller","data":{"seller_handle":"' + SELLER + '"}}'


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


async def closed_with(client: RawClient) -> int:
    """The code of the close frame that ends a connection."""
    data = await client.read_to_end()
    start = data.rindex(b"\x88")
    return int.from_bytes(data[start + 2 : start + 4], "big")


async def test_a_message_in_fragments_is_one_message(realtime: RealtimeFixture) -> None:
    """With a ping between them, which is answered at once."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        whole = SUBSCRIBE.encode()
        await client.send(a_frame(1, whole[:10], fin=False) + a_frame(9, b"?") + a_frame(0, whole[10:20], fin=False))
        assert b"\x8a\x01?" in await client.read_until(b"\x8a\x01?")
        await client.send(a_frame(0, whole[20:]))
        await client.read_until(b'"subscribed"')


async def test_the_longest_message_is_taken_and_one_byte_more_closes_with_1009(realtime: RealtimeFixture) -> None:
    """Whether it comes in one frame or in several."""
    longest = SessionLimits().max_frame_bytes
    for frames in ([a_frame(1, b" " * (longest + 1))], [a_frame(1, b" " * longest, fin=False), a_frame(0, b" ")]):
        async with RawClient(realtime.port) as client:
            await client.shake_hands()
            await client.send(a_frame(1, SUBSCRIBE.encode().ljust(longest)))
            await client.read_until(b'"subscribed"')
            await client.send(b"".join(frames))
            assert await closed_with(client) == 1009
    await until(lambda: not realtime.gateway)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (a_frame(1, b"\xff\xfe"), 1007),
        (a_frame(1, b"x", masked=False), 1002),
        (a_frame(3, b"x"), 1002),
        (a_frame(0, b"x"), 1002),
        (b"\xf1\x81\0\0\0\0x", 1002),
        (a_frame(9, b"x" * 126), 1002),
        (a_frame(1, b"a", fin=False) + a_frame(1, b"b"), 1002),
    ],
)
async def test_frames_against_the_protocol_close_the_connection(
    realtime: RealtimeFixture, frames: bytes, code: int
) -> None:
    """With the close code of the fault; other connections are not affected."""
    other = await realtime.connect()
    await read_event(other)
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        await client.send(frames)
        assert await closed_with(client) == code
    await other.send("?")
    assert (await read_event(other))[1]["code"] == "invalid_message"
    await other.close()


async def test_a_flood_of_empty_fragments_keeps_nothing(realtime: RealtimeFixture) -> None:
    """A hundred thousand of them are one small message."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        await client.send(a_frame(1, b"", fin=False) + a_frame(0, b"", fin=False) * 100_000 + a_frame(0, b"?"))
        assert (await client.read_until(b"invalid_message")).count(b"invalid_message") == 1
        assert realtime.hub.stats()["totalConnections"] == 1


async def test_a_silent_connection_is_pinged_and_one_that_does_not_answer_is_closed(realtime: RealtimeFixture) -> None:
    """Whatever it says proves that it lives; what is silent for both times together is gone."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        await until(lambda: realtime.hub.stats()["totalConnections"] == 1)
        realtime.sweep(SETTINGS.ping_interval_seconds + 1)
        await client.read_until(b"\x89\x00")
        await client.send(a_frame(10, b""))
        await client.send(b"")
        await client.send_text("?")
        await client.read_until(b"invalid_message")
        realtime.sweep(SETTINGS.ping_timeout_seconds + 1)
        assert realtime.hub.stats()["totalConnections"] == 1
        realtime.sweep(SETTINGS.ping_interval_seconds + 1)
        await client.read_until(b"\x89\x00")
        realtime.sweep(SETTINGS.ping_timeout_seconds + 1)
        assert await closed_with(client) == 1011
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_a_client_that_answers_pings_stays(realtime: RealtimeFixture) -> None:
    """The library's own client, through several rounds."""
    client = await realtime.connect()
    await read_event(client)
    for _ in range(3):
        realtime.sweep(SETTINGS.ping_interval_seconds + 1)
        await client.send("?")
        assert (await read_event(client))[0] == "error"
    assert realtime.hub.stats()["totalConnections"] == 1
    await client.close()


async def test_a_slow_reader_is_closed_and_no_other_waits_for_it(realtime: RealtimeFixture) -> None:
    """As soon as more than 1 MiB waits it sees no more; it is cut a moment later. The others got everything."""
    other = await realtime.connect(max_queue=None)
    await read_event(other)
    await other.send(SUBSCRIBE)
    await read_event(other)
    async with RawClient(realtime.port, receive_buffer_bytes=4_096) as slow:
        await slow.shake_hands()
        await slow.send_text(SUBSCRIBE)
        await until(lambda: realtime.hub.subscription_count == 2)
        sent = 0
        while not realtime.hub.counters.slow_readers_closed:
            sent += 1
            realtime.hub.broadcast(an_announcement(a_record(a_key(sent))))
            assert (await read_event(other))[0] == "new_product"
        assert realtime.hub.subscription_count == 1
        waiting = next(each for each in realtime.gateway.connections if each.deadline < float("inf"))
        assert waiting.unsent_bytes() < SETTINGS.max_unsent_bytes + 10_000
        realtime.sweep(SETTINGS.close_timeout_seconds + SETTINGS.sweep_interval_seconds)
        await until(lambda: len(realtime.gateway) == 1)
    assert realtime.hub.counters.slow_readers_closed == 1
    await other.close()


async def test_a_slow_reader_that_reads_after_all_finds_1013(realtime: RealtimeFixture) -> None:
    """Behind all that waited, so that it knows why, and comes back."""
    async with RawClient(realtime.port, receive_buffer_bytes=4_096) as slow:
        await slow.shake_hands()
        await slow.send_text(SUBSCRIBE)
        await until(lambda: realtime.hub.subscription_count == 1)
        number = 0
        while not realtime.hub.counters.slow_readers_closed:
            number += 1
            realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
        assert (await slow.read_until(b"\x03\xf5too slow")).endswith(b"\x03\xf5too slow")


async def test_a_client_that_closes_is_answered_and_forgotten(realtime: RealtimeFixture) -> None:
    """With its own code; and one that just leaves is forgotten as well."""
    client = await realtime.connect()
    await client.close(4_000, "bye")
    assert client.close_code == 4_000
    async with RawClient(realtime.port) as leaving:
        await leaving.shake_hands()
    await until(lambda: not realtime.gateway)
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_nothing_is_read_after_a_close_frame(realtime: RealtimeFixture) -> None:
    """Bytes after it are dropped."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands()
        await client.send(a_frame(8, b"\x03\xe8") + a_frame(1, SUBSCRIBE.encode()))
        assert await closed_with(client) == 1000
    assert realtime.hub.subscription_count == 0


async def test_both_sides_may_close_at_once(realtime: RealtimeFixture) -> None:
    """What the server closes for comes in one piece with the client's own close frame: that one counts."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands("/socket.io/?EIO=4&transport=websocket")
        await client.send(a_frame(1, b"no packet") + a_frame(8, b"\x0f\xa0"))
        assert await closed_with(client) == 4_000
    await until(lambda: not realtime.gateway)
    assert len(realtime.sockets) == 0


async def test_a_closed_connection_takes_no_more_events(realtime: RealtimeFixture) -> None:
    """Announcements during the close are not sent to it."""
    client = await realtime.connect()
    await read_event(client)
    await client.send(SUBSCRIBE)
    await read_event(client)
    (connection,) = realtime.gateway.connections
    connection.close(1001, "away")
    connection.close(1001, "away again")
    realtime.hub.broadcast(an_announcement())
    with pytest.raises(ConnectionClosed):
        await client.recv()
    assert realtime.hub.counters.deliveries == 0
