"""Products in the file: the document that readers see, and the columns of the protocol."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import define, evolve, field

from linkhub_adapters.sqlite.change_numbers import CHANGED_AFTER, ChangeNumbers, Numbering, number_of
from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.product_rows import (
    COLUMNS,
    RECORD_COLUMNS,
    StoredRow,
    identity_values,
    listing_text,
    read_product,
    read_row,
    record_values,
)
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Change,
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
from linkhub_core.wire.codec import encode_product, timestamp_text
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

T = TypeVar("T")
R = TypeVar("R", bound=ProductRecord | Unreadable | None)

PAGE_SIZE = 200

_FIND = f"SELECT {RECORD_COLUMNS} FROM products WHERE seller_handle = ? AND video_id = ?"  # noqa: S608  our own names
_READ_ONE = f"SELECT {COLUMNS} FROM products WHERE seller_handle = ? AND video_id = ?"  # noqa: S608  our own names
NEWEST = f"""
SELECT {COLUMNS} FROM products INDEXED BY products_visible
WHERE seller_handle = ? AND video_id < ? AND withdrawn = 0 ORDER BY video_id DESC LIMIT ?
"""  # noqa: S608  our own names
CHANGES = CHANGED_AFTER.format(columns=COLUMNS)
# ``since`` asks for the newest videos among those that changed. Up to MANY changed ones are found and sorted within an
# index that holds all columns that are compared. Of more, a walk from the newest video down soon fills a page; if it
# does not, all changed ones are sorted.
MANY = 5_000
CHANGED = f"""
SELECT {COLUMNS} FROM products WHERE rowid IN (
  SELECT rowid FROM products INDEXED BY products_updated
  WHERE seller_handle = ? AND updated_at > ? AND video_id < ? AND withdrawn = 0 ORDER BY video_id DESC LIMIT ?
) ORDER BY video_id DESC
"""  # noqa: S608  our own names
MANY_CHANGED = f"""
SELECT 1 FROM products INDEXED BY products_updated
WHERE seller_handle = ? AND updated_at > ? AND withdrawn = 0 LIMIT 1 OFFSET {MANY}
"""  # noqa: S608  our own number
WALK_END = f"""
SELECT video_id FROM products INDEXED BY products_visible
WHERE seller_handle = ? AND video_id < ? AND withdrawn = 0 ORDER BY video_id DESC LIMIT 1 OFFSET {MANY}
"""  # noqa: S608  our own number
WALK = f"""
SELECT {COLUMNS} FROM products INDEXED BY products_visible
WHERE seller_handle = ? AND video_id < ? AND video_id > ? AND updated_at > ? AND withdrawn = 0
ORDER BY video_id DESC LIMIT ?
"""  # noqa: S608  our own names
_CREATE = """
INSERT INTO products (document, caption_version, thumbnails_version, revision, unannounced_revision, shown, created_at,
  updated_at, listing, withdrawn, change, seller_handle, video_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_AS_READ = """
WHERE seller_handle = ? AND video_id = ? AND created_at = ? AND revision = ? AND caption_version = ?
  AND thumbnails_version = ? AND json_extract(listing, '$.version') IS ?
"""
_REVISE = f"""
UPDATE products SET document = ?1, caption_version = ?2, thumbnails_version = ?3, revision = ?4,
  unannounced_revision = ?5, shown = max(shown, ?6) AND NOT ?10, created_at = ?7, updated_at = ?8, listing = ?9,
  withdrawn = ?10, change = ?11 {_AS_READ}
"""  # noqa: S608  our own names
# Only the document of a tombstone changes: of a visible product readers see no change.
_REFRESH = f"UPDATE products SET caption_version = ?, thumbnails_version = ?, listing = ? {_AS_READ}"  # noqa: S608  our own names
_REFRESH_TOMBSTONE = f"""
UPDATE products SET document = ?, caption_version = ?, thumbnails_version = ?, listing = ? {_AS_READ}
"""  # noqa: S608  our own names
_ANNOUNCED = f"UPDATE products SET unannounced_revision = NULL, shown = NOT withdrawn {_AS_READ}"  # noqa: S608  our own names
_CREATED = Created()  # the cursors are known at the end of the transaction
_AFTER_ALL = "~"  # sorts behind every character of an id


@define(eq=False, kw_only=True)
class SqliteProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in the file."""

    database: SqliteDatabase
    _numbers: ChangeNumbers = field(factory=ChangeNumbers, init=False)

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        found, cursors = await self.database.read(lambda connection: _find_all(connection, keys))
        return {key: _with_cursor(read_product(row), cursors) for key, row in found}

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self.database.read_for_client(lambda connection: _read(connection, keys))

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        rows = [(record.key, record_values(record)) for record in records]

        def work(connection: sqlite3.Connection, numbering: Numbering) -> list[CreateOutcome]:
            return [_create(connection, numbering, *row) for row in rows]

        outcomes, cursors = await self._save(work, records)
        return [
            _created(outcome, record.key.seller_handle, cursors)
            for record, outcome in zip(records, outcomes, strict=True)
        ]

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        changes = [(one, _values(one)) for one in revisions]

        def work(connection: sqlite3.Connection, numbering: Numbering) -> list[ReviseOutcome]:
            return [_revise(connection, numbering, *change) for change in changes]

        outcomes, cursors = await self._save(work, [one.after for one in revisions])
        return [_revised(outcome, revision, cursors) for revision, outcome in zip(revisions, outcomes, strict=True)]

    async def _save(
        self, work: Callable[[sqlite3.Connection, Numbering], T], records: Sequence[ProductRecord]
    ) -> tuple[T, Mapping[str, str]]:
        """Run ``work`` in a transaction that numbers changes; the cursors of live events are read at its end."""

        def within(connection: sqlite3.Connection) -> tuple[T, Mapping[str, str], Numbering]:
            numbering = Numbering.read(connection)
            done = work(connection, numbering)
            self._numbers.store(connection, numbering)
            return done, numbering.event_cursors(connection, (one.key.seller_handle for one in records)), numbering

        done, cursors, numbering = await self.database.write(within)
        self._numbers.committed(numbering)
        return done, cursors

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return records

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        marks = [(record.key, identity_values(record)) for record in records]
        return await self.database.write(lambda connection: [_mark(connection, *mark) for mark in marks], durably=False)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        return await self.database.read_for_client(lambda connection: _page(connection, query))

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        return await self.database.read_for_client(lambda connection: _changes(connection, seller_handle, after, limit))

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        statement = scan_statement(of_a_shop=seller_handle is not None, unannounced=unannounced)
        last: tuple[Any, ...] = (seller_handle or "", -1 if unannounced else "")
        while True:
            rows, cursors = await self.database.read(
                lambda connection, after=last: _with_event_cursors(connection, connection.execute(statement, after))  # type: ignore[misc]
            )
            if not rows:
                return
            last = (rows[-1][0], rows[-1][-1])
            for row in rows:
                yield _with_cursor(read_product(row), cursors)


def scan_statement(*, of_a_shop: bool, unannounced: bool) -> str:
    """The statement that reads the next rows after a place; rows that were read before cost nothing.

    The place is a seller and the last column: the ``change`` for unannounced rows, else the ``video_id``.
    """
    place, source = "video_id", "products"
    if unannounced:
        place, source = "change", "products INDEXED BY products_unannounced"
    condition = f"seller_handle = ? AND {place} > ?" if of_a_shop else f"(seller_handle, {place}) > (?, ?)"
    condition += " AND unannounced_revision IS NOT NULL" if unannounced else ""
    return f"""
SELECT {RECORD_COLUMNS}, {place} FROM {source} WHERE {condition} ORDER BY seller_handle, {place} LIMIT {PAGE_SIZE}
"""  # noqa: S608  our own names


# --- reading


def _read(
    connection: sqlite3.Connection, keys: Sequence[ProductKey]
) -> Mapping[ProductKey, StoredProduct | Unreadable]:
    rows = {key: connection.execute(_READ_ONE, (key.seller_handle, key.video_id)).fetchone() for key in keys}
    return {key: read_row(key.seller_handle, row) for key, row in rows.items() if row is not None}


def _page(connection: sqlite3.Connection, query: PageQuery) -> Page:
    """Read rows until there is one product more than the page holds, which shows that there are more.

    The cursor is read first: a change that is saved between both reads has a higher number.
    """
    cursor = None
    if query.gives_cursor:
        numbering = Numbering.read(connection)
        cursor = numbering.cursor(query.seller_handle, numbering.last)
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
    return Page(
        products=products[: query.limit], has_more=len(products) > query.limit, unreadable=unreadable, cursor=cursor
    )


def _rows(connection: sqlite3.Connection, query: PageQuery, before: str, limit: int) -> list[StoredRow]:
    if query.since is None:
        return connection.execute(NEWEST, (query.seller_handle, before, limit)).fetchall()
    since = timestamp_text(query.since)
    if connection.execute(MANY_CHANGED, (query.seller_handle, since)).fetchone() is not None:
        end = connection.execute(WALK_END, (query.seller_handle, before)).fetchone()
        values = (query.seller_handle, before, end[0] if end else "", since, limit)
        rows: list[StoredRow] = connection.execute(WALK, values).fetchall()
        if len(rows) == limit or end is None:
            return rows
    return connection.execute(CHANGED, (query.seller_handle, since, before, limit)).fetchall()


def _changes(connection: sqlite3.Connection, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
    numbering, number = Numbering.read(connection), number_of(connection, after)
    if number is None:
        return UnknownCursor()
    rows = connection.execute(CHANGES, (seller_handle, number, numbering.last, limit + 1)).fetchall()
    has_more, rows = len(rows) > limit, rows[:limit]
    read = [(read_row(seller_handle, row[:-1]), row[-1]) for row in rows]
    return Changes(
        changes=[
            Change(product, numbering.cursor(seller_handle, change))
            for product, change in read
            if isinstance(product, StoredProduct)
        ],
        cursor=numbering.cursor(seller_handle, rows[-1][-1] if has_more else numbering.last),
        has_more=has_more,
        unreadable=[product for product, _ in read if isinstance(product, Unreadable)],
    )


def _find_all(
    connection: sqlite3.Connection, keys: Sequence[ProductKey]
) -> tuple[list[tuple[ProductKey, tuple[Any, ...]]], Mapping[str, str]]:
    found = [(key, row) for key in keys if (row := _find(connection, key)) is not None]
    _, cursors = _with_event_cursors(connection, (row for _, row in found))
    return found, cursors


def _find(connection: sqlite3.Connection, key: ProductKey) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(_FIND, (key.seller_handle, key.video_id)).fetchone()
    return found


def _with_event_cursors(connection: sqlite3.Connection, found: Any) -> tuple[list[tuple[Any, ...]], Mapping[str, str]]:
    """Rows, and the cursors of the shops of owed ones. A cursor that is read later is safe: debts below it are paid."""
    rows = list(found)
    owed = {row[0] for row in rows if row[6] is not None}
    return rows, Numbering.read(connection).event_cursors(connection, owed) if owed else {}


def _with_cursor(row: R, cursors: Mapping[str, str]) -> R:
    if isinstance(row, ProductRecord) and row.unannounced_revision is not None:
        return evolve(row, cursor=cursors.get(row.key.seller_handle))
    return row


def _created(outcome: CreateOutcome, seller_handle: str, cursors: Mapping[str, str]) -> CreateOutcome:
    if isinstance(outcome, Created):
        return Created(cursors[seller_handle])
    return Exists(_with_cursor(outcome.record, cursors)) if isinstance(outcome, Exists) else outcome


def _revised(outcome: ReviseOutcome, revision: Revision, cursors: Mapping[str, str]) -> ReviseOutcome:
    if isinstance(outcome, Revised):
        return outcome if revision.is_silent else Revised(cursors[revision.after.key.seller_handle])
    return Conflict(_with_cursor(outcome.record, cursors)) if isinstance(outcome, Conflict) else outcome


# --- writing


def _create(
    connection: sqlite3.Connection, numbering: Numbering, key: ProductKey, values: tuple[Any, ...]
) -> CreateOutcome:
    row = (*values, numbering.following, key.seller_handle, key.video_id)
    if connection.execute(_CREATE, row).rowcount == 1:
        numbering.count()
        return _CREATED
    stored = _find(connection, key)
    assert stored is not None, "a conflicting row is there, in the same transaction"  # noqa: S101  narrows the type
    product = read_product(stored)
    return product if isinstance(product, Unreadable) else Exists(product)


def _revise(
    connection: sqlite3.Connection, numbering: Numbering, revision: Revision, values: tuple[Any, ...]
) -> ReviseOutcome:
    as_read = identity_values(revision.before)
    if revision.is_silent:
        statement = _REFRESH_TOMBSTONE if revision.after.is_withdrawn else _REFRESH
        is_done = connection.execute(statement, (*values, *as_read)).rowcount == 1
    elif is_done := connection.execute(_REVISE, (*values, numbering.following, *as_read)).rowcount == 1:
        numbering.count()
    return Revised() if is_done else _conflict(connection, revision.before.key)


def _values(revision: Revision) -> tuple[Any, ...]:
    after = revision.after
    if not revision.is_silent:
        return record_values(after)
    kept = (str(after.caption_version), str(after.thumbnails_version), listing_text(after))
    return (encode_product(after), *kept) if after.is_withdrawn else kept


def _mark(connection: sqlite3.Connection, key: ProductKey, values: tuple[Any, ...]) -> MarkOutcome:
    return Marked() if connection.execute(_ANNOUNCED, values).rowcount == 1 else _conflict(connection, key)


def _conflict(connection: sqlite3.Connection, key: ProductKey) -> Conflict | Unreadable:
    stored = _find(connection, key)
    product = None if stored is None else read_product(stored)
    return product if isinstance(product, Unreadable) else Conflict(product)
