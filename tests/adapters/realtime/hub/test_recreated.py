"""A product that was deleted by hand and saved again reaches open pages, whatever the clocks say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from attrs import evolve

from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.realtime.hub import recreated
from linkhub_adapters.realtime.hub.announced_revisions import AnnouncedRevisions
from linkhub_adapters.realtime.hub.recreated import MAX_WAITING, RecreatedProducts
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.testing.builders import NOON, a_key, a_record
from tests.adapters.realtime.fake_subscribers import Watcher, settle
from tests.adapters.realtime.realtime_fixture import GatedProductStore, RealtimeFixture, an_announcement, make_realtime

FIRST_LIFE = a_record(revision=3)
HOUR = timedelta(hours=1)


@pytest.fixture
async def realtime() -> RealtimeFixture:
    """An empty room."""
    return make_realtime()


@pytest.fixture
async def watcher(realtime: RealtimeFixture) -> Watcher:
    """A client that has been shown the third revision of a product."""
    made = Watcher(realtime.hub)
    made.subscribe()
    realtime.hub.broadcast(an_announcement(FIRST_LIFE))
    made.take()
    return made


@pytest.mark.parametrize("clock", [-HOUR, HOUR])
async def test_a_new_life_is_shown_whatever_the_clock_of_its_saver(
    realtime: RealtimeFixture, watcher: Watcher, clock: timedelta
) -> None:
    """Its revisions begin at 1 again; late news of the first life is dropped from then on."""
    second = a_record(created_at=NOON + clock)
    realtime.store.save(second)
    realtime.hub.broadcast(an_announcement(second))
    await settle()
    assert watcher.take_revisions() == [(second.key.video_id, 1)]
    realtime.hub.broadcast(an_announcement(FIRST_LIFE, revision=4))
    await settle()
    assert watcher.take() == []
    realtime.hub.broadcast(an_announcement(second, revision=2))
    assert watcher.take_revisions() == [(second.key.video_id, 2)]


@pytest.mark.parametrize("clock", [-HOUR, HOUR])
async def test_late_news_of_a_life_that_is_not_stored_is_dropped(
    realtime: RealtimeFixture, watcher: Watcher, clock: timedelta
) -> None:
    """A process that stood still between saving and announcing does not bring a deleted product back."""
    realtime.store.save(FIRST_LIFE)
    realtime.hub.broadcast(an_announcement(a_record(created_at=NOON + clock)))
    await settle()
    assert watcher.take() == []


async def test_lives_that_follow_each_other_during_a_read_are_decided_in_order(
    realtime: RealtimeFixture, watcher: Watcher
) -> None:
    """One read serves all that wait for it, and the last life is shown last."""
    second, third = a_record(created_at=NOON - HOUR), a_record(created_at=NOON - 2 * HOUR)
    realtime.store.save(second)
    realtime.hub.broadcast(an_announcement(second))
    await settle()
    realtime.store.save(third)
    for record in (FIRST_LIFE, third, evolve(third, revision=2), second, third):
        realtime.hub.broadcast(an_announcement(record))
    await settle()
    assert [revision for _, revision in watcher.take_revisions()] == [1, 1, 2]
    assert realtime.hub.counters.repeats_dropped == 2


async def test_a_replay_teaches_which_life_is_stored(realtime: RealtimeFixture) -> None:
    """The first life, announced late, does not replace the second one on a page that has caught up with it."""
    second = a_record(created_at=NOON - HOUR)
    realtime.store.save(second)
    watcher = Watcher(realtime.hub)
    watcher.subscribe(since="2026-01-15T11:00:00Z")
    await settle()
    assert watcher.take_revisions() == [(second.key.video_id, 1)]
    for record in (FIRST_LIFE, second, evolve(second, revision=2)):
        realtime.hub.broadcast(an_announcement(record))
    await settle()
    assert watcher.take_revisions() == [(second.key.video_id, 2)]


async def test_announcements_are_shown_if_the_store_does_not_answer(
    realtime: RealtimeFixture, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some tries; an old product on a page is a smaller fault than a new one that is missing."""
    monkeypatch.setattr(recreated, "RETRY_SECONDS", (0.0, 0.0))
    realtime.store.failure = ServiceUnavailable("products", "throttled")
    realtime.hub.broadcast(an_announcement(a_record(created_at=NOON - HOUR)))
    await settle()
    assert len(watcher.take_revisions()) == 1
    assert len(realtime.journal.of(ActivityFailed)) == 3


