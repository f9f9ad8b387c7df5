"""The bus in the file: bounded, shared by processes, and patient."""

from __future__ import annotations

import asyncio
import sqlite3

from linkhub_adapters.sqlite import SqliteAnnouncements, SqliteDatabase
from linkhub_core.announcement import Announcement
from linkhub_core.codec import announce
from tests.support.builders import NOON, a_key, a_record

LONG_SECONDS = 3600.0


def _news(numbers: range) -> list[Announcement]:
    return [announce(a_record(a_key(number)), NOON, f"c-{number}") for number in numbers]


def _kept(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM announcements").fetchone()[0])


async def test_what_is_kept_is_bounded(database: SqliteDatabase) -> None:
    """However much is told, only the newest announcements stay in the file."""
    announcements = SqliteAnnouncements(database=database, kept=10)
    for start in range(0, 100, 7):
        await announcements.notify(_news(range(start, start + 7)))
    assert await database.read(_kept) == 10


async def test_a_sleeping_listener_loses_the_oldest(database: SqliteDatabase) -> None:
    """A feed that nobody reads for too long goes on with what is kept."""
    announcements = SqliteAnnouncements(database=database, kept=3)
    feed = await announcements.open_feed(wait_seconds=0.01)
    await announcements.notify(_news(range(8)))
    assert list(await feed.receive()) == _news(range(5, 8))


async def test_a_feed_opened_late_starts_late_whatever_was_pruned(database: SqliteDatabase) -> None:
    """Numbers are never used again: a feed that was opened on an emptied table misses nothing and repeats nothing."""
    announcements = SqliteAnnouncements(database=database)
    await announcements.notify(_news(range(5)))
    await database.write(lambda connection: connection.execute("DELETE FROM announcements"))
    feed = await announcements.open_feed(wait_seconds=0.01)
    assert list(await feed.receive()) == []
    await announcements.notify(_news(range(5, 6)))
    assert list(await feed.receive()) == _news(range(5, 6))


async def test_a_waiting_feed_is_woken_by_this_process(database: SqliteDatabase) -> None:
    """News of the same process needs no poll."""
    announcements = SqliteAnnouncements(database=database)
    feed = await announcements.open_feed(wait_seconds=LONG_SECONDS)
    async with asyncio.timeout(30):
        listening = asyncio.create_task(feed.receive())
        await asyncio.sleep(0)
        await announcements.notify(_news(range(1)))
        assert list(await listening) == _news(range(1))


async def test_a_waiting_feed_hears_of_another_process(database: SqliteDatabase) -> None:
    """News that another process appended is found by looking."""
    other = SqliteDatabase.open(database.path)
    feed = await SqliteAnnouncements(database=database).open_feed(wait_seconds=LONG_SECONDS)
    async with asyncio.timeout(30):
        listening = asyncio.create_task(feed.receive())
        await SqliteAnnouncements(database=other).notify(_news(range(3)))
        assert list(await listening) == _news(range(3))
    other.close()
