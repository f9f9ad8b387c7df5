"""The file is ours, is shared, and says clearly when it cannot be used; nothing is lost then."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from linkhub_adapters.sqlite import (
    SqliteDatabase,
    SqliteDepths,
    SqliteEventPublisher,
    SqliteEventQueue,
    SqliteFileHealth,
)
from linkhub_adapters.sqlite.database import from_microseconds, microseconds
from linkhub_adapters.sqlite.schema import SCHEMA_VERSION
from linkhub_core.errors import ServiceUnavailable, StoreRefused
from linkhub_core.testing.builders import NOON, an_outgoing
from linkhub_core.testing.fakes import FakeClock


def _value(path: Path, pragma: str) -> object:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


async def test_the_file_is_durable_and_shared(database: SqliteDatabase) -> None:
    """It is written with a write-ahead log, and every commit reaches the disk, unless its loss is allowed."""
    assert _value(database.path, "journal_mode") == "wal"

    def synchronous(connection: sqlite3.Connection) -> object:
        return connection.execute("PRAGMA synchronous").fetchone()[0]

    assert await database.write(synchronous, durably=False) == 1, "NORMAL: commits keep their order"
    assert await database.write(synchronous) == 2, "FULL"


def test_a_directory_that_is_missing_is_made(tmp_path: Path) -> None:
    """Opening makes the directories on the way."""
    SqliteDatabase.open(tmp_path / "a" / "b" / "linkhub.sqlite3").close()
    assert (tmp_path / "a" / "b" / "linkhub.sqlite3").exists()


def test_another_programs_file_is_refused(tmp_path: Path) -> None:
    """A database that another program made is not touched."""
    path = tmp_path / "theirs.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ServiceUnavailable, match="another program made it"):
        SqliteDatabase.open(path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    """A file of a later linkhub says what to do."""
    path = tmp_path / "linkhub.sqlite3"
    SqliteDatabase.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ServiceUnavailable, match="update it"):
        SqliteDatabase.open(path)


def test_something_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A file of anything else is a clear error that names it."""
    path = tmp_path / "linkhub.sqlite3"
    path.write_text("hello " * 1000)
    with pytest.raises(ServiceUnavailable, match=r"linkhub\.sqlite3 is unavailable: it is not a database"):
        SqliteDatabase.open(path)


def test_a_directory_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    """If a file has the name of the directory, the error of the system is raised."""
    (tmp_path / "blocked").write_text("")
    with pytest.raises(OSError, match="blocked"):
        SqliteDatabase.open(tmp_path / "blocked" / "data" / "linkhub.sqlite3")


async def test_a_locked_file_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    """While another process holds the file, a write fails as transient; afterwards it goes through."""
    path = tmp_path / "linkhub.sqlite3"
    database = SqliteDatabase.open(path, busy_timeout_seconds=0.01)
    publisher = SqliteEventPublisher(database=database, clock=FakeClock())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ServiceUnavailable, match="locked by another process"):
        await publisher.publish([an_outgoing(body="one")])
    other.execute("COMMIT")
    other.close()
    await publisher.publish([an_outgoing(body="one")])
    assert (await SqliteDepths(database=database).take()).queued == {"caption": 1, "thumbnail": 0}
    database.close()


async def test_a_full_disk_is_a_clear_error_and_loses_nothing(database: SqliteDatabase) -> None:
    """When the file cannot grow, a write fails whole; what was there is still there, and is delivered."""
    clock = FakeClock()
    publisher = SqliteEventPublisher(database=database, clock=clock)
    await publisher.publish([an_outgoing(body="before")])

    def limit(connection: sqlite3.Connection) -> int:
        pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
        return int(connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchone()[0])

    await database.write(limit)
    with pytest.raises(ServiceUnavailable, match="the disk is full"):
        await publisher.publish([an_outgoing(body="x" * 100_000)])
    assert (await SqliteDepths(database=database).take()).queued == {"caption": 1, "thumbnail": 0}
    queue = SqliteEventQueue(database=database, clock=clock, receive_wait_seconds=0.01)
    assert [delivery.body for delivery in await queue.receive()] == ["before"]


async def test_a_text_that_utf8_cannot_carry_is_refused_and_its_mates_are_not(database: SqliteDatabase) -> None:
    """A lone surrogate or a NUL never gets into the file; the others of the batch do."""
    publisher = SqliteEventPublisher(database=database, clock=FakeClock())
    good, surrogate, nul = an_outgoing(body="good"), an_outgoing(body="\ud800"), an_outgoing(body="a\0b")
    refusals = await publisher.publish([surrogate, good, nul])
    assert [refusal.message for refusal in refusals] == [surrogate, nul]
    assert all(refusal.problem for refusal in refusals)
    assert (await SqliteDepths(database=database).take()).queued["caption"] == 1


