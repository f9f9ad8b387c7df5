"""Missed products are read once for all clients that return at the same time, and for none of them too early."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from attrs import evolve

from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.realtime.counters import Counters
from linkhub_adapters.realtime.hub.replay_reader import ANSWERED_TOGETHER, ReplayReader
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_core.application import BrowseShop
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import Changes, UnknownCursor
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.fakes import FakeClock, MemoryJournal
from linkhub_core.wire.cursor import Cursor, encode_cursor
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.adapters.realtime.fake_subscribers import settle
from tests.adapters.realtime.realtime_fixture import SELLER, SETTINGS, GatedProductStore

LONG_AGO = NOON - timedelta(hours=1)


class CountedProductStore(GatedProductStore):
    """A store that notes after which points it was read, and whose answers wait at the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.read_after: list[datetime | Cursor | None] = []

    async def page(self, query: PageQuery) -> Page:
        """Note, read, then wait at the gate: what is saved meanwhile is not in the answer."""
        self.read_after.append(query.since)
        page = await MemoryProductStore.page(self, query)
        await super().page(query)
        return page

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """As a page."""
        self.read_after.append(after)
        found = await MemoryProductStore.changes(self, seller_handle, after, limit)
        await super().changes(seller_handle, after, limit)
        return found


class WalkedProductStore(CountedProductStore):
    """A store whose walks end further back, as those of a store that stamps changes: at the first change."""

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """Only the number of the position counts."""
        number, walk, _ = after.position.partition("~")
        found = await super().changes(seller_handle, evolve(after, position=number), limit)
        assert isinstance(found, Changes)
        return evolve(found, cursor=encode_cursor(evolve(after, position="1"))) if walk else found


@pytest.fixture
async def store() -> CountedProductStore:
    """Three products of the shop, a minute apart."""
    made = CountedProductStore()
    made.save(*(a_record(a_key(number), updated_at=NOON + timedelta(minutes=number)) for number in range(3)))
    return made


@pytest.fixture
def journal() -> MemoryJournal:
    """The journal of failures."""
    return MemoryJournal()


@pytest.fixture
async def reader(store: CountedProductStore, journal: MemoryJournal) -> ReplayReader:
    """Reads from the store."""
    clock = FakeClock()
    return ReplayReader(
        browse=BrowseShop(products=store, clock=clock),
        clock=clock,
        journal=journal,
        settings=evolve(SETTINGS, max_concurrent_replays=2),
        counters=Counters(),
    )


Asking = asyncio.Task[Sequence[EncodedEvent] | None]


def ask(reader: ReplayReader, after: datetime | Cursor = LONG_AGO, seller: str = SELLER) -> Asking:
    """A client comes back."""
    return asyncio.create_task(reader.read(seller, after))


def at(store: CountedProductStore, position: object) -> Cursor:
    """A cursor of the store."""
    return Cursor(store=store.store_id, seller_handle=SELLER, position=str(position))


def videos(asking: Asking) -> list[str] | None:
    """The videos of one answer."""
    events = asking.result()
    return None if events is None else [event.announcement.key.video_id for event in events]


async def test_a_crowd_costs_one_read_and_each_event_is_encoded_once(
    reader: ReplayReader, store: CountedProductStore
) -> None:
    """All get the very same objects."""
    crowd = [ask(reader) for _ in range(10 * ANSWERED_TOGETHER + 1)]
    await settle()
    assert store.read_after == [LONG_AGO]
    first = crowd[0].result()
    assert first is not None
    assert len(first) == 3
    for asking in crowd:
        answers = asking.result()
        assert answers is not None
        assert all(one is other for one, other in zip(first, answers, strict=True))


async def test_each_gets_the_changes_after_its_own_moment(reader: ReplayReader, store: CountedProductStore) -> None:
    """The read goes back to the earliest of them."""
    sinces = [NOON + timedelta(minutes=minutes) for minutes in (1, -1, 2, 0)]
    crowd = [ask(reader, since) for since in sinces]
    await settle()
    assert store.read_after == [min(sinces)]
    names = [a_key(number).video_id for number in range(3)]
    assert [videos(asking) for asking in crowd] == [names[2:], names, [], names[1:]]


async def test_cursors_of_a_store_share_one_read_and_each_gets_what_follows_its_own(
    reader: ReplayReader, store: CountedProductStore
) -> None:
    """With the very same events; moments, other stores and positions that are no numbers have reads of their own."""
    names = [a_key(number).video_id for number in range(3)]
    positions = [2, 0, 3, 1, 0]
    crowd = [ask(reader, at(store, position)) for position in positions]
    other, walk, moment = ask(reader, evolve(at(store, 1), store="x")), ask(reader, at(store, "1~a")), ask(reader)
    await settle()
    assert [videos(asking) for asking in crowd] == [names[position:] for position in positions]
    assert crowd[1].result()[2] is crowd[0].result()[0]  # type: ignore[index]  # none of them is None
    assert (videos(other), videos(walk), videos(moment)) == (None, None, names)
    assert store.read_after == [at(store, 3), at(store, 0), evolve(at(store, 1), store="x"), at(store, "1~a"), LONG_AGO]


