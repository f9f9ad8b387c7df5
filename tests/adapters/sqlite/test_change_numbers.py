"""Numbers of changes in the file: what several processes, copies of the file, older files and other programs do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from linkhub_adapters.sqlite import SqliteDatabase, SqliteProductStore
from linkhub_adapters.sqlite.product_store import CHANGES
from linkhub_core.ports import Changes, ProductStore, UnknownCursor
from linkhub_core.testing.builders import KEY, NOON, a_key, a_record
from linkhub_core.testing.cursors import first_cursor, read_after
from linkhub_core.wire.cursor import parse_cursor
from tests.adapters.sqlite.older_files import make_older

SELLER = KEY.seller_handle


async def _save(path: Path, *numbers: int) -> str:
    """Save products as a process of its own; gives the shop's cursor after that."""
    with closing(SqliteDatabase.open(path)) as database:
        store = SqliteProductStore(database=database)
        for number in numbers:
            await store.create([a_record(a_key(number))])
        return await first_cursor(store)


async def _after(path: Path, cursor: str) -> list[str] | None:
    """The videos that changed after a cursor; None if it is unknown."""
    with closing(SqliteDatabase.open(path)) as database:
        after = parse_cursor(cursor, SELLER)
        assert after is not None
        found = await SqliteProductStore(database=database).changes(SELLER, after, 50)
        return [change.product.video_id for change in found.changes] if isinstance(found, Changes) else None


async def test_cursors_of_earlier_processes_stay_known(tmp_path: Path) -> None:
    """Each process begins an epoch; a cursor of each of them gives all changes since."""
    path = tmp_path / "linkhub.sqlite3"
    cursors = [await _save(path, number) for number in range(4)]
    for number, cursor in enumerate(cursors):
        assert await _after(path, cursor) == [a_key(later).video_id for later in range(number + 1, 4)]


async def test_a_process_that_saves_nothing_writes_nothing(tmp_path: Path) -> None:
    """Reading, and saves that conflict, begin no epoch."""
    path = tmp_path / "linkhub.sqlite3"
    await _save(path, 1)
    before = path.read_bytes()
    assert await _save(path, 1) == await _save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("saves_after_restore", [(), (7,), (7, 8, 9)])
async def test_a_restored_copy_knows_the_cursors_that_it_gave_and_no_others(
    tmp_path: Path, saves_after_restore: tuple[int, ...]
) -> None:
    """Numbers that were lost with the newer file are given again, in another epoch."""
    path, copy = tmp_path / "linkhub.sqlite3", tmp_path / "copy.sqlite3"
    kept = await _save(path, 1)
    shutil.copy(path, copy)
    with closing(SqliteDatabase.open(path)) as database:
        store = SqliteProductStore(database=database)
        for number in (2, 3):
            await store.create([a_record(a_key(number))])
        lost = [await first_cursor(store)]
    lost.append(await _save(path, 4))
    shutil.copy(copy, path)
    restored = await _save(path, *saves_after_restore)
    assert [await _after(path, cursor) for cursor in lost] == [None, None]
    assert await _after(path, kept) == [a_key(number).video_id for number in saves_after_restore]
    assert await _after(path, restored) == []


async def test_a_running_process_whose_file_goes_back_begins_another_epoch(database: SqliteDatabase) -> None:
    """As by SQLite's backup interface, which restores into an open file."""
    store = SqliteProductStore(database=database)
    await store.create([a_record(a_key(1))])
    copy = sqlite3.connect(":memory:")
    with closing(copy):
        await database.write(lambda _: None)
        await database.read(lambda connection: connection.backup(copy))
        await store.create([a_record(a_key(2))])
        await store.create([a_record(a_key(3))])
        lost = await first_cursor(store)
        with closing(sqlite3.connect(database.path)) as target:
            copy.execute("PRAGMA journal_mode=WAL")
            copy.backup(target)
    await store.create([a_record(a_key(4))])
    await store.create([a_record(a_key(5))])
    after = parse_cursor(lost, SELLER)
    assert after is not None
    assert await store.changes(SELLER, after, 10) == UnknownCursor()


@pytest.mark.parametrize("version", [1, 2, 3, 4])
async def test_products_of_an_older_file_get_numbers_in_the_order_of_their_changes(
    tmp_path: Path, version: int
) -> None:
    """So the walk from the beginning gives them as ``since`` would, and their debts are still owed."""
    path = tmp_path / "linkhub.sqlite3"
    order = [3, 1, 2]
    with closing(SqliteDatabase.open(path)) as database:
        records = [a_record(a_key(n), updated_at=NOON + timedelta(hours=hour)) for hour, n in enumerate(order)]
        await SqliteProductStore(database=database).create(sorted(records, key=lambda record: record.key))
    make_older(path, version=version)
    with closing(SqliteDatabase.open(path)) as database:
        store = SqliteProductStore(database=database)
        owed = [row async for row in store.scan(unannounced=True)]
        assert len(owed) == 3
        assert await _numbers(store, str(owed[0].cursor)) == order  # type: ignore[union-attr]
        cursor = await first_cursor(store)
        await store.create([a_record(a_key(9))])
        assert await _numbers(store, cursor) == [9]


async def _numbers(store: ProductStore, cursor: str) -> list[int]:
    keys = {a_key(number).video_id: number for number in range(10)}
    return [keys[change.product.video_id] for change in (await read_after(store, cursor)).changes]


async def test_rows_that_another_program_inserts_or_edits_are_changes(database: SqliteDatabase) -> None:
    """Each gets the next number; a row that cannot be read is named."""
    store = SqliteProductStore(database=database)
    await store.create([a_record(a_key(number)) for number in range(3)])
    cursor = await first_cursor(store)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as connection:
        connection.execute("UPDATE products SET updated_at = updated_at WHERE video_id = ?", (a_key(1).video_id,))
        connection.execute("UPDATE products SET document = x'7b7d' WHERE video_id = ?", (a_key(0).video_id,))
    changes = await read_after(store, cursor)
    assert [change.product.video_id for change in changes.changes] == [a_key(1).video_id]
    assert [row.video_id for row in changes.unreadable] == [a_key(0).video_id]
    await store.create([a_record(a_key(5))])
    assert await _numbers(store, changes.cursor) == [5]


async def test_changes_cost_what_changed(database: SqliteDatabase) -> None:
    """They are one seek in an index; nothing is sorted."""
    plan = await database.read(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {CHANGES}", ["x", 1, 2, 3]).fetchall()
    )
    assert [row[3] for row in plan] == [
        "SEARCH products USING INDEX products_changed (seller_handle=? AND change>? AND change<?)"
    ]
