"""Missed products, then live events: no gap, and none twice."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from linkhub_adapters.realtime.hub.catch_up import MAX_WAITING_ANSWERS
from linkhub_adapters.realtime.hub.catch_up_buffer import MAX_BUFFERED
from linkhub_adapters.realtime.hub.channel import MAX_REPLAYED, Channel
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET
from linkhub_core.application.subscriber_session import GET_STATUS, UNSUBSCRIBE
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.builders import NOON, a_key, a_record
from tests.adapters.realtime.fake_subscribers import Watcher, settle
from tests.adapters.realtime.realtime_fixture import SELLER, SETTINGS, RealtimeFixture, an_announcement, make_realtime

SINCE = "2026-01-15T11:00:00Z"


@pytest.fixture
async def realtime() -> RealtimeFixture:
    """A room whose store holds two products, the second changed first."""
    made = make_realtime()
    made.store.save(
        a_record(a_key(1), updated_at=NOON + timedelta(seconds=9)),
        a_record(a_key(2), revision=3, shown=True, updated_at=NOON),
    )
    return made


async def test_what_was_missed_follows_the_answer_oldest_change_first(realtime: RealtimeFixture) -> None:
    """``subscribed`` says that all of it follows, then it does."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=SINCE)
    await settle()
    events = watcher.take()
    assert [event for event, _ in events] == ["subscribed", "product_updated", "new_product"]
    assert events[0][1]["recovered"] is True
    assert events[1][1]["product"]["video_id"] == a_key(2).video_id
    assert watcher.acknowledged == [events[0][1]]


async def test_only_what_changed_later_is_missed(realtime: RealtimeFixture) -> None:
    """``since`` is a moment: what changed at it or before is known."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=NOON.isoformat())
    await settle()
    assert watcher.take_revisions() == [(a_key(1).video_id, 1)]


async def test_what_is_announced_during_the_read_follows_the_replay(realtime: RealtimeFixture) -> None:
    """It waits, and comes after what was missed; the same revision is not shown twice, a newer one instead."""
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    watcher.subscribe(since=SINCE)
    await settle()
    realtime.hub.broadcast(an_announcement(a_record(a_key(3))))
    realtime.hub.broadcast(an_announcement(a_record(a_key(1), updated_at=NOON + timedelta(seconds=9))))
    realtime.hub.broadcast(an_announcement(a_record(a_key(2), revision=4)))
    assert watcher.take() == []
    realtime.store.gate.set()
    await settle()
    first, second, third = (a_key(number).video_id for number in (1, 2, 3))
    assert watcher.take_revisions() == [(first, 1), (third, 1), (second, 4)]
    realtime.hub.broadcast(an_announcement(a_record(a_key(3), revision=2)))
    assert watcher.take_revisions() == [(third, 2)]


async def test_a_replayed_revision_is_not_shown_again_when_it_is_announced(realtime: RealtimeFixture) -> None:
    """A client that caught up before the announcement has seen it, one that was live has not."""
    live, late = Watcher(realtime.hub), Watcher(realtime.hub)
    live.subscribe()
    live.take()
    late.subscribe(since=SINCE)
    await settle()
    assert len(late.take_revisions()) == 2
    realtime.hub.broadcast(an_announcement(a_record(a_key(1))))
    assert (len(live.take_revisions()), late.take_revisions()) == (1, [])
    realtime.hub.broadcast(an_announcement(a_record(a_key(1), revision=2)))
    assert (len(live.take_revisions()), len(late.take_revisions())) == (1, 1)


async def test_an_older_revision_that_is_announced_late_is_not_shown_after_a_newer_one(
    realtime: RealtimeFixture,
) -> None:
    """Revisions only grow, wherever they come from."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=SINCE)
    await settle()
    assert (a_key(2).video_id, 3) in watcher.take_revisions()
    for revision in (1, 2, 3, 4):
        realtime.hub.broadcast(an_announcement(a_record(a_key(2), revision=revision)))
    assert watcher.take_revisions() == [(a_key(2).video_id, 4)]


async def test_more_than_a_hundred_missed_are_not_replayed(realtime: RealtimeFixture) -> None:
    """The answer says so, and the client is live."""
    realtime.store.save(*(a_record(a_key(number)) for number in range(101)))
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=SINCE)
    await settle()
    ((event, data),) = watcher.take()
    assert (event, data["recovered"]) == ("subscribed", False)
    realtime.hub.broadcast(an_announcement(a_record(a_key(500))))
    assert len(watcher.take_revisions()) == 1


