"""Values that all processes on one file share."""

from __future__ import annotations

from pathlib import Path

from linkhub_adapters.sqlite import SqliteDatabase, SqliteMark
from tests.adapters.sqlite.older_files import make_older


async def test_a_mark_is_read_by_every_process(tmp_path: Path) -> None:
    """The last one that was written, under its name; it outlives them all."""
    path = tmp_path / "linkhub.sqlite3"
    one, other = SqliteDatabase.open(path), SqliteDatabase.open(path)
    try:
        mark = SqliteMark(database=one, name="seen")
        assert await mark.read() is None
        await mark.write(b"first")
        await mark.write(b"second")
        assert await SqliteMark(database=other, name="seen").read() == b"second"
        assert await SqliteMark(database=other, name="another").read() is None
    finally:
        one.close()
        other.close()


async def test_a_file_of_the_fifth_schema_gets_a_place_for_marks(tmp_path: Path) -> None:
    """As if it had always been there."""
    path = tmp_path / "linkhub.sqlite3"
    SqliteDatabase.open(path).close()
    make_older(path, version=5)
    database = SqliteDatabase.open(path)
    try:
        mark = SqliteMark(database=database, name="seen")
        await mark.write(b"x")
        assert await mark.read() == b"x"
    finally:
        database.close()
