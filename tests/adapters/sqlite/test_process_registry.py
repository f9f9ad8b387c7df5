"""The processes on one file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from linkhub_adapters.sqlite import SqliteDatabase, SqliteProcessRegistry
from linkhub_adapters.sqlite.schema import SCHEMA_VERSION
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.sqlite.older_files import make_older


async def test_each_reads_the_newest_report_of_all(database: SqliteDatabase) -> None:
    """A report takes the place of the last one of the same process."""
    nodes = SqliteProcessRegistry(database=database, clock=FakeClock())
    assert await nodes.exchange("a", b"first") == [b"first"]
    assert await nodes.exchange("b", b"other") == [b"first", b"other"]
    assert await nodes.exchange("a", b"second") == [b"second", b"other"]


async def test_who_was_silent_for_ten_minutes_is_forgotten(database: SqliteDatabase) -> None:
    """Not before."""
    clock = FakeClock()
    nodes = SqliteProcessRegistry(database=database, clock=clock)
    await nodes.exchange("a", b"a")
    clock.advance(600)
    assert await nodes.exchange("b", b"b") == [b"a", b"b"]
    clock.advance(1)
    assert await nodes.exchange("b", b"b") == [b"b"]


async def test_a_file_of_the_first_schema_gets_the_place_for_reports(tmp_path: Path) -> None:
    """Its rows stay, and it has this version then."""
    path = tmp_path / "linkhub.sqlite3"
    SqliteDatabase.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO announcements (id, event_json, correlation_id) VALUES (7, x'7b7d', 'kept')")
    make_older(path, version=1)
    database = SqliteDatabase.open(path)
    try:
        assert await SqliteProcessRegistry(database=database, clock=FakeClock()).exchange("a", b"a") == [b"a"]
    finally:
        database.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("SELECT correlation_id FROM announcements").fetchall() == [("kept",)]


async def test_who_leaves_is_gone_at_once(database: SqliteDatabase) -> None:
    """The reports of the others stay."""
    nodes = SqliteProcessRegistry(database=database, clock=FakeClock())
    await nodes.exchange("a", b"a")
    await nodes.exchange("b", b"b")
    await nodes.leave("a")
    await nodes.leave("a")
    assert await nodes.exchange("b", b"b") == [b"b"]