async def test_exactly_a_hundred_missed_are_replayed(realtime: RealtimeFixture) -> None:
    """The limit itself is allowed."""
    realtime.store.save(*(a_record(a_key(number)) for number in range(100)))
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=SINCE)
    await settle()
    assert watcher.acknowledged[0]["recovered"] is True
    assert len(watcher.take_revisions()) == 100


@pytest.mark.parametrize("failure", [ServiceUnavailable("products", "throttled"), RuntimeError("a bug")])
async def test_a_store_that_fails_costs_the_replay_and_nothing_else(
    realtime: RealtimeFixture, failure: Exception
) -> None:
    """The client gets ``recovered: false``, and live events; the journal has the reason."""
    realtime.store.failure = failure
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=SINCE)
    await settle()
    assert watcher.acknowledged[0]["recovered"] is False
    (entry,) = realtime.journal.of(ActivityFailed)
    assert (entry.activity, entry.transient) == ("replay", isinstance(failure, ServiceUnavailable))
    watcher.take()
    realtime.hub.broadcast(an_announcement())
    assert len(watcher.take_revisions()) == 1


async def test_asking_again_is_answered_again_with_what_was_missed(realtime: RealtimeFixture) -> None:
    """Also for a shop that is watched already; it stays one subscription."""
    watcher = Watcher(realtime.hub)
    for _ in range(2):
        watcher.subscribe(since=SINCE)
        await settle()
        assert [event for event, _ in watcher.take()] == ["subscribed", "product_updated", "new_product"]
    realtime.hub.broadcast(an_announcement(a_record(a_key(9))))
    assert len(watcher.take_revisions()) == 1
    assert realtime.hub.subscription_count == 1


async def test_a_request_that_a_later_one_overtakes_is_answered_first_and_not_recovered(
    realtime: RealtimeFixture,
) -> None:
    """Before its answer is known. The last one is carried out."""
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    for _ in range(3):
        watcher.subscribe(since=SINCE)
        await settle()
    assert [data["recovered"] for _, data in watcher.take()] == [False, False]
    realtime.store.gate.set()
    await settle()
    assert [event for event, _ in watcher.take()] == ["subscribed", "product_updated", "new_product"]
    assert [data["recovered"] for data in watcher.acknowledged] == [False, False, True]


async def test_subscribing_leaving_and_subscribing_in_one_breath_ends_subscribed(realtime: RealtimeFixture) -> None:
    """As React's StrictMode does: each message is answered in order, and what was missed follows the last answer."""
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since=SINCE)
    watcher.say(UNSUBSCRIBE, {"seller_handle": SELLER})
    watcher.subscribe(since=SINCE)
    await settle()
    events = watcher.take()
    assert [event for event, _ in events] == [
        "subscribed", "unsubscribed", "subscribed", "product_updated", "new_product",
    ]  # fmt: skip
    assert [data["recovered"] for event, data in events if event == "subscribed"] == [False, True]
    realtime.hub.broadcast(an_announcement(a_record(a_key(9))))
    assert len(watcher.take_revisions()) == 1
    assert realtime.hub.stats()["clientsPerSeller"] == {SELLER: 1}


async def test_a_request_during_a_replay_does_not_cost_the_rest_of_it(realtime: RealtimeFixture) -> None:
    """The first answer promised that everything follows, so everything follows, with or without a second `since`."""
    for again in (None, SINCE):
        watcher = Watcher(realtime.hub)
        watcher.unsent = SETTINGS.max_unsent_bytes
        watcher.subscribe(since=SINCE)
        await settle()
        assert watcher.take_revisions() == [(a_key(2).video_id, 3)]
        watcher.subscribe(since=again)
        watcher.unsent = 0
        await settle()
        shown = watcher.take_revisions()
        assert shown == ([(a_key(2).video_id, 3)] if again else []) + [(a_key(1).video_id, 1)]
        assert [data["recovered"] for data in watcher.acknowledged] == [True, True]


