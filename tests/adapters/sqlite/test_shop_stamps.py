"""Stamps of shops in the file: triggers move them, so any writer of a product does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from linkhub_adapters.sqlite import SqliteDatabase, SqliteProductStore, SqliteShopStamps
from linkhub_core.testing.builders import KEY, a_record
from linkhub_core.testing.shop_stamps import SELLER, ShopStampsContract
from tests.adapters.sqlite.older_files import make_older


@pytest.fixture
def product_store(database: SqliteDatabase) -> SqliteProductStore:
    """An empty store."""
    return SqliteProductStore(database=database)


@pytest.fixture
def shop_stamps(database: SqliteDatabase) -> Iterator[SqliteShopStamps]:
    """Its stamps."""
    with closing(SqliteShopStamps.open(database)) as stamps:
        yield stamps


class TestSqliteShopStamps(ShopStampsContract):
    """The contract."""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE products SET document = x'7b7d'",
        "UPDATE OR IGNORE products SET document = x'7b7d'",
        "UPDATE products SET seller_handle = 'another'",
        "UPDATE products SET video_id = 'v'",
        "DELETE FROM products",
        "INSERT OR REPLACE INTO products SELECT * FROM products",
        (
            "INSERT OR IGNORE INTO products SELECT seller_handle, 'v', document, caption_version, thumbnails_version,"
            " revision, unannounced_revision, shown, created_at, updated_at, change, listing, withdrawn FROM products"
        ),
    ],
)
async def test_another_program_moves_the_stamp(
    database: SqliteDatabase, product_store: SqliteProductStore, shop_stamps: SqliteShopStamps, statement: str
) -> None:
    """By whatever statement, also one whose OR clause SQLite applies to what a trigger does."""
    await product_store.create([a_record()])
    before = shop_stamps.current(SELLER)
    with closing(sqlite3.connect(database.path, isolation_level=None)) as connection:
        connection.execute(statement)
    assert shop_stamps.current(SELLER) != before


async def test_a_product_that_moves_to_another_shop_changes_both(
    database: SqliteDatabase, product_store: SqliteProductStore, shop_stamps: SqliteShopStamps
) -> None:
    """Both pages are other ones."""
    await product_store.create([a_record()])
    before = [shop_stamps.current(seller) for seller in (SELLER, "another")]
    await database.write(lambda connection: connection.execute("UPDATE products SET seller_handle = 'another'"))
    after = [shop_stamps.current(seller) for seller in (SELLER, "another")]
    assert all(one != other for one, other in zip(before, after, strict=True))


async def test_a_file_of_the_third_schema_gets_stamps(tmp_path: Path) -> None:
    """Its products stay, and the next change is seen."""
    path = tmp_path / "linkhub.sqlite3"
    SqliteDatabase.open(path).close()
    make_older(path, version=3)
    with closing(SqliteDatabase.open(path)) as database, closing(SqliteShopStamps.open(database)) as stamps:
        store = SqliteProductStore(database=database)
        before = stamps.current(SELLER)
        await store.create([a_record()])
        assert stamps.current(SELLER) != before
        assert list(await store.find([KEY])) == [KEY]


def test_a_file_that_cannot_be_read_has_no_stamps(database: SqliteDatabase) -> None:
    """Nothing is kept then: the read itself says what is wrong."""
    stamps = SqliteShopStamps.open(database)
    stamps.close()
    assert stamps.current(SELLER) is None
