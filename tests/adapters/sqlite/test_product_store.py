"""What reading the products in the file costs: what is read, not what is there."""

from __future__ import annotations

import pytest

from linkhub_adapters.sqlite import SqliteDatabase
from linkhub_adapters.sqlite.product_store import CHANGED, scan_statement


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
        (False, True, "products_unannounced ((seller_handle,video_id)>(?,?))"),
        (True, True, "products_unannounced (seller_handle=? AND video_id>?)"),
    ],
)
async def test_each_page_of_a_scan_is_one_seek(
    database: SqliteDatabase, of_a_shop: bool, unannounced: bool, seek: str
) -> None:
    """A scan goes on where it was, in the order of an index: it neither sorts nor passes over what it has seen."""
    plan = await _plan(database, scan_statement(of_a_shop=of_a_shop, unannounced=unannounced))
    assert plan == [f"SEARCH products USING INDEX {seek}"]


async def test_since_reads_the_documents_of_its_page_only(database: SqliteDatabase) -> None:
    """What changed is found and sorted within an index that holds no documents."""
    plan = await _plan(database, CHANGED)
    assert "SEARCH products USING COVERING INDEX products_updated (seller_handle=? AND updated_at>?)" in plan
    assert "SEARCH products USING INTEGER PRIMARY KEY (rowid=?)" in plan