async def test_answers_wait_for_the_answers_to_earlier_messages(realtime: RealtimeFixture) -> None:
    """Also for other shops, whose events wait with them; nothing else does."""
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    watcher.subscribe(since=SINCE)
    watcher.subscribe("another-shop")
    watcher.say(GET_STATUS)
    watcher.say("?")
    await settle()
    realtime.hub.broadcast(an_announcement(a_record(a_key(1, "another-shop"))))
    assert watcher.take() == []
    realtime.store.gate.set()
    await settle()
    events = watcher.take()
    answers = [event for event, data in events if "revision" not in data]
    assert answers == ["subscribed", "subscribed", "subscription_status", "error"]
    assert len(events) == len(answers) + 3
    position = [data.get("seller_handle") for _, data in events].index("another-shop")
    shown = [data["product"]["seller_handle"] for _, data in events[:position] if "revision" in data]
    assert "another-shop" not in shown


async def test_a_flood_of_messages_does_not_wait_for_a_read(realtime: RealtimeFixture) -> None:
    """So many answers wait and no more; then the request that they wait for is answered, not recovered."""
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    watcher.subscribe(since=SINCE)
    for _ in range(MAX_WAITING_ANSWERS):
        watcher.say("?")
    events = watcher.take()
    assert events[0][1]["recovered"] is False
    assert len(events) == MAX_WAITING_ANSWERS + 1
    realtime.store.gate.set()
    await settle()
    realtime.hub.broadcast(an_announcement(a_record(a_key(9))))
    assert (a_key(9).video_id, 1) in watcher.take_revisions()


async def test_a_subscriber_that_leaves_while_it_catches_up_is_written_nothing_more(realtime: RealtimeFixture) -> None:
    """Neither one that leaves the shop nor one that disconnects; no task is left of either, not even the read's."""
    realtime.store.gate.clear()
    leaving, gone = Watcher(realtime.hub), Watcher(realtime.hub)
    others = asyncio.all_tasks()
    for watcher in (leaving, gone):
        watcher.subscribe(since=SINCE)
    await settle()
    leaving.say(UNSUBSCRIBE)
    assert [event for event, _ in leaving.take()] == ["subscribed", "unsubscribed"]
    realtime.hub.disconnect(gone.subscriber)
    await settle()
    assert asyncio.all_tasks() == others
    realtime.store.gate.set()
    await settle()
    assert leaving.take() == gone.take() == []
    assert realtime.hub.stats()["clientsPerSeller"] == {}


