"""Announcements that arrive together are written together, with all guarantees of single ones."""

from __future__ import annotations

import pytest
from attrs import evolve

from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.channel import MAX_WRITE_BYTES
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET, SOCKETIO_POLLING, WIRE_FORMATS, WireFormat
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import a_key, a_record
from tests.adapters.realtime.fake_subscribers import settle
from tests.adapters.realtime.realtime_fixture import SELLER, an_announcement, make_realtime

NEWS = [an_announcement(a_record(a_key(number))) for number in range(3)]


@pytest.fixture
async def hub() -> Hub:
    """A hub over an empty store."""
    return make_realtime().hub


def _viewer(hub: Hub, dialect: WireFormat, seller_handle: str = SELLER) -> list[bytes]:
    """A client of a shop, and what is written to it from now on."""
    written: list[bytes] = []
    viewer = hub.connect(dialect, written.append, lambda: 0)
    hub.receive(viewer, "subscribe_to_seller", {"seller_handle": seller_handle})
    written.clear()
    return written


@pytest.mark.parametrize("dialect", WIRE_FORMATS, ids=[dialect.name for dialect in WIRE_FORMATS])
async def test_it_writes_what_broadcasts_one_by_one_would(hub: Hub, dialect: WireFormat) -> None:
    """The very bytes: in one write where the dialect's forms are bytes, else in as many as there are."""
    written = _viewer(hub, dialect)
    hub.broadcast_all(NEWS)
    forms = [dialect.encode(announcement) for announcement in NEWS]
    assert written == (forms if dialect is SOCKETIO_POLLING else [b"".join(forms)])
    assert (hub.counters.broadcasts, hub.counters.deliveries) == (3, 3)


async def test_a_write_stays_small(hub: Hub) -> None:
    """However much comes together, what is written at once does not grow with it."""
    written = _viewer(hub, PLAIN_WEBSOCKET)
    news = [an_announcement(a_record(a_key(number))) for number in range(300)]
    hub.broadcast_all(news)
    assert b"".join(written) == b"".join(PLAIN_WEBSOCKET.encode(each) for each in news)
    assert max(map(len, written)) <= MAX_WRITE_BYTES
    assert 1 < len(written) < 50
    assert hub.counters.deliveries == 300


async def test_repeats_and_other_shops_are_left_out(hub: Hub) -> None:
    """A copy in the same batch or in a later one is dropped; each shop's clients get their own."""
    written, others = _viewer(hub, PLAIN_WEBSOCKET), _viewer(hub, PLAIN_WEBSOCKET, "another-shop")
    elsewhere = an_announcement(a_record(evolve(a_key(9), seller_handle="another-shop")))
    hub.broadcast_all([NEWS[0], elsewhere, NEWS[0], NEWS[1]])
    hub.broadcast_all([NEWS[1], NEWS[0]])
    assert written == [PLAIN_WEBSOCKET.encode(NEWS[0]) + PLAIN_WEBSOCKET.encode(NEWS[1])]
    assert others == [PLAIN_WEBSOCKET.encode(elsewhere)]
    assert hub.counters.repeats_dropped == 3


async def test_who_leaves_during_a_write_is_written_to_no_more(hub: Hub) -> None:
    """A reader that turns out too slow goes in the midst of the loop, and the others get everything."""
    news = [an_announcement(a_record(a_key(number))) for number in range(300)]
    gone: list[bytes] = []

    def write(data: bytes) -> None:
        gone.append(data)
        if len(gone) > 1:
            hub.disconnect(leaver)

    leaver = hub.connect(PLAIN_WEBSOCKET, write, lambda: 0)
    gone.clear()
    stays = _viewer(hub, PLAIN_WEBSOCKET)
    hub.receive(leaver, "subscribe_to_seller", {"seller_handle": SELLER})
    hub.broadcast_all(news)
    assert len(gone) == 2
    assert b"".join(stays) == b"".join(PLAIN_WEBSOCKET.encode(each) for each in news)


async def test_one_that_cannot_be_shown_keeps_no_other_from_its_viewers(hub: Hub) -> None:
    """It is raised when all others have been shown."""

    def encode(announcement: Announcement) -> bytes:
        if announcement is NEWS[1]:
            raise ValueError("a bug")
        return bytes(PLAIN_WEBSOCKET.encode(announcement))

    written = _viewer(hub, evolve(PLAIN_WEBSOCKET, encode=encode))
    others = _viewer(hub, PLAIN_WEBSOCKET, "another-shop")
    elsewhere = an_announcement(a_record(evolve(a_key(9), seller_handle="another-shop")))
    with pytest.raises(ValueError, match="a bug"):
        hub.broadcast_all([*NEWS, elsewhere])
    assert written == [PLAIN_WEBSOCKET.encode(NEWS[0]), PLAIN_WEBSOCKET.encode(NEWS[2])]
    assert others == [PLAIN_WEBSOCKET.encode(elsewhere)]


async def test_what_a_viewer_has_seen_in_a_replay_is_not_shown_to_it_again() -> None:
    """It came to it before it was announced; the others get it with the rest."""
    realtime = make_realtime()
    realtime.store.save(a_record(a_key(1)))
    seen: list[bytes] = []
    viewer = realtime.hub.connect(PLAIN_WEBSOCKET, seen.append, lambda: 0)
    realtime.hub.receive(viewer, "subscribe_to_seller", {"seller_handle": SELLER, "since": "2026-01-15T11:00:00Z"})
    await settle()
    assert a_key(1).video_id.encode() in seen[-1]
    seen.clear()
    written = _viewer(realtime.hub, PLAIN_WEBSOCKET)
    realtime.hub.broadcast_all(NEWS)
    assert b"".join(seen) == PLAIN_WEBSOCKET.encode(NEWS[0]) + PLAIN_WEBSOCKET.encode(NEWS[2])
    assert b"".join(written) == b"".join(map(PLAIN_WEBSOCKET.encode, NEWS))
    assert realtime.hub.counters.deliveries == 6
