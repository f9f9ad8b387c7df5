"""The bus in the file: bounded, shared by processes, and patient."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from attrs import evolve

from linkhub_adapters.sqlite import SqliteAnnouncements, SqliteDatabase
from linkhub_adapters.sqlite.announcements import SqliteAnnouncementFeed
from linkhub_core.errors import AnnouncementsLost
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire.announcements import announce

LONG_SECONDS = 3600.0


def _news(numbers: range) -> list[Announcement]:
    return [announce(a_record(a_key(number)), NOON, f"c-{number}") for number in numbers]


def _kept(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM announcements").fetchone()[0])


async def test_what_is_kept_is_bounded(database: SqliteDatabase) -> None:
    """Only the newest announcements stay in the file."""
    announcements = SqliteAnnouncements(database=database, kept=10)
    for start in range(0, 100, 7):
        await announcements.notify(_news(range(start, start + 7)))
    assert await database.read(_kept) == 10


async def test_a_sleeping_listener_learns_that_it_lost_the_oldest(database: SqliteDatabase) -> None:
    """And since when, as far as it knows; then it goes on with what is kept."""
    announcements, clock = SqliteAnnouncements(database=database, kept=3), FakeClock()
    feed = SqliteAnnouncementFeed(database, 0.01, 0, lambda: clock.now().timestamp())
    clock.advance(20)
    assert list(await feed.receive()) == []
    clock.advance(30)
    await announcements.notify(_news(range(8)))
    with pytest.raises(AnnouncementsLost) as lost:
        await feed.receive()
    assert lost.value.seconds == 30
    assert list(await feed.receive()) == _news(range(5, 8))


async def test_an_announcement_that_cannot_be_read_counts_as_lost(database: SqliteDatabase) -> None:
    """Those around it come: the listener reads its product from the store in between."""
    announcements = SqliteAnnouncements(database=database)
    async with announcements.open_feed(receive_wait_seconds=0.01) as feed:
        (unreadable,) = _news(range(2, 3))
        await announcements.notify(_news(range(2)))
        await announcements.notify([evolve(unreadable, event_json=b"of a later linkhub")])
        await announcements.notify(_news(range(3, 4)))
        assert list(await feed.receive()) == _news(range(2))
        with pytest.raises(AnnouncementsLost):
            await feed.receive()
        assert list(await feed.receive()) == _news(range(3, 4))


async def test_a_feed_opened_late_starts_late_whatever_was_pruned(database: SqliteDatabase) -> None:
    """Numbers are never used again: a feed that was opened on an emptied table misses nothing and repeats nothing."""
    announcements = SqliteAnnouncements(database=database)
    await announcements.notify(_news(range(5)))
    await database.write(lambda connection: connection.execute("DELETE FROM announcements"))
    async with announcements.open_feed(receive_wait_seconds=0.01) as feed:
        assert list(await feed.receive()) == []
        await announcements.notify(_news(range(5, 6)))
        assert list(await feed.receive()) == _news(range(5, 6))


async def test_a_waiting_feed_is_woken_by_this_process(database: SqliteDatabase) -> None:
    """News of the same process needs no poll."""
    announcements = SqliteAnnouncements(database=database)
    async with announcements.open_feed(receive_wait_seconds=LONG_SECONDS) as feed, asyncio.timeout(30):
        listening = asyncio.create_task(feed.receive())
        await asyncio.sleep(0)
        await announcements.notify(_news(range(1)))
        assert list(await listening) == _news(range(1))


async def test_a_waiting_feed_hears_of_another_process(database: SqliteDatabase) -> None:
    """News that another process appended is found by looking."""
    other = SqliteDatabase.open(database.path)
    announcements = SqliteAnnouncements(database=database)
    async with announcements.open_feed(receive_wait_seconds=LONG_SECONDS) as feed, asyncio.timeout(30):
        listening = asyncio.create_task(feed.receive())
        await SqliteAnnouncements(database=other).notify(_news(range(3)))
        assert list(await listening) == _news(range(3))
    other.close()