async def test_subscribing_and_disconnecting_in_one_breath_leaves_no_task_and_no_log_line(
    realtime: RealtimeFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """However many connections do it."""
    others = asyncio.all_tasks()
    for _ in range(200):
        watcher = Watcher(realtime.hub)
        watcher.subscribe(since=SINCE)
        realtime.hub.disconnect(watcher.subscriber)
        assert watcher.take() == []
    await settle()
    gc.collect()
    assert asyncio.all_tasks() == others
    assert caplog.records == []


async def test_an_event_that_cannot_be_encoded_leaves_no_subscriber_without_events(realtime: RealtimeFixture) -> None:
    """The client gets ``recovered: false``, and later announcements."""

    def encode(announcement: Announcement) -> bytes:
        if announcement.revision == 3:
            raise ValueError("a bug")
        return bytes(PLAIN_WEBSOCKET.encode(announcement))

    watcher = Watcher(realtime.hub)
    watcher.subscriber.wire_format = evolve(PLAIN_WEBSOCKET, encode=encode)
    watcher.subscribe(since=SINCE)
    await settle()
    assert [data["recovered"] for _, data in watcher.take()] == [True, False]
    assert len(realtime.journal.of(ActivityFailed)) == 1
    realtime.hub.broadcast(an_announcement(a_record(a_key(9))))
    assert len(watcher.take_revisions()) == 1


async def test_a_replay_is_no_faster_than_its_reader(realtime: RealtimeFixture) -> None:
    """While half of what may wait does, it pauses; events that are announced then come after it."""
    watcher = Watcher(realtime.hub)
    watcher.unsent = SETTINGS.max_unsent_bytes
    watcher.subscribe(since=SINCE)
    await settle()
    assert len(watcher.take_revisions()) == 1
    realtime.hub.broadcast(an_announcement(a_record(a_key(7))))
    watcher.unsent = 0
    await settle()
    assert [video for video, _ in watcher.take_revisions()] == [a_key(1).video_id, a_key(7).video_id]


async def test_what_waited_is_sent_no_faster_than_its_reader(realtime: RealtimeFixture) -> None:
    """A burst during the read does not make a slow reader of somebody who reads at an even pace."""
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    realtime.store.rows.clear()
    watcher.subscribe(since=SINCE)
    await settle()
    for number in (1, 2, 3):
        realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
    watcher.unsent = SETTINGS.max_unsent_bytes
    realtime.store.gate.set()
    await settle()
    assert watcher.take_revisions() == [(a_key(1).video_id, 1)]
    realtime.hub.broadcast(an_announcement(a_record(a_key(4))))
    watcher.subscribe()
    watcher.unsent = 0
    await settle()
    assert watcher.take_revisions() == [(a_key(number).video_id, 1) for number in (2, 3, 4)]
    realtime.hub.broadcast(an_announcement(a_record(a_key(5))))
    assert watcher.take_revisions() == [(a_key(5).video_id, 1)]


@pytest.mark.parametrize("last_words", ["subscribed", "product_updated", "new_product"])
async def test_who_is_found_too_slow_while_catching_up_is_written_nothing_more(
    realtime: RealtimeFixture, last_words: str
) -> None:
    """Whichever write it was that found it, nothing follows and nothing is remembered of it."""
    watcher = Watcher(realtime.hub)
    write = watcher.subscriber.write

    def write_and_close(frame: bytes) -> None:
        write(frame)
        if f'"event":"{last_words}"'.encode() in frame:
            realtime.hub.disconnect(watcher.subscriber)

    watcher.subscriber.write = write_and_close
    bystander = Watcher(realtime.hub)
    bystander.subscribe()
    realtime.store.gate.clear()
    watcher.subscribe(since=SINCE)
    await settle()
    for number in (3, 4):
        realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
    realtime.store.gate.set()
    await settle()
    events = [event for event, _ in watcher.take()]
    assert events == ["subscribed", "product_updated", "new_product"][: len(events)]
    assert events[-1] == last_words
    assert realtime.hub.stats()["clientsPerSeller"] == {SELLER: 1}


async def test_of_what_waited_nothing_follows_a_write_that_found_its_reader_too_slow(realtime: RealtimeFixture) -> None:
    """However much waited: what waits in the transport of somebody who does not read stays bounded."""
    watcher = Watcher(realtime.hub)
    write = watcher.subscriber.write

    def write_and_close(frame: bytes) -> None:
        write(frame)
        if a_key(12).video_id.encode() in frame:
            realtime.hub.disconnect(watcher.subscriber)

    watcher.subscriber.write = write_and_close
    realtime.store.gate.clear()
    realtime.store.rows.clear()
    watcher.subscribe(since=SINCE)
    await settle()
    for number in range(10, 20):
        realtime.hub.broadcast(an_announcement(a_record(a_key(number))))
    realtime.store.gate.set()
    await settle()
    assert watcher.take_revisions() == [(a_key(number).video_id, 1) for number in (10, 11, 12)]


async def test_only_so_many_replays_read_at_once() -> None:
    """The others wait for their turn, and have it."""
    realtime = make_realtime(evolve(SETTINGS, max_concurrent_replays=2))
    realtime.store.gate.clear()
    started = 0
    read = realtime.store.page

    async def counted(query: object) -> object:
        nonlocal started
        started += 1
        return await read(query)  # type: ignore[arg-type]

    object.__setattr__(realtime.store, "page", counted)
    watchers = [Watcher(realtime.hub) for _ in range(5)]
    for number, watcher in enumerate(watchers):
        watcher.subscribe(seller=f"seller-{number}", since=SINCE)
    await settle()
    assert started == 2
    realtime.store.gate.set()
    await settle()
    assert [len(watcher.take()) for watcher in watchers] == [1] * 5


async def test_too_much_announced_during_a_replay_is_said_not_kept(realtime: RealtimeFixture) -> None:
    """The waiting announcements are bounded; beyond the limit the client gets ``recovered: false``."""
    watcher = Watcher(realtime.hub)
    realtime.store.gate.clear()
    watcher.subscribe(since=SINCE)
    await settle()
    announcement = an_announcement()
    for number in range(MAX_BUFFERED + 1):
        realtime.hub.broadcast(evolve(announcement, key=a_key(number + 10)))
    realtime.store.gate.set()
    await settle()
    answers = [data["recovered"] for event, data in watcher.take() if event == "subscribed"]
    assert answers == [True, False]


async def test_news_that_were_lost_on_their_way_are_shown_from_the_store(realtime: RealtimeFixture) -> None:
    """To all who watch, each revision once: what they have been shown is left out, and what follows comes after."""
    watcher, other = Watcher(realtime.hub), Watcher(realtime.hub)
    for viewer in (watcher, other):
        viewer.subscribe()
    other.subscribe("another-shop")
    first, second, third = (a_key(number).video_id for number in (1, 2, 3))
    realtime.hub.broadcast(an_announcement(a_record(a_key(1), updated_at=NOON + timedelta(seconds=9))))
    for viewer in (watcher, other):
        assert viewer.take_revisions() == [(first, 1)]
    realtime.hub.catch_up(datetime.fromisoformat(SINCE))
    await settle()
    events = watcher.take()
    assert [(event, data.get("recovered")) for event, data in events] == [
        ("subscribed", True),
        ("product_updated", None),
    ]
    assert other.take_revisions() == [(second, 3)]
    realtime.hub.broadcast(an_announcement(a_record(a_key(2), revision=3)))
    realtime.hub.broadcast(an_announcement(a_record(a_key(3))))
    assert watcher.take_revisions() == other.take_revisions() == [(third, 1)]


async def test_a_client_that_missed_too_much_must_load_the_page() -> None:
    """As anybody who comes back."""
    realtime = make_realtime()
    watcher = Watcher(realtime.hub)
    watcher.subscribe()
    watcher.take()
    realtime.store.save(*(a_record(a_key(number)) for number in range(101)))
    realtime.hub.catch_up(datetime.fromisoformat(SINCE))
    await settle()
    assert [(event, data["recovered"]) for event, data in watcher.take()] == [("subscribed", False)]


def test_the_memory_of_replays_is_bounded() -> None:
    """So many products a client, the oldest is forgotten; and nothing when the client leaves."""
    channel, viewer = Channel(), Watcher(make_realtime().hub).subscriber
    announcement = an_announcement()
    for number in range(2 * MAX_REPLAYED):
        channel.remember_replayed(viewer, evolve(announcement, key=a_key(number)))
    remembered = [
        number
        for number in range(2 * MAX_REPLAYED)
        if channel.has_replayed(viewer, evolve(announcement, key=a_key(number)))
    ]
    assert remembered == list(range(MAX_REPLAYED, 2 * MAX_REPLAYED))
    channel.leave(viewer)
    assert not channel.replayed


@settings(deadline=None, max_examples=300)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("save"), st.integers(0, 2)),
            st.tuples(st.just("announce"), st.integers(0, 9)),
            st.tuples(st.just("repeat"), st.integers(0, 9)),
            st.tuples(st.sampled_from(["join", "gate", "settle"]), st.just(0)),
        ),
        max_size=30,
    )
)
def test_however_replay_and_announcements_interleave_each_revision_comes_once_and_the_newest_comes(
    steps: list[tuple[str, int]],
) -> None:
    """Products are saved, announced late, out of order and twice, while a client joins and its read is held up."""
    events, stored = asyncio.run(_interleave(steps))
    assert [event for event, _ in events].index("subscribed") == 0
    shown = [(data["product"]["video_id"], data["revision"]) for event, data in events if event != "subscribed"]
    for key, record in stored.items():
        revisions = [revision for video_id, revision in shown if video_id == key.video_id]
        assert revisions == sorted(set(revisions))
        assert revisions[-1:] == [record.revision]


