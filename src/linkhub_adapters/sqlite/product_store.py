"""Products in the file: the document as readers see it, and beside it what the protocol needs."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.documents import read_document
from linkhub_adapters.sqlite.stored_rows import COLUMNS, StoredRow, read_row
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Changes,
    Conflict,
    Created,
    CreateOutcome,
    Exists,
    Marked,
    MarkOutcome,
    Revised,
    ReviseOutcome,
    Revision,
    UnknownCursor,
    Unreadable,
)
from linkhub_core.wire.codec import decode_record, encode_product, timestamp_text
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = [
    "CHANGED",
    "MANY",
    "MANY_CHANGED",
    "READ_PRODUCTS",
    "WALK",
    "WALK_END",
    "SqliteProductStore",
    "read_product",
    "scan_statement",
]

PAGE_SIZE = 200

READ_PRODUCTS = """
SELECT seller_handle, video_id, document, caption_version, thumbnails_version, revision, unannounced_revision, shown
"""
_FIND = f"{READ_PRODUCTS} FROM products WHERE seller_handle = ? AND video_id = ?"
_READ_ONE = f"SELECT {COLUMNS} FROM products WHERE seller_handle = ? AND video_id = ?"  # noqa: S608  our own names
_NEWEST = f"SELECT {COLUMNS} FROM products WHERE seller_handle = ? AND video_id < ? ORDER BY video_id DESC LIMIT ?"  # noqa: S608  our own names
# Of what changed after a moment, the newest videos. While few changed, they are found and sorted within an index that
# holds all that is compared. Where many did, a page is filled by a walk from the newest video down, which finds them
# soon; only where it does not is everything that changed sorted.
MANY = 5_000
CHANGED = f"""
SELECT {COLUMNS} FROM products WHERE rowid IN (
  SELECT rowid FROM products INDEXED BY products_updated
  WHERE seller_handle = ? AND updated_at > ? AND video_id < ? ORDER BY video_id DESC LIMIT ?
) ORDER BY video_id DESC
"""  # noqa: S608  our own names
MANY_CHANGED = f"""
SELECT 1 FROM products INDEXED BY products_updated WHERE seller_handle = ? AND updated_at > ? LIMIT 1 OFFSET {MANY}
"""  # noqa: S608  our own number
WALK_END = f"""
SELECT video_id FROM products WHERE seller_handle = ? AND video_id < ? ORDER BY video_id DESC LIMIT 1 OFFSET {MANY}
"""  # noqa: S608  our own number
# The plus keeps SQLite from choosing the index on updated_at.
WALK = f"""
SELECT {COLUMNS} FROM products WHERE seller_handle = ? AND video_id < ? AND video_id > ? AND +updated_at > ?
ORDER BY video_id DESC LIMIT ?
"""  # noqa: S608  our own names
_ALL = "(seller_handle, video_id) > (?, ?)"
_OF_A_SHOP = "seller_handle = ? AND video_id > ?"
_CREATE = """
INSERT INTO products (document, caption_version, thumbnails_version, revision, unannounced_revision, shown, created_at,
  updated_at, seller_handle, video_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_AS_READ = """
WHERE seller_handle = ? AND video_id = ? AND created_at = ? AND revision = ? AND caption_version = ?
  AND thumbnails_version = ?
"""
_REVISE = f"""
UPDATE products SET document = ?, caption_version = ?, thumbnails_version = ?, revision = ?, unannounced_revision = ?,
  shown = max(shown, ?), created_at = ?, updated_at = ? {_AS_READ}
"""  # noqa: S608  our own names
_REFRESH = f"""
UPDATE products SET caption_version = ?, thumbnails_version = ? {_AS_READ}
"""  # noqa: S608  our own names
_ANNOUNCED = f"""
UPDATE products SET unannounced_revision = NULL, shown = 1 {_AS_READ}
"""  # noqa: S608  our own names
_AFTER_ALL = "~"  # sorts behind every character of an id


@frozen(kw_only=True)
class SqliteProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in the file."""

    database: SqliteDatabase

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        rows = await self.database.read(lambda connection: [(key, _find(connection, key)) for key in keys])
        return {key: read_product(row) for key, row in rows if row is not None}

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self.database.read_for_client(lambda connection: _read(connection, keys))

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        rows = [(record.key, _row(record)) for record in records]
        return await self.database.write(lambda connection: [_create(connection, *row) for row in rows])

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        changes = [(revision.before.key, *_change(revision)) for revision in revisions]
        return await self.database.write(lambda connection: [_revise(connection, *change) for change in changes])

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        marks = [(record.key, _as_read(record)) for record in records]
        return await self.database.write(lambda connection: [_mark(connection, *mark) for mark in marks])

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        return await self.database.read_for_client(lambda connection: _page(connection, query))

    async def changes(
        self,
        seller_handle: str,  # noqa: ARG002  this store gives no cursors yet
        after: Cursor,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> Changes | UnknownCursor:
        """See the port."""
        return UnknownCursor()

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return records

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        statement = scan_statement(of_a_shop=seller_handle is not None, unannounced=unannounced)
        last = (seller_handle or "", "")
        while rows := await self.database.read(
            lambda connection, after=last: connection.execute(statement, after).fetchall()  # type: ignore[misc]
        ):
            last = rows[-1][:2]
            for row in rows:
                yield read_product(row)


def scan_statement(*, of_a_shop: bool, unannounced: bool) -> str:
    """The statement that reads the next products after a key, whatever has been read before at no cost."""
    source = "products INDEXED BY products_unannounced" if unannounced else "products"
    condition = _OF_A_SHOP if of_a_shop else _ALL
    condition += " AND unannounced_revision IS NOT NULL" if unannounced else ""
    return f"{READ_PRODUCTS} FROM {source} WHERE {condition} ORDER BY seller_handle, video_id LIMIT {PAGE_SIZE}"


def _read(
    connection: sqlite3.Connection, keys: Sequence[ProductKey]
) -> Mapping[ProductKey, StoredProduct | Unreadable]:
    rows = {key: connection.execute(_READ_ONE, (key.seller_handle, key.video_id)).fetchone() for key in keys}
    return {key: read_row(key.seller_handle, row) for key, row in rows.items() if row is not None}


def _page(connection: sqlite3.Connection, query: PageQuery) -> Page:
    """Read rows until there is one product more than the page holds: that one only shows that there are more."""
    wanted = query.limit + 1
    before = query.before or _AFTER_ALL
    products: list[StoredProduct] = []
    unreadable: list[Unreadable] = []
    while len(products) < wanted:
        asked = wanted - len(products)
        rows = _rows(connection, query, before, asked)
        for row in rows:
            product = read_row(query.seller_handle, row)
            (products if isinstance(product, StoredProduct) else unreadable).append(product)  # type: ignore[arg-type]
        if len(rows) < asked:
            break
        before = rows[-1][0]
    return Page(products=products[: query.limit], has_more=len(products) > query.limit, unreadable=unreadable)


def _rows(connection: sqlite3.Connection, query: PageQuery, before: str, limit: int) -> list[StoredRow]:
    if query.since is None:
        return connection.execute(_NEWEST, (query.seller_handle, before, limit)).fetchall()
    since = timestamp_text(query.since)
    if connection.execute(MANY_CHANGED, (query.seller_handle, since)).fetchone() is not None:
        end = connection.execute(WALK_END, (query.seller_handle, before)).fetchone()
        values = (query.seller_handle, before, end[0] if end else "", since, limit)
        rows: list[StoredRow] = connection.execute(WALK, values).fetchall()
        if len(rows) == limit or end is None:
            return rows
    return connection.execute(CHANGED, (query.seller_handle, since, before, limit)).fetchall()


def _find(connection: sqlite3.Connection, key: ProductKey) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(_FIND, (key.seller_handle, key.video_id)).fetchone()
    return found


def _create(connection: sqlite3.Connection, key: ProductKey, row: tuple[Any, ...]) -> CreateOutcome:
    if connection.execute(_CREATE, row).rowcount == 1:
        return Created()
    stored = _find(connection, key)
    assert stored is not None, "a conflicting row is there, in the same transaction"  # noqa: S101  narrows the type
    product = read_product(stored)
    return product if isinstance(product, Unreadable) else Exists(product)


def _revise(connection: sqlite3.Connection, key: ProductKey, statement: str, values: tuple[Any, ...]) -> ReviseOutcome:
    return Revised() if connection.execute(statement, values).rowcount == 1 else _conflict(connection, key)


def _mark(connection: sqlite3.Connection, key: ProductKey, values: tuple[Any, ...]) -> MarkOutcome:
    return Marked() if connection.execute(_ANNOUNCED, values).rowcount == 1 else _conflict(connection, key)


def _conflict(connection: sqlite3.Connection, key: ProductKey) -> Conflict | Unreadable:
    stored = _find(connection, key)
    product = None if stored is None else read_product(stored)
    return product if isinstance(product, Unreadable) else Conflict(product)


def _change(revision: Revision) -> tuple[str, tuple[Any, ...]]:
    """The statement of a revision, and its values."""
    before, after = revision.before, revision.after
    condition = _as_read(before)
    if revision.is_silent:
        return _REFRESH, (str(after.caption_version), str(after.thumbnails_version), *condition)
    return _REVISE, (*_values(after), *condition)


def _as_read(record: ProductRecord) -> tuple[Any, ...]:
    """The key and the :attr:`~linkhub_core.model.ProductRecord.identity`, as the conditions have them."""
    return (
        record.key.seller_handle,
        record.key.video_id,
        timestamp_text(record.created_at),
        record.revision,
        str(record.caption_version),
        str(record.thumbnails_version),
    )


def _row(record: ProductRecord) -> tuple[Any, ...]:
    return (*_values(record), record.key.seller_handle, record.key.video_id)


def _values(record: ProductRecord) -> tuple[Any, ...]:
    return (
        encode_product(record),
        str(record.caption_version),
        str(record.thumbnails_version),
        record.revision,
        record.unannounced_revision,
        record.shown,
        timestamp_text(record.created_at),
        timestamp_text(record.updated_at),
    )


def read_product(row: tuple[Any, ...]) -> ProductRecord | Unreadable:
    """Read a row of the table ``products``; one that linkhub did not write is named with what is wrong with it."""
    try:
        record = _record(row)
    except (MalformedEvent, ArithmeticError, AttributeError, TypeError, ValueError) as broken:
        return Unreadable(seller_handle=row[0], video_id=row[1], problem=str(broken))
    if (record.key.seller_handle, record.key.video_id) != row[:2]:
        return Unreadable(seller_handle=row[0], video_id=row[1], problem=f"its document is of {record.key}")
    return record


def _record(row: tuple[Any, ...]) -> ProductRecord:
    _, _, document, caption_version, thumbnails_version, revision, unannounced_revision, shown = row
    return decode_record(
        read_document(document),
        caption_version=caption_version,
        thumbnails_version=thumbnails_version,
        revision=revision,
        unannounced_revision=unannounced_revision,
        shown=bool(shown),
    )
