"""The cursors that a subscriber sees: each says that its holder was given every change up to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.realtime.hub.catch_up_buffer import MAX_BUFFERED
from linkhub_core.application.subscriber_session import UNSUBSCRIBE
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductRecord
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.cursor import Cursor, encode_cursor
from tests.adapters.realtime.fake_subscribers import Watcher, settle
from tests.adapters.realtime.realtime_fixture import SELLER, WITHDRAWN, RealtimeFixture, an_announcement, make_realtime

LONG_AGO = "2026-01-15T11:00:00Z"
UNKNOWN = encode_cursor(Cursor(store="other", seller_handle=SELLER, position="1"))


@pytest.fixture
async def realtime() -> RealtimeFixture:
    """The realtime room on a store without products."""
    return make_realtime()


def save(realtime: RealtimeFixture, *numbers: int, **fields: Any) -> list[Announcement]:
    """Save products; return their announcements, whose cursors are those of a store without debts."""
    return [_save(realtime, a_record(a_key(number), **fields)) for number in numbers]


def _save(realtime: RealtimeFixture, record: ProductRecord) -> Announcement:
    realtime.store.save(record)
    return announce(evolve(record, cursor=realtime.store.cursor()), NOON)


def cursors(events: list[tuple[str, Mapping[str, Any]]]) -> list[str | None]:
    """Of each event, its cursor."""
    return [data.get("cursor") for _, data in events]


def videos(events: list[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Of each event, its product; of an answer, its name."""
    return [data["product"]["video_id"] if "product" in data else event for event, data in events]


async def test_a_client_leaves_and_returns_with_the_last_cursor_wherever_it_leaves(realtime: RealtimeFixture) -> None:
    """It misses nothing, and gets nothing twice."""
    start = realtime.store.cursor()
    save(realtime, *range(5))
    for kept in range(6):
        watcher = Watcher(realtime.hub)
        watcher.subscribe(cursor=start)
        await settle()
        first = watcher.take()[: kept + 1]
        again = Watcher(realtime.hub)
        again.subscribe(cursor=cursors(first)[-1])
        await settle()
        second = again.take()
        assert second[0][1]["cursor"] == cursors(first)[-1]
        assert videos(first)[1:] + videos(second)[1:] == [a_key(number).video_id for number in range(5)]


async def test_removals_are_replayed_in_the_order_of_the_changes(realtime: RealtimeFixture) -> None:
    """Each with its own cursor, and without the product; a product that came back is an ordinary change."""
    save(realtime, 1, 2, 3)
    start = realtime.store.cursor()
    save(realtime, 1, revision=2, listing=WITHDRAWN)
    save(realtime, 2, revision=2, shown=True)
    save(realtime, 3, revision=2, listing=WITHDRAWN)
    save(realtime, 3, revision=3)
    watcher = Watcher(realtime.hub)
    watcher.subscribe(cursor=start)
    await settle()
    _, *events = watcher.take()
    assert [event for event, _ in events] == ["product_removed", "product_updated", "new_product"]
    assert events[0][1] == {
        "event_type": "product_removed",
        "event_id": f"2026-01-15T12:00:01.000Z/{a_key(1).video_id}/2",
        "revision": 2,
        "cursor": events[0][1]["cursor"],
        "seller_handle": SELLER,
        "video_id": a_key(1).video_id,
        "timestamp": "2026-01-15T12:00:00.000Z",
    }
    again = Watcher(realtime.hub)
    again.subscribe(cursor=events[0][1]["cursor"])
    await settle()
    assert videos(again.take())[1:] == [a_key(2).video_id, a_key(3).video_id]


async def test_a_late_announcement_brings_nothing_back_that_was_removed(realtime: RealtimeFixture) -> None:
    """Also if the shop had no subscriber when the product was removed. A later revision is shown."""
    realtime.hub.broadcast(an_announcement(revision=2, listing=WITHDRAWN))
    watcher = Watcher(realtime.hub)
    watcher.subscribe()
    realtime.hub.broadcast(an_announcement(revision=1))
    assert [event for event, _ in watcher.take()] == ["subscribed"]
    realtime.hub.broadcast(an_announcement(revision=3))
    assert [event for event, _ in watcher.take()] == ["new_product"]


