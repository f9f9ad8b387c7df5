"""A hostile HTTP client: what it sends without end, or never, is bounded; and no request outlives its connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from linkhub_adapters.realtime.server.uvicorn_server import HttpConnection
from tests.adapters.realtime.raw_client import RawClient, a_handshake
from tests.adapters.realtime.realtime_fixture import SELLER, RealtimeFixture, http_client, open_realtime, until

STREAM = f"GET /api/v1/shop/{SELLER}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode()
HELLO = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MEBIBYTE = 1_048_576


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room, whose others are served all the while."""
    async with open_realtime() as opened:
        yield opened
        async with http_client(opened) as http:
            assert (await http.get("/")).text == "hello"


async def pour(client: RawClient, data: bytes) -> None:
    """Send it all, unless the connection is cut before."""
    try:
        await client.send(data)
    except ConnectionError:
        return


@pytest.mark.parametrize(
    ("begin", "endless"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"x" * MEBIBYTE),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"a: b\r\n" * (MEBIBYTE // 6)),
        (b"GET /", b"x" * MEBIBYTE),
        (CHUNKED + b"0\r\n", b"a: b\r\n" * (MEBIBYTE // 6)),
        (CHUNKED + b"0\r\n", b"a: " + b"x" * MEBIBYTE),
    ],
    ids=["header", "headers", "url", "trailers", "trailer"],
)
async def test_a_head_without_end_is_refused(realtime: RealtimeFixture, begin: bytes, endless: bytes) -> None:
    """After 64 KiB and whatever came with them, and the connection is closed."""
    async with RawClient(realtime.port) as client:
        await client.send(begin)
        await pour(client, endless)
        answer = await client.read_to_end()
    assert b"hello" not in answer
    await until(lambda: not realtime.http_connections)


async def test_a_head_that_is_too_long_is_refused_in_one_piece_as_well(realtime: RealtimeFixture) -> None:
    """What TCP makes of it does not matter; one that is long enough for any cookie is taken."""
    async with RawClient(realtime.port) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 60_000 + b"\r\n\r\n")
        assert (await client.read_until(b"hello")).startswith(b"HTTP/1.1 200")
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 65_536 + b"\r\n\r\n")
        assert (await client.read_to_end()).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    ("begin", "drop"),
    [
        (b"G", b""),
        (b"GET /", b"x"),
        (b"GET / HTTP/1.1\r\nA: ", b"x"),
        (b"\r\n", b"\r\n"),
        (HELLO, b"\r\n"),
        (HELLO + b"GET /", b"x"),
        (CHUNKED + b"5000\r\n", b"x"),
    ],
    ids=["a letter", "a url", "a header", "empty lines", "answered", "the next", "an unread body"],
)
async def test_a_client_that_sends_no_head_in_time_is_cut(
    realtime: RealtimeFixture, begin: bytes, drop: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it trickles in: the time runs from the connection, or from what came after an answer."""
    monkeypatch.setattr(HttpConnection, "head_timeout_seconds", 0.1)
    async with RawClient(realtime.port) as client:
        await client.send(begin)
        trickling = asyncio.create_task(_trickle(client, drop))
        assert b"400 Bad Request" not in await client.read_to_end()
        trickling.cancel()
    await until(lambda: not realtime.http_connections)


async def _trickle(client: RawClient, drop: bytes) -> None:
    while True:
        await asyncio.sleep(0.02)
        await pour(client, drop)


async def test_a_connection_that_was_opened_in_advance_is_kept(
    realtime: RealtimeFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load balancers open connections before they need them; the time for a head begins with its first byte."""
    monkeypatch.setattr(HttpConnection, "head_timeout_seconds", 0.05)
    async with RawClient(realtime.port) as early, RawClient(realtime.port) as late:
        await early.send(b"G")
        assert await early.read_to_end() == b""
        await late.send(HELLO)
        assert (await late.read_until(b"hello")).startswith(b"HTTP/1.1 200")


async def test_a_connection_that_sends_nothing_ends_with_the_keep_alive() -> None:
    """As one between two requests does."""
    async with open_realtime(keep_alive_seconds=0.05) as realtime, RawClient(realtime.port) as client:
        assert await client.read_to_end() == b""


async def test_an_upgrade_to_http2_is_passed_over(realtime: RealtimeFixture, caplog: pytest.LogCaptureFixture) -> None:
    """Java's client asks for it in each request, and uses the connection again; the log says nothing of it."""
    asking = HELLO[:-2] + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n\r\n"
    async with RawClient(realtime.port) as client:
        for _ in range(3):
            await client.send(asking)
            assert (await client.read_until(b"hello")).startswith(b"HTTP/1.1 200")
    assert caplog.records == []


async def test_an_answer_may_take_longer_than_a_head(
    realtime: RealtimeFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream and a WebSocket outlive it."""
    monkeypatch.setattr(HttpConnection, "head_timeout_seconds", 0.05)
    async with RawClient(realtime.port) as stream, RawClient(realtime.port) as websocket:
        await stream.send(STREAM)
        await websocket.shake_hands()
        async with RawClient(realtime.port) as silent:
            assert await silent.read_to_end() == b""
        assert len(realtime.streams) == 1
        await websocket.send_text("?")
        await websocket.read_until(b"invalid_message")


async def test_few_requests_may_wait_behind_one_and_no_more(realtime: RealtimeFixture) -> None:
    """Sixteen are answered in turn; thousands behind a stream would be memory for nothing."""
    async with RawClient(realtime.port) as client:
        await client.send(HELLO * 17)
        answers = b""
        while answers.count(b"hello") < 17:
            answers += await client.read()
    async with RawClient(realtime.port) as client:
        await pour(client, STREAM + HELLO * 10_000)
        await client.read_to_end()
    await until(lambda: not realtime.http_connections and not len(realtime.streams))
    assert realtime.hub.stats()["totalConnections"] == 0


async def test_a_stream_with_a_request_behind_it_is_forgotten_with_its_connection(realtime: RealtimeFixture) -> None:
    """The request in work learns of the disconnection, not only the last request."""
    async with RawClient(realtime.port) as client:
        await client.send(STREAM + HELLO)
        await until(lambda: len(realtime.streams) == 1)
    # What is behind it keeps uvicorn from reading; the next heartbeats detect the disconnection.
    for _ in range(3):
        realtime.sweep(realtime.settings.heartbeat_seconds)
        await asyncio.sleep(0.01)
    await until(lambda: not len(realtime.streams))
    assert realtime.hub.stats()["totalConnections"] == 0


@pytest.mark.parametrize("behind", [a_handshake(), b"\x00garbage"], ids=["handshake", "garbage"])
async def test_what_cannot_be_answered_behind_a_stream_cuts_it(realtime: RealtimeFixture, behind: bytes) -> None:
    """An answer in the midst of another would be read as part of it, and the stream would have no owner."""
    async with RawClient(realtime.port) as client:
        await client.send(STREAM)
        await client.read_until(b"event: subscribed")
        await client.send(behind)
        assert b"HTTP/1.1" not in await client.read_to_end()
    await until(lambda: not len(realtime.streams) and not realtime.gateway)
    assert realtime.hub.stats()["totalConnections"] == 0


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 1_000,
        b"CONNECT a:443 HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n" + b"x" * 1_000,
        b"GET /products HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n" + b"GARBAGE" * 9,
        a_handshake().replace(b"GET", b"POST") + b"\x00" * 500,
    ],
)
async def test_garbage_ends_the_connection_and_leaves_no_traceback(
    realtime: RealtimeFixture, garbage: bytes, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it is the client's affair."""
    monkeypatch.setattr(HttpConnection, "head_timeout_seconds", 0.2)
    with caplog.at_level(logging.DEBUG):
        async with RawClient(realtime.port) as client:
            await client.send(garbage)
            await client.read_to_end()
        await until(lambda: not realtime.http_connections and not realtime.gateway)
    assert [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR] == []
