"""permessage-deflate: which offers are accepted, what is sent compressed, and what a client may send."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import orjson
import pytest
from attrs import evolve
from websockets.asyncio.client import connect
from websockets.datastructures import Headers
from websockets.server import ServerProtocol

from linkhub_adapters.realtime.endpoints.compression_offer import SharedDeflate
from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.testing.builders import a_caption, a_record
from tests.adapters.realtime.raw_client import RawClient, a_frame
from tests.adapters.realtime.realtime_fixture import (
    SELLER,
    SETTINGS,
    RealtimeFixture,
    an_announcement,
    open_realtime,
    read_event,
)

OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
SUBSCRIBE = b'{"event":"subscribe_to_seller","data":{"seller_handle":"%b"}}' % SELLER.encode()
RSV1 = 0x40


@pytest.fixture
async def realtime() -> AsyncIterator[RealtimeFixture]:
    """An open room."""
    async with open_realtime() as opened:
        yield opened


def deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def ended(data: bytes) -> bytes:
    """With a final block (RFC 7692, section 7.2.3.4)."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush() + b"\x00"


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        (["permessage-deflate"], ANSWER),
        (["permessage-deflate; client_max_window_bits"], ANSWER),
        (['permessage-deflate; client_max_window_bits="10"'], ANSWER),
        (["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], ANSWER),
        (["permessage-deflate; server_max_window_bits=15"], ANSWER + "; server_max_window_bits=15"),
        (["permessage-deflate; server_max_window_bits=12"], ANSWER + "; server_max_window_bits=12"),
        (["permessage-deflate; server_max_window_bits=11"], None),
        (["permessage-deflate; server_max_window_bits=8"], None),
        (["permessage-deflate; server_max_window_bits=9, permessage-deflate"], ANSWER),
        (["permessage-deflate; server_max_window_bits=9", "permessage-deflate"], ANSWER),
        (["permessage-deflate, permessage-deflate; server_max_window_bits=12"], ANSWER),
        (["x-webkit-deflate-frame, permessage-deflate; client_max_window_bits"], ANSWER),
        (["permessage-bzip2"], None),
        (["permessage-deflate; server_max_window_bits"], None),
        (["permessage-deflate; server_max_window_bits=16"], None),
        (["permessage-deflate; server_max_window_bits=012"], None),
        (["permessage-deflate; client_max_window_bits=7"], None),
        (["permessage-deflate; server_no_context_takeover=1"], None),
        (["permessage-deflate; server_no_context_takeover; server_no_context_takeover"], None),
        (["permessage-deflate; level=9"], None),
        ([], None),
    ],
)
def test_an_offer_is_met_or_declined(offers: list[str], answer: str | None) -> None:
    """The first that can be met; each parameter as RFC 7692 has it."""
    headers = Headers([("Sec-WebSocket-Extensions", offer) for offer in offers])
    given, extensions = ServerProtocol(extensions=[SharedDeflate()]).process_extensions(headers)
    assert given == answer
    assert len(extensions) == (answer is not None)


@pytest.mark.parametrize(
    "header", ["permessage-deflate;;", "=", "permessage-deflate; a=\x22", ",,", "permessage-deflate; é"]
)
async def test_a_malformed_header_is_no_offer(realtime: RealtimeFixture, header: str) -> None:
    """The connection is open, without compression."""
    async with RawClient(realtime.port) as client:
        await client.send(b"")
        answer = await client.shake_hands(more=f"Sec-WebSocket-Extensions: {header}\r\n")
        assert answer.startswith(b"HTTP/1.1 101")
        assert b"permessage" not in answer
        await client.send(a_frame(1, SUBSCRIBE))
        await client.read_until(b'"subscribed"')


async def test_nobody_compresses_when_it_is_off() -> None:
    """And a compressed frame is then a fault of the client."""
    async with open_realtime(evolve(SETTINGS, compression=False)) as realtime, RawClient(realtime.port) as client:
        assert b"permessage" not in await client.shake_hands(more=OFFER)
        await client.send(a_frame(RSV1 | 1, deflate(SUBSCRIBE)))
        assert b"\x88" in await client.read_to_end()