async def test_live_events_go_on_with_the_cursors_of_their_announcements(realtime: RealtimeFixture) -> None:
    """With a cursor and without one; ``subscribed`` repeats the client's own."""
    start = realtime.store.cursor()
    with_cursor, plain = Watcher(realtime.hub), Watcher(realtime.hub)
    with_cursor.subscribe(cursor=start)
    plain.subscribe()
    await settle()
    (announcement,) = save(realtime, 1)
    realtime.hub.broadcast(announcement)
    assert cursors(with_cursor.take()) == [start, announcement.cursor]
    assert cursors(plain.take()) == [None, announcement.cursor]


@pytest.mark.parametrize("lost", ["unknown", "too much", "store", "since", "overtaken", "overflow"])
async def test_after_a_loss_no_event_has_a_cursor_until_the_client_subscribes_with_one(
    realtime: RealtimeFixture, lost: str
) -> None:
    """Whatever the loss was; subscribing without a cursor changes nothing, other subscribers keep theirs."""
    other, watcher = Watcher(realtime.hub), Watcher(realtime.hub)
    start = realtime.store.cursor()
    other.subscribe(cursor=start)
    await settle()
    if lost == "too much":
        save(realtime, *range(101))
    if lost == "store":
        realtime.store.failure = ServiceUnavailable("products", "throttled")
    realtime.store.gate.clear()
    watcher.subscribe(
        since=LONG_AGO if lost == "since" else None,
        cursor=None if lost == "since" else UNKNOWN if lost == "unknown" else start,
    )
    if lost == "overtaken":
        watcher.subscribe()
    await settle()
    if lost == "overflow":
        (announcement,) = save(realtime, 7)
        for number in range(MAX_BUFFERED + 1):
            realtime.hub.broadcast(evolve(announcement, key=a_key(number + 10)))
    realtime.store.gate.set()
    await settle()
    answers = [data["recovered"] for event, data in watcher.take() if event == "subscribed"]
    assert answers == {"since": [True], "overtaken": [False, True], "overflow": [True, False]}.get(lost, [False])
    other.take()
    realtime.store.failure = None
    for again in (False, True):
        if again:
            watcher.subscribe()
            assert cursors(watcher.take()) == [None]
        (announcement,) = save(realtime, 2_000 + again)
        realtime.hub.broadcast_all([announcement, *save(realtime, 3_000 + again)])
        assert cursors(watcher.take()) == [None, None]
        assert cursors(other.take()) == [announcement.cursor, realtime.store.cursor()]
    watcher.subscribe(cursor=realtime.store.cursor())
    await settle()
    realtime.hub.broadcast_all(save(realtime, 9_000))
    assert cursors(watcher.take())[-1] == realtime.store.cursor()