@pytest.mark.parametrize("more", [0, 120])
async def test_the_middle_of_a_walk_is_read_on_from_the_end_of_the_walk(reader: ReplayReader, more: int) -> None:
    """Each product once; more than 100 are too many. Else a change behind the position is in no replay."""
    store = WalkedProductStore()
    store.save(*(a_record(a_key(number)) for number in range(3 + more)))
    reader = evolve(reader, browse=evolve(reader.browse, products=store))
    walk = ask(reader, at(store, f"{2 + more}~9~v"))
    await settle()
    assert videos(walk) == (None if more else [a_key(number).video_id for number in (1, 2)])


async def test_after_which_cursor_not_too_much_changed_is_found_by_bisection(
    reader: ReplayReader, store: CountedProductStore
) -> None:
    """Earlier cursors, and those that the store did not give, cost only their own replay."""
    store.save(*(a_record(a_key(number)) for number in range(3, 150)))
    positions = [0, 49, 50, 100, 150, 151]
    crowd = [ask(reader, at(store, position)) for position in positions]
    await settle()
    counts = [None if (found := asking.result()) is None else len(found) for asking in crowd]
    assert counts == [None, None, 100, 50, 0, None]


async def test_who_comes_during_a_read_waits_for_the_next(reader: ReplayReader, store: CountedProductStore) -> None:
    """The one under way began before it was held, and may not show what was saved in between; again they share."""
    store.gate.clear()
    early = ask(reader)
    await settle()
    store.save(a_record(a_key(9), updated_at=NOON + timedelta(minutes=9)))
    late = [ask(reader) for _ in range(5)]
    await settle()
    assert len(store.read_after) == 1
    store.gate.set()
    await asyncio.wait([early, *late])
    assert len(store.read_after) == 2
    assert a_key(9).video_id not in (videos(early) or [])
    assert {a_key(9).video_id in (videos(asking) or []) for asking in late} == {True}


async def test_one_that_missed_too_much_does_not_affect_the_others(
    reader: ReplayReader, store: CountedProductStore
) -> None:
    """The earliest moment after which not too much was missed is found in a few reads."""
    store.save(*(a_record(a_key(number), updated_at=NOON + timedelta(seconds=number)) for number in range(300)))
    crowd = [ask(reader, NOON + timedelta(seconds=number)) for number in range(300)]
    await asyncio.wait(crowd)
    answers = [videos(asking) for asking in crowd]
    assert [None if names is None else len(names) for names in answers] == [
        None if number < 199 else 299 - number for number in range(300)
    ]
    assert len(store.read_after) <= 10


async def test_a_failure_is_logged_once_and_costs_all_their_replay(
    reader: ReplayReader, store: CountedProductStore, journal: MemoryJournal
) -> None:
    """The next who comes is read for again."""
    store.failure = ServiceUnavailable("products", "throttled")
    crowd = [ask(reader) for _ in range(50)]
    await asyncio.wait(crowd)
    assert [videos(asking) for asking in crowd] == [None] * 50
    assert len(journal.of(ActivityFailed)) == reader.counters.errors == 1
    store.failure = None
    again = ask(reader)
    await again
    assert len(videos(again) or []) == 3


async def test_so_many_shops_are_read_at_once(reader: ReplayReader, store: CountedProductStore) -> None:
    """The others wait for their turn; a shop never has two."""
    store.gate.clear()
    crowd = [ask(reader, seller=f"seller-{number % 5}") for number in range(20)]
    await settle()
    assert len(store.read_after) == 2
    store.gate.set()
    await asyncio.wait(crowd)
    assert len(store.read_after) == 5


async def test_one_that_leaves_while_it_waits_does_not_affect_the_others(
    reader: ReplayReader, store: CountedProductStore
) -> None:
    """And nothing is left of a read that was stopped."""
    store.gate.clear()
    leaving, staying = ask(reader), ask(reader)
    await settle()
    leaving.cancel()
    store.gate.set()
    await staying
    assert len(videos(staying) or []) == 3
    store.gate.clear()
    stopped = ask(reader)
    await settle()
    reader.cancel()
    stopped.cancel()
    await settle()
    store.gate.set()
    later = ask(reader)
    await later
    assert len(videos(later) or []) == 3
