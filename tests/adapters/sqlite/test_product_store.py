"""The cost of reads in the file: that of the rows read, not of the rows stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from linkhub_adapters.sqlite import SqliteDatabase, SqliteProductStore
from linkhub_adapters.sqlite.product_store import CHANGED, MANY, MANY_CHANGED, NEWEST, WALK, WALK_END, scan_statement
from linkhub_core.model import ProductKey
from linkhub_core.ports import Revised, Unreadable
from linkhub_core.testing.builders import NOON, a_key, a_record, a_revision
from linkhub_core.wire.codec import encode_product, timestamp_text
from linkhub_core.wire.shop_query import PageQuery
from tests.adapters.sqlite.older_files import make_older


async def _plan(database: SqliteDatabase, statement: str) -> list[str]:
    values = ["x"] * statement.count("?")
    rows = await database.read(
        lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    )
    return [row[3] for row in rows]


@pytest.mark.parametrize(
    ("of_a_shop", "unannounced", "seek"),
    [
        (False, False, "sqlite_autoindex_products_1 ((seller_handle,video_id)>(?,?))"),
        (True, False, "sqlite_autoindex_products_1 (seller_handle=? AND video_id>?)"),
        (False, True, "products_unannounced ((seller_handle,change)>(?,?))"),
        (True, True, "products_unannounced (seller_handle=? AND change>?)"),
    ],
)
async def test_each_page_of_a_scan_is_one_seek(
    database: SqliteDatabase, of_a_shop: bool, unannounced: bool, seek: str
) -> None:
    """A scan goes on where it was, in the order of an index: it neither sorts nor passes over what it has seen."""
    plan = await _plan(database, scan_statement(of_a_shop=of_a_shop, unannounced=unannounced))
    assert plan == [f"SEARCH products USING INDEX {seek}"]


async def test_since_reads_the_documents_of_its_page_only(database: SqliteDatabase) -> None:
    """Changes are found and sorted within an index that holds no documents."""
    plan = await _plan(database, CHANGED)
    assert "SEARCH products USING COVERING INDEX products_updated (seller_handle=? AND updated_at>?)" in plan
    assert "SEARCH products USING INTEGER PRIMARY KEY (rowid=?)" in plan


async def test_a_file_of_the_second_schema_learns_what_was_shown_and_when_each_product_began(tmp_path: Path) -> None:
    """A product of which nothing is owed was shown; a document of another program does not stop the migration."""
    path = tmp_path / "linkhub.sqlite3"
    database = SqliteDatabase.open(path)
    owed, paid = a_record(a_key(1)), a_record(a_key(2), unannounced_revision=None)
    await SqliteProductStore(database=database).create([owed, paid, a_record(a_key(3))])
    database.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE products SET document = X'FF' WHERE video_id = ?", (a_key(3).video_id,))
    make_older(path, version=2)
    database = SqliteDatabase.open(path)
    try:
        store = SqliteProductStore(database=database)
        found = await store.find([a_key(1), a_key(2), a_key(3)])
        assert found[a_key(1)] == owed
        assert found[a_key(2)] == evolve(paid, shown=True)
        assert isinstance(found[a_key(3)], Unreadable)
        assert await store.revise([a_revision(a_record(a_key(1), revision=2))]) == [Revised()]
    finally:
        database.close()


@pytest.mark.parametrize(
    ("statement", "seek"),
    [
        (MANY_CHANGED, "COVERING INDEX products_updated (seller_handle=? AND updated_at>?)"),
        (WALK_END, "COVERING INDEX products_visible (seller_handle=? AND video_id<?)"),
        (WALK, "INDEX products_visible (seller_handle=? AND video_id>? AND video_id<?)"),
        (NEWEST, "INDEX products_visible (seller_handle=? AND video_id<?)"),
    ],
)
async def test_since_long_ago_walks_and_sorts_nothing(database: SqliteDatabase, statement: str, seek: str) -> None:
    """Each step is one seek in an index that holds no tombstones."""
    assert await _plan(database, statement) == [f"SEARCH products USING {seek}"]


@pytest.mark.parametrize("where", ["newest", "oldest", "everywhere"])
async def test_since_with_many_changes_gives_the_same_page(database: SqliteDatabase, where: str) -> None:
    """More products changed than are sorted; wherever they are in the shop, its newest changed ones come, in order."""
    count = 2 * MANY + 100
    await _fill(database, count)
    changed = {
        "newest": range(count - MANY - 10, count),
        "oldest": range(MANY + 10),
        "everywhere": range(count),
    }[where]
    later = timestamp_text(NOON + timedelta(hours=1))
    stamps = (f'"updated_at":"{timestamp_text(NOON)}"', f'"updated_at":"{later}"')
    await database.write(
        lambda connection: connection.executemany(
            _MOVE,
            [(later, *stamps, f"{number:08d}") for number in changed],
        )
    )
    page = await SqliteProductStore(database=database).page(
        PageQuery(seller_handle="shop", limit=3, since=NOON + timedelta(minutes=30))
    )
    assert [product.video_id for product in page.products] == [
        f"{number:08d}" for number in sorted(changed, reverse=True)[:3]
    ]
    assert page.has_more


_INSERT = """
INSERT INTO products (seller_handle, video_id, document, caption_version, thumbnails_version, revision, created_at,
  updated_at) VALUES ('shop', ?, ?, '', '', 1, '2026-01-15T12:00:00.000Z', '2026-01-15T12:00:00.000Z')
"""
_MOVE = """
UPDATE products SET updated_at = ?, document = CAST(replace(CAST(document AS TEXT), ?, ?) AS BLOB)
WHERE seller_handle = 'shop' AND video_id = ?
"""


async def _fill(database: SqliteDatabase, count: int) -> None:
    """So many products of one shop."""
    record = a_record(ProductKey("shop", "-"))
    document = encode_product(record).partition(b'"-"')
    rows = [(f"{number:08d}", b'%b"%08d"%b' % (document[0], number, document[2])) for number in range(count)]
    await database.write(lambda connection: connection.executemany(_INSERT, rows))