async def _interleave(
    steps: list[tuple[str, int]],
) -> tuple[list[tuple[str, Mapping[str, Any]]], Mapping[ProductKey, ProductRecord]]:
    """The messages to the client, and the stored products at the end."""
    realtime = make_realtime()
    watcher, joined, saved = Watcher(realtime.hub), False, 0
    pending: list[ProductRecord] = []
    announced: list[ProductRecord] = []
    realtime.store.gate.clear()
    for step, number in [*steps, ("join", 0), ("gate", 0), ("settle", 0)]:
        if step == "save":
            key, saved = a_key(number), saved + 1
            revision = realtime.store.rows[key].revision + 1 if key in realtime.store.rows else 1
            record = a_record(key, revision=revision, updated_at=NOON + timedelta(seconds=saved))
            realtime.store.save(record)
            pending.append(record)
        elif step == "announce" and pending:
            announced.append(pending.pop(number % len(pending)))
            realtime.hub.broadcast(an_announcement(announced[-1]))
        elif step == "repeat" and announced:
            realtime.hub.broadcast(an_announcement(announced[number % len(announced)]))
        elif step == "join" and not joined:
            joined = True
            watcher.subscribe(since=SINCE)
        elif step == "gate":
            realtime.store.gate.set()
        elif step == "settle":
            await settle()
    for record in [*pending, *announced]:
        realtime.hub.broadcast(an_announcement(record))
    return watcher.take(), realtime.store.rows