async def test_the_message_after_a_loss_decides_also_over_another_transport(realtime: RealtimeFixture) -> None:
    """A switch of the transport keeps the loss; leaving the shop and subscribing again ends it."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(cursor=UNKNOWN)
    await settle()
    realtime.hub.switch_transport(watcher.subscriber, evolve(watcher.wire_format), watcher.written.append)
    watcher.take()
    realtime.hub.broadcast_all(save(realtime, 1))
    assert cursors(watcher.take()) == [None]
    watcher.say(UNSUBSCRIBE)
    watcher.subscribe()
    watcher.take()
    realtime.hub.broadcast_all(save(realtime, 2))
    assert cursors(watcher.take()) == [realtime.store.cursor()]


async def test_what_is_announced_during_the_read_comes_after_it_with_its_cursor(realtime: RealtimeFixture) -> None:
    """Also a revision that the read found: it comes where the read has it, before later changes."""
    start = realtime.store.cursor()
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    watcher.subscribe(cursor=start)
    await settle()
    first, second = save(realtime, 1, 2)
    realtime.hub.broadcast(second)
    realtime.store.gate.set()
    await settle()
    realtime.hub.broadcast(first)
    (third,) = save(realtime, 3)
    realtime.hub.broadcast(third)
    events = watcher.take()
    assert videos(events) == ["subscribed", *(a_key(number).video_id for number in (1, 2, 3))]
    assert cursors(events) == [start, first.cursor, second.cursor, third.cursor]


async def test_lost_announcements_come_from_the_store_before_later_ones_with_cursors_that_hold(
    realtime: RealtimeFixture,
) -> None:
    """From the cursor of the shop's last event, whatever the clocks say; nothing is shown twice, or missed."""
    watcher, late = Watcher(realtime.hub), Watcher(realtime.hub)
    watcher.subscribe(cursor=realtime.store.cursor())
    await settle()
    long_ago = NOON - timedelta(days=400)
    realtime.hub.broadcast_all(save(realtime, 1, updated_at=long_ago))
    late.subscribe(cursor=realtime.store.cursor())
    await settle()
    for each in (watcher, late):
        each.take()
    lost = save(realtime, 2, 3, updated_at=long_ago)
    realtime.hub.catch_up(NOON)
    realtime.hub.broadcast_all(save(realtime, 4, updated_at=long_ago))
    await settle()
    for each in (watcher, late):
        events = each.take()
        assert videos(events) == ["subscribed", *(a_key(number).video_id for number in (2, 3, 4))]
        assert cursors(events) == [None, *(each.cursor for each in lost), realtime.store.cursor()]
        assert events[0][1]["recovered"] is True
    realtime.hub.broadcast_all(lost)
    assert watcher.take() == late.take() == []


async def test_a_second_loss_during_the_first_catch_up_misses_nothing(realtime: RealtimeFixture) -> None:
    """Its read begins where the first one did."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(cursor=realtime.store.cursor())
    await settle()
    watcher.take()
    realtime.store.gate.clear()
    save(realtime, 1)
    realtime.hub.catch_up(NOON)
    await settle()
    realtime.hub.broadcast_all(save(realtime, 2))
    save(realtime, 3)
    realtime.hub.catch_up(NOON)
    realtime.store.gate.set()
    await settle()
    assert videos(watcher.take()) == ["subscribed", *(a_key(number).video_id for number in (1, 2, 3))]


async def test_a_shop_without_a_cursor_is_caught_up_by_time(realtime: RealtimeFixture) -> None:
    """A subscriber without a cursor was there before any: it is shown what changed since; later events have none."""
    plain, later = Watcher(realtime.hub), Watcher(realtime.hub)
    plain.subscribe()
    save(realtime, 1, updated_at=NOON)
    later.subscribe(cursor=realtime.store.cursor())
    await settle()
    for each in (plain, later):
        each.take()
    realtime.hub.catch_up(datetime.fromisoformat(LONG_AGO))
    await settle()
    realtime.hub.broadcast_all(save(realtime, 2))
    events = plain.take()
    assert videos(events) == ["subscribed", a_key(1).video_id, a_key(2).video_id]
    assert cursors(events) == [None, None, None]
    assert cursors(later.take())[-1] is None


async def test_while_an_announcement_waits_for_a_decision_later_ones_have_no_cursor(realtime: RealtimeFixture) -> None:
    """A product that was deleted and saved again: the store decides whether it is shown."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(cursor=realtime.store.cursor())
    await settle()
    watcher.take()
    realtime.hub.broadcast_all(save(realtime, 1))
    again = save(realtime, 1, created_at=NOON - timedelta(hours=1))
    realtime.store.gate.clear()
    realtime.hub.broadcast_all([*again, *save(realtime, 2)])
    first = watcher.take()
    assert (videos(first), cursors(first)[1:]) == ([a_key(1).video_id, a_key(2).video_id], [None])
    realtime.store.gate.set()
    await settle()
    realtime.hub.broadcast_all(save(realtime, 3))
    events = watcher.take()
    assert videos(events) == [a_key(1).video_id, a_key(3).video_id]
    assert cursors(events) == [again[0].cursor, realtime.store.cursor()]
