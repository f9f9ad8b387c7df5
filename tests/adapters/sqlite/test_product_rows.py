"""Rows as readers get them: the JSON of the codec as it is stored; other rows are put right, or left out by name."""

from __future__ import annotations

import pytest

from linkhub_adapters.sqlite import SqliteDatabase, SqliteProductStore
from linkhub_core.ports import Unreadable
from linkhub_core.testing.builders import KEY, a_key, a_record
from linkhub_core.wire.codec import encode_product, stored_product
from linkhub_core.wire.shop_query import PageQuery

SELLER = KEY.seller_handle


async def _edit(database: SqliteDatabase, video_id: str, document: bytes) -> None:
    await database.write(
        lambda connection: connection.execute(
            "UPDATE products SET document = ? WHERE video_id = ?", (document, video_id)
        )
    )


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"null",
        b"\x00\xff",
        b'{"title":"half of a docu',
        encode_product(a_record(a_key(2)))[:-1],
        encode_product(a_record(a_key(3))),
        encode_product(a_record(a_key(2, "another"))),
    ],
)
async def test_a_row_that_cannot_be_read_leaves_its_page_whole(database: SqliteDatabase, document: bytes) -> None:
    """It takes no place on the page, and is named; alone it is an outcome by its name."""
    store = SqliteProductStore(database=database)
    records = [a_record(a_key(number)) for number in range(5)]
    await store.create(records)
    damaged = a_key(2)
    await _edit(database, damaged.video_id, document)
    for query in (PageQuery(seller_handle=SELLER, limit=3), PageQuery(seller_handle=SELLER, limit=3, before="~")):
        page = await store.page(query)
        assert [product.key for product in page.products] == [a_key(4), a_key(3), a_key(1)]
        assert page.has_more
        assert [row.video_id for row in page.unreadable] == [damaged.video_id]
    read = await store.read([damaged, a_key(1)])
    assert isinstance(read[damaged], Unreadable)
    assert read[a_key(1)] == stored_product(records[1])


async def test_a_page_of_unreadable_rows_ends(database: SqliteDatabase) -> None:
    """A shop of which no row can be read is an empty one, with each row named once."""
    store = SqliteProductStore(database=database)
    await store.create([a_record(a_key(number)) for number in range(30)])
    for number in range(30):
        await _edit(database, a_key(number).video_id, b"{}")
    page = await store.page(PageQuery(seller_handle=SELLER, limit=3))
    assert (list(page.products), page.has_more, len(page.unreadable)) == ([], False, 30)


async def test_a_document_of_another_form_is_put_right(database: SqliteDatabase) -> None:
    """The same product with other spaces comes out as the codec writes it."""
    store, record = SqliteProductStore(database=database), a_record()
    await store.create([record])
    await _edit(database, KEY.video_id, encode_product(record).replace(b'","video_id"', b'" , "video_id"'))
    assert await store.read([KEY]) == {KEY: stored_product(record)}
