"""Server-Sent Events: a stream that resumes where it broke."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from attrs import define, evolve

from linkhub_adapters.realtime.counters import RefusalReason
from linkhub_adapters.realtime.endpoints.event_stream import resume_point
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.testing.builders import NOON, a_caption, a_key, a_record
from linkhub_core.wire.cursor import Cursor, encode_cursor
from tests.adapters.realtime.raw_client import RawClient
from tests.adapters.realtime.realtime_fixture import (
    PATIENCE_SECONDS,
    SELLER,
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    http_client,
    make_realtime,
    open_realtime,
    until,
)

PATH = f"/api/v1/shop/{SELLER}/events"


@define
class Reader:
    """Reads records, as fields by their names."""

    response: httpx2.Response
    lines: AsyncIterator[str]

    async def read(self) -> dict[str, str]:
        """The next record; a comment is one without fields."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self.lines:
                if not line:
                    return fields
                name, _, value = line.partition(":")
                if name:
                    fields[name] = value.removeprefix(" ")
        raise EOFError


@asynccontextmanager
async def reading(realtime: RealtimeFixture, path: str = PATH, **headers: str) -> AsyncIterator[Reader]:
    """Open a stream; ``connected`` and ``subscribed`` are still to be read."""
    async with http_client(realtime) as http, http.stream("GET", path, headers=headers) as response:
        yield Reader(response, response.aiter_lines())


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


async def test_events_have_an_id_a_name_and_the_event_as_data(realtime: RealtimeFixture) -> None:
    """The id is the cursor. ``connected``, and ``subscribed`` without a cursor, have none."""
    async with reading(realtime) as reader:
        assert reader.response.headers["content-type"] == "text/event-stream"
        assert [(await reader.read())["event"] for _ in range(2)] == ["connected", "subscribed"]
        announcement = an_announcement(cursor="abc")
        realtime.hub.broadcast(announcement)
        record = await reader.read()
        assert record == {
            "id": "abc",
            "event": "new_product",
            "data": announcement.event_json.decode(),
        }
        assert realtime.hub.stats()["clientsPerTransport"] == {"sse": 1}
    await until(lambda: not len(realtime.streams))
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_streams_of_readers_that_accept_gzip_are_compressed(realtime: RealtimeFixture) -> None:
    """Each event can be read at once; heartbeats, too; the stream ends as gzip does, and others get plain text."""
    gzip, plain = {"Accept-Encoding": "br, gzip;q=0.5, zstd"}, {"Accept-Encoding": "identity"}
    async with reading(realtime, **gzip) as packed, reading(realtime, **plain) as bare:
        assert packed.response.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in bare.response.headers
        for reader in (packed, bare):
            assert "Accept-Encoding" in reader.response.headers["vary"]
            assert [(await reader.read())["event"] for _ in range(2)] == ["connected", "subscribed"]
        for number in range(3):
            announcement = an_announcement(a_record(a_key(number), caption=a_caption(raw_caption="a caption " * 100)))
            realtime.hub.broadcast(announcement)
            for reader in (packed, bare):
                assert (await reader.read())["data"] == announcement.event_json.decode()
        realtime.sweep(realtime.settings.heartbeat_seconds)
        assert await packed.read() == await bare.read() == {}
        assert packed.response.num_bytes_downloaded < bare.response.num_bytes_downloaded / 2
        await realtime.streams.close()
        assert [line async for line in packed.lines] == []


async def test_a_client_that_returns_gets_the_missed_products(realtime: RealtimeFixture) -> None:
    """From the moment in ``Last-Event-ID``, less the margin for clocks that differ."""
    seen = a_record(a_key(1), updated_at=NOON - timedelta(seconds=6))
    realtime.store.save(seen, a_record(a_key(2), updated_at=NOON - timedelta(seconds=4)), a_record(a_key(3)))
    async with reading(realtime, **{"Last-Event-ID": f"2026-01-15T12:00:00.000Z/{a_key(1).video_id}/1"}) as reader:
        await reader.read()
        assert orjson.loads((await reader.read())["data"])["recovered"] is True
        videos = [orjson.loads((await reader.read())["data"])["product"]["video_id"] for _ in range(2)]
        assert videos == [a_key(2).video_id, a_key(3).video_id]