async def test_a_read_that_fails_is_tried_again(
    realtime: RealtimeFixture, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late news of a deleted product is dropped once the store answers."""
    monkeypatch.setattr(recreated, "RETRY_SECONDS", (0.0,) * 100)
    realtime.store.save(FIRST_LIFE)
    realtime.store.failure = ServiceUnavailable("products", "throttled")
    realtime.hub.broadcast(an_announcement(a_record(created_at=NOON - HOUR)))
    await settle()
    assert realtime.journal.of(ActivityFailed)
    realtime.store.failure = None
    await settle()
    assert watcher.take_revisions() == []


async def test_one_that_cannot_be_encoded_keeps_no_other_from_subscribers(
    realtime: RealtimeFixture, watcher: Watcher
) -> None:
    """It is reported to the journal."""

    def encode(announcement: Announcement) -> bytes:
        if announcement.key == FIRST_LIFE.key:
            raise ValueError("a bug")
        return bytes(PLAIN_WEBSOCKET.encode(announcement))

    other = a_record(a_key(1))
    realtime.hub.broadcast(an_announcement(other))
    watcher.take()
    realtime.hub.switch_transport(watcher.subscriber, evolve(PLAIN_WEBSOCKET, encode=encode), watcher.written.append)
    again = [evolve(record, revision=1, created_at=NOON - HOUR) for record in (FIRST_LIFE, other)]
    realtime.store.save(*again)
    realtime.hub.broadcast_all([an_announcement(record) for record in again])
    await settle()
    assert watcher.take_revisions() == [(other.key.video_id, 1)]
    assert len(realtime.journal.of(ActivityFailed)) == 1


async def test_too_many_announcements_do_not_wait_for_a_read(realtime: RealtimeFixture, watcher: Watcher) -> None:
    """Memory is bounded while the store does not answer: the rest is shown at once."""
    keys = [a_key(number) for number in range(MAX_WAITING + 3)]
    for key in keys:
        realtime.hub.broadcast(an_announcement(a_record(key)))
    watcher.take()
    realtime.store.gate.clear()
    for key in keys:
        realtime.hub.broadcast(an_announcement(a_record(key, created_at=NOON - HOUR)))
        await asyncio.sleep(0)
    assert len(watcher.take_revisions()) == 2


async def test_closing_the_hub_stops_the_read(realtime: RealtimeFixture, watcher: Watcher) -> None:
    """Nothing is written afterwards."""
    second = a_record(created_at=NOON - HOUR)
    realtime.store.save(second)
    realtime.store.gate.clear()
    realtime.hub.broadcast(an_announcement(second))
    await settle()
    realtime.hub.close()
    realtime.store.gate.set()
    await settle()
    assert watcher.take() == []


class _SlowStore(GatedProductStore):
    """A store whose answers are what was stored when the read began, and arrive when the gate is open."""

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """Read, then wait at the gate."""
        found = await MemoryProductStore.read(self, keys)
        await self.gate.wait()
        return found


async def test_a_read_that_is_older_than_the_life_shown_meanwhile_decides_nothing() -> None:
    """A third life is saved and shown while a read that found the second one is under way: the second is late news."""
    store, revisions = _SlowStore(), AnnouncedRevisions(max_products=10)
    shown: list[Announcement] = []

    def show(announcement: Announcement) -> None:
        revisions.remember(announcement)
        shown.append(announcement)

    second, third = (a_record(created_at=NOON + hours) for hours in (-HOUR, HOUR))
    deciding = RecreatedProducts(
        products=store, known_life=revisions.life_of, broadcast=show, report=lambda error: pytest.fail(str(error))
    )
    show(an_announcement(FIRST_LIFE))
    store.save(second)
    store.gate.clear()
    deciding.decide(an_announcement(second))
    await settle()
    store.save(third)
    show(an_announcement(third))
    store.gate.set()
    await settle()
    assert [announcement.created_at for announcement in shown] == [
        an_announcement(record).created_at for record in (FIRST_LIFE, third)
    ]