async def test_events_are_compressed_once_and_answers_are_not(realtime: RealtimeFixture) -> None:
    """All compressing readers get the same bytes, which a small window is enough for; others get the plain frame."""
    announcement = an_announcement(a_record(caption=a_caption(raw_caption="a caption " * 400)))
    received: list[bytes] = []
    for offer in (OFFER, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n", ""):
        async with RawClient(realtime.gateway_port) as client:
            await client.shake_hands(more=offer)
            await client.send(a_frame(1, SUBSCRIBE))
            assert b"\x81" in await client.read_until(b'"recovered":true')
            realtime.hub.broadcast(evolve(announcement, revision=announcement.revision + len(received)))
            received.append(await client.read())
    assert [data[0] for data in received] == [0xC1, 0xC1, 0x81]
    assert received[0] == received[1]
    assert len(received[0]) < len(received[2]) / 3
    text = zlib.decompressobj(wbits=-12).decompress(received[0][4:] + b"\x00\x00\xff\xff")
    assert orjson.loads(text) == {"event": "new_product", "data": orjson.loads(announcement.event_json)}


async def test_what_a_client_compresses_is_read(realtime: RealtimeFixture) -> None:
    """In one frame or in several, with a ping between them, beside messages that are not compressed."""
    data = deflate(SUBSCRIBE)
    fragments = [
        a_frame(RSV1 | 1, data[:7], fin=False),
        a_frame(9, b"?"),
        a_frame(0, data[7:9], fin=False),
        a_frame(0, data[9:]),
    ]
    split_end = [a_frame(RSV1 | 1, ended(SUBSCRIBE)[:-1], fin=False), a_frame(0, b"\x00", fin=False), a_frame(0, b"")]
    for frames in (
        [a_frame(RSV1 | 1, data)],
        fragments,
        [a_frame(RSV1 | 1, ended(SUBSCRIBE))],
        split_end,
        [a_frame(1, SUBSCRIBE)],
    ):
        async with RawClient(realtime.port) as client:
            await client.shake_hands(more=OFFER)
            for _ in range(2):
                await client.send(b"".join(frames))
                await client.read_until(b'"subscribed"')


@pytest.mark.parametrize("is_fragmented", [False, True])
async def test_the_limit_of_a_message_counts_decompressed_bytes(realtime: RealtimeFixture, is_fragmented: bool) -> None:
    """The longest is taken; one byte more closes with 1009, and so does a bomb of a thousand times the limit."""
    longest = SessionLimits().max_frame_bytes

    def frames(message: bytes) -> bytes:
        data = deflate(message)
        if not is_fragmented:
            return a_frame(RSV1 | 1, data)
        return a_frame(RSV1 | 1, data[:20], fin=False) + a_frame(0, data[20:])

    for message in (b" " * (longest + 1), b" " * (longest * 60)):
        async with RawClient(realtime.port) as client:
            await client.shake_hands(more=OFFER)
            await client.send(frames(SUBSCRIBE.ljust(longest)))
            await client.read_until(b'"subscribed"')
            await client.send(frames(message))
            assert b"\x03\xf1" in await client.read_to_end()  # 1009


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (a_frame(RSV1 | 1, b"\xff\xff\xff\xff"), 1002),
        (a_frame(RSV1 | 1, deflate(b"\xff\xfe")), 1007),
        (a_frame(RSV1 | 9, b"?"), 1002),
        (a_frame(RSV1 | 8, b""), 1002),
        (a_frame(0x20 | 1, b"x"), 1002),
        (a_frame(1, b"a", fin=False) + a_frame(RSV1, b"b"), 1002),
        (a_frame(RSV1 | 1, deflate(b"a"), fin=False) + a_frame(RSV1, b"b"), 1002),
        (a_frame(RSV1 | 1, ended(b"a"), fin=False) + a_frame(0, bytes(60_000), fin=False), 1002),
    ],
)
async def test_compressed_frames_against_the_protocol_close_the_connection(
    realtime: RealtimeFixture, frames: bytes, code: int
) -> None:
    """Control frames are never compressed, only the first frame of a message says that it is, and nothing follows its
    end: a limit counts what is decompressed, and that would count for none."""
    async with RawClient(realtime.port) as client:
        await client.shake_hands(more=OFFER)
        await client.send(frames)
        data = await client.read_to_end()
        start = data.rindex(b"\x88")
        assert int.from_bytes(data[start + 2 : start + 4], "big") == code


async def test_the_client_of_websockets(realtime: RealtimeFixture) -> None:
    """With its defaults: events, and a long message of its own."""
    async with connect(f"ws://127.0.0.1:{realtime.port}/products") as client:
        assert [extension.name for extension in client.protocol.extensions] == ["permessage-deflate"]
        await client.send(SUBSCRIBE.decode().ljust(5_000))
        assert [(await read_event(client))[0] for _ in range(2)] == ["connected", "subscribed"]
        announcement = an_announcement()
        realtime.hub.broadcast(announcement)
        assert (await read_event(client))[1] == orjson.loads(announcement.event_json)