async def test_since_may_stand_in_the_query(realtime: RealtimeFixture) -> None:
    """For a page that has loaded the shop and now opens its stream."""
    realtime.store.save(a_record())
    async with reading(realtime, f"{PATH}?since=2026-01-15T11:00:00Z") as reader:
        assert [(await reader.read())["event"] for _ in range(3)] == ["connected", "subscribed", "new_product"]


@pytest.mark.parametrize(
    ("last_event_id", "resume"),
    [
        ("2026-01-15T12:00:00.000Z/7301234567890421596/1", {"since": "2026-01-15T11:59:55.000Z"}),
        ("/7301234567890421596/1", {"since": None, "cursor": "def"}),
        ("0001-01-01T00:00:00Z/a/1", {"since": "0001-01-01T00:00:00.000Z"}),
        ("abc", {"cursor": "abc"}),
        (None, {"since": None, "cursor": "def"}),
        ("", {"since": None, "cursor": "def"}),
    ],
)
def test_the_last_event_id_is_a_cursor_or_of_the_old_form_a_time(
    last_event_id: str | None, resume: dict[str, str | None]
) -> None:
    """It counts more than the parameters of the address."""
    assert resume_point(last_event_id, {"cursor": "def"}) == resume


async def test_a_stream_goes_on_from_its_last_id(realtime: RealtimeFixture) -> None:
    """Each id is a cursor: of the page, then of an event. After an unknown cursor the client is to forget its own."""
    page = realtime.store.cursor()
    realtime.store.save(a_record(a_key(1)))
    async with reading(realtime, f"{PATH}?cursor={page}") as reader:
        records = [await reader.read() for _ in range(3)]
        assert [record.get("id") for record in records] == [None, page, realtime.store.cursor()]
    realtime.store.save(a_record(a_key(2)))
    last_id = {"Last-Event-ID": records[2]["id"]}
    async with reading(realtime, f"{PATH}?cursor={page}", **last_id) as reader:
        records = [await reader.read() for _ in range(3)]
        assert orjson.loads(records[2]["data"])["product"]["video_id"] == a_key(2).video_id
    unknown = encode_cursor(Cursor(store="other", seller_handle=SELLER, position="1"))
    async with reading(realtime, f"{PATH}?cursor={unknown}") as reader:
        records = [await reader.read() for _ in range(2)]
        assert records[1]["id"] == ""
        assert orjson.loads(records[1]["data"])["recovered"] is False
        realtime.hub.broadcast(an_announcement(cursor=realtime.store.cursor()))
        assert "id" not in await reader.read()


async def test_a_quiet_stream_has_a_heartbeat(realtime: RealtimeFixture) -> None:
    """A comment each 15 seconds, not before."""
    async with reading(realtime) as reader:
        await reader.read()
        await reader.read()
        realtime.sweep(14)
        realtime.hub.broadcast(an_announcement())
        assert (await reader.read())["event"] == "new_product"
        realtime.sweep(1)
        assert await reader.read() == {}
        realtime.sweep(14)
        realtime.hub.broadcast(an_announcement(revision=2, shown=True))
        assert (await reader.read())["event"] == "product_updated"


