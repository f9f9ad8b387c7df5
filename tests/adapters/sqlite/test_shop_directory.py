"""The shops of a file: what each question reads."""

from __future__ import annotations

import pytest

from linkhub_adapters.sqlite import SqliteDatabase, SqliteShopDirectory
from linkhub_adapters.sqlite.shop_directory import COUNTS, NEXT

_FOREIGN = """
INSERT INTO products (seller_handle, video_id, document, caption_version, thumbnails_version, revision, updated_at)
VALUES (?, '1', X'7B7D', '', '', 7, '2026-01-15T12:00:00.000Z')
"""


@pytest.mark.parametrize("statement", [NEXT, COUNTS], ids=["next", "counts"])
async def test_only_indexes_are_read(database: SqliteDatabase, statement: str) -> None:
    """A search in an index that covers all columns; no row and no document is read."""
    plan = await database.read(
        lambda connection: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("a",))]
    )
    searches = [step for step in plan if "products" in step]
    assert searches
    assert all(step.startswith("SEARCH products USING COVERING INDEX") for step in searches)


async def test_a_handle_of_another_program_is_passed_over(database: SqliteDatabase) -> None:
    """No address can have it, and the shops behind it are found."""
    for handle in ("", "a b", "a", "é", "z"):
        await database.write(lambda connection, handle=handle: connection.execute(_FOREIGN, (handle,)))  # type: ignore[misc]
    assert await SqliteShopDirectory(database=database).handles(after=None, limit=2) == ["a", "z"]