async def test_an_attribute_that_utf8_cannot_carry_is_refused_and_its_mates_are_not(database: SqliteDatabase) -> None:
    """Attributes keep the rule of bodies, names and values alike."""
    publisher = SqliteEventPublisher(database=database, clock=FakeClock())
    odd = [evolve(an_outgoing(body="odd"), attributes=attributes) for attributes in ({"a": "\udc00"}, {"\udc00": "a"})]
    refusals = await publisher.publish([*odd, an_outgoing(body="good")])
    assert [refusal.message for refusal in refusals] == odd
    assert (await SqliteDepths(database=database).take()).queued["caption"] == 1


async def test_a_file_that_may_not_be_written_to_is_a_clear_error_and_is_still_read(database: SqliteDatabase) -> None:
    """Writing fails as transient and says what to check; readiness fails with it; what is there can be read."""
    publisher = SqliteEventPublisher(database=database, clock=FakeClock())
    await publisher.publish([an_outgoing(body="before")])
    await database.write(lambda connection: connection.execute("PRAGMA query_only = ON"))
    with pytest.raises(ServiceUnavailable, match="may not be written to"):
        await publisher.publish([an_outgoing(body="after")])
    assert (await SqliteDepths(database=database).take()).queued == {"caption": 1, "thumbnail": 0}


async def test_a_write_that_fails_halfway_leaves_nothing(database: SqliteDatabase) -> None:
    """A transaction is all or nothing, and the next one begins afresh."""
    insert = "INSERT INTO announcements (event_json, correlation_id) VALUES (?, ?)"

    def half_done(connection: sqlite3.Connection) -> None:
        connection.execute(insert, (b"{}", "c-1"))
        connection.execute(insert, (b"{}", None))

    with pytest.raises(StoreRefused, match="NOT NULL"):
        await database.write(half_done)
    count = "SELECT count(*) FROM announcements"
    assert await database.write(lambda connection: connection.execute(count).fetchone()) == (0,)


async def test_who_waits_is_woken_by_news_of_the_same_process(database: SqliteDatabase) -> None:
    """A waiter returns as soon as it is notified, long before its time is over."""
    waiting = asyncio.create_task(database.wait_for_change(3600))
    await asyncio.sleep(0)
    database.notify_waiters()
    await asyncio.wait_for(waiting, timeout=30)
    assert waiting.done()


async def test_one_open_file_sees_what_another_wrote(database: SqliteDatabase) -> None:
    """A message that another process publishes is delivered here."""
    clock = FakeClock()
    other = SqliteDatabase.open(database.path)
    queue = SqliteEventQueue(database=database, clock=clock, receive_wait_seconds=30)
    receiving = asyncio.create_task(queue.receive())
    await asyncio.sleep(0)
    await SqliteEventPublisher(database=other, clock=clock).publish([an_outgoing(body="one")])
    assert [delivery.body for delivery in await receiving] == ["one"]
    other.close()


async def test_depths_count_the_messages(database: SqliteDatabase) -> None:
    """An empty file has nothing of anything, can be read, and can be written to."""
    health = SqliteFileHealth(database=database)
    await health.check_readable()
    await health.check_writable()
    taken = await SqliteDepths(database=database).take()
    assert (taken.queued, taken.staged, taken.oldest_staged_at, taken.dead_letters) == (
        {"caption": 0, "thumbnail": 0},
        0,
        None,
        0,
    )


def test_moments_are_kept_to_the_microsecond() -> None:
    """A moment comes back as it was."""
    moment = NOON.replace(microsecond=123_457)
    assert from_microseconds(microseconds(moment)) == moment


async def test_closing_waits_for_no_read(tmp_path: Path) -> None:
    """Reads that wait for their turn are cancelled, and the one under way is interrupted."""
    database = SqliteDatabase.open(tmp_path / "linkhub.sqlite3")
    began = threading.Event()

    def endless(connection: sqlite3.Connection) -> object:
        began.set()
        counting = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT n FROM numbers"
        return sum(number for (number,) in connection.execute(counting))

    reads = [asyncio.create_task(database.read(endless)) for _ in range(150)]
    await asyncio.to_thread(began.wait)
    await asyncio.to_thread(database.close)
    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    assert isinstance(outcomes[0], ServiceUnavailable)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[1:])