async def test_a_slow_reader_is_cut_off(realtime: RealtimeFixture) -> None:
    """Once more than 1 MiB waits for it; no other client waits."""
    async with RawClient(realtime.port, receive_buffer_bytes=4_096) as slow, reading(realtime) as reader:
        await reader.read()
        await reader.read()
        await slow.send(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await until(lambda: realtime.hub.subscription_count == 2)
        number = 0
        while len(realtime.streams) == 2:
            number += 1
            realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
            assert (await reader.read())["event"] == "new_product"
        assert realtime.hub.counters.slow_readers_closed == 1
        assert realtime.hub.subscription_count == 1
        # Nothing is kept of it, though it is still there and reads nothing.
        await until(lambda: len(realtime.http_connections) == 1)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux cuts those who take nothing")
async def test_who_takes_nothing_for_long_is_cut_however_little_waits() -> None:
    """By the kernel, whether it has vanished or just does not read; clients that read continue."""
    settings = evolve(SETTINGS, ping_interval_seconds=0.2, ping_timeout_seconds=0.2)
    async with open_realtime(settings) as realtime, reading(realtime) as reader:
        async with RawClient(realtime.port, receive_buffer_bytes=4_096) as slow:
            await slow.send(f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await until(lambda: len(realtime.streams) == 2)
            for stream in list(realtime.streams.streams):
                stream.write(b"data: " + b"x" * 500_000 + b"\n\n")
            for _ in range(3):
                await reader.read()
            await until(lambda: len(realtime.streams) == 1)
        assert realtime.hub.counters.slow_readers_closed == 0
        realtime.hub.broadcast(an_announcement())
        assert (await reader.read())["event"] == "new_product"


async def test_what_a_slow_reader_leaves_behind_is_little() -> None:
    """The HTTP server gets a slice at a time: what it has taken cannot be taken back when the reader is cut off."""
    streams = make_realtime().streams
    stream = streams.open("192.0.2.1")
    taken: list[bytes] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        taken.append(message["body"])
        await asyncio.Event().wait()

    record = b"x" * 30_000
    for _ in range(SETTINGS.max_unsent_bytes // len(record) + 1):
        stream.write(record)
    assert stream.too_slow.is_set()
    pumping = asyncio.create_task(stream.pump(send))
    await until(lambda: taken)
    pumping.cancel()
    assert taken == [record * 3]


async def test_all_that_waits_is_sent_in_order_and_then_the_end() -> None:
    """Slices lose nothing, and a record of any size is one of them."""
    stream = make_realtime().streams.open("192.0.2.1")
    taken: list[bytes] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        taken.append(message["body"])

    records = [
        bytes([number]) * size_bytes for number, size_bytes in enumerate([1, 200_000, 40_000, 40_000, 40_000, 2])
    ]
    for record in records:
        stream.write(record)
    stream.end()
    await stream.pump(send)
    assert b"".join(taken) == b"".join(records)
    assert [len(part) for part in taken] == [200_001, 80_000, 40_002, 0]
    assert stream.unsent_bytes() == 0


async def test_draining_ends_streams_and_opens_none(realtime: RealtimeFixture) -> None:
    """What waits still comes; the end is the response's own, so that the client reconnects."""
    async with reading(realtime) as reader:
        await reader.read()
        await reader.read()
        realtime.hub.broadcast(an_announcement())
        await realtime.streams.close()
        assert (await reader.read())["event"] == "new_product"
        with pytest.raises(EOFError):
            await reader.read()
    async with http_client(realtime) as http:
        assert (await http.get(PATH)).status_code == 503


async def test_pages_of_listed_origins_may_read_it_and_others_may_not(realtime: RealtimeFixture) -> None:
    """The same list as everywhere."""
    async with reading(realtime, Origin="https://shop.example") as reader:
        assert reader.response.headers["access-control-allow-origin"] == "https://shop.example"
    async with http_client(realtime) as http:
        assert (await http.get(PATH, headers={"Origin": "https://evil.example"})).status_code == 403
    assert realtime.hub.counters.refused == {RefusalReason.ORIGIN: 1}


@pytest.mark.parametrize(
    ("settings", "status"),
    [(evolve(SETTINGS, max_connections=1), 503), (evolve(SETTINGS, max_connections_per_address=1), 429)],
)
async def test_streams_are_limited_together_and_by_address(settings: RealtimeSettings, status: int) -> None:
    """One more than allowed is refused until another one leaves."""
    async with open_realtime(settings) as realtime, http_client(realtime) as http:
        async with reading(realtime):
            assert (await http.get(PATH)).status_code == status
        await until(lambda: not len(realtime.streams))
        async with reading(realtime) as reader:
            assert (await reader.read())["event"] == "connected"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/shop/no%20handle/events",
        f"{PATH}?since=yesterday",
        f"{PATH}?cursor=garbage",
        f"{PATH}?since=2026-01-15&cursor={encode_cursor(Cursor(store='s', seller_handle=SELLER, position='1'))}",
    ],
)
async def test_a_request_that_breaks_a_rule_is_an_invalid_query(realtime: RealtimeFixture, path: str) -> None:
    """Which the HTTP application answers, as for every other route."""
    async with http_client(realtime) as http:
        assert (await http.get(path)).status_code == 400


async def test_head_is_answered_and_opens_nothing(realtime: RealtimeFixture) -> None:
    """A link checker is no client."""
    async with http_client(realtime) as http:
        assert (await http.head(PATH)).status_code == 200
    assert realtime.hub.counters.connections_opened == 0
