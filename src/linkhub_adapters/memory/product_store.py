"""Products in a dictionary, and the stamps of their shops."""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import takewhile

from attrs import define, evolve, field, frozen

from linkhub_core.model import ProductKey, ProductRecord, StoredProduct
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
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.cursor import Cursor, encode_cursor
from linkhub_core.wire.shop_query import Page, PageQuery


@define
class MemoryProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in memory. ``writes`` counts the writes that readers see, by seller.

    Each such write has the next number; ``numbers`` holds the newest one of each product. ``store_id`` is in the
    cursors of this instance. Put a row of another program into ``unreadable``: it hides the one in ``rows``.
    """

    rows: dict[ProductKey, ProductRecord] = field(factory=dict)
    unreadable: dict[ProductKey, Unreadable] = field(factory=dict)
    store_id: str = field(factory=lambda: secrets.token_urlsafe(6))
    writes: Counter[str] = field(factory=Counter, init=False)
    numbers: dict[ProductKey, int] = field(factory=dict, init=False)
    _last_number: int = field(default=0, init=False)
    _owed: defaultdict[str, dict[ProductKey, int]] = field(factory=lambda: defaultdict(dict), init=False)

    def _stored(self, key: ProductKey) -> ProductRecord | Unreadable | None:
        return self.unreadable.get(key) or self.rows.get(key)

    def _read(self, key: ProductKey) -> ProductRecord | Unreadable | None:
        row = self._stored(key)
        return self._with_cursor(row) if isinstance(row, ProductRecord) else row

    def _with_cursor(self, record: ProductRecord) -> ProductRecord:
        if record.unannounced_revision is None:
            return record
        return record.with_cursor(self._event_cursor(record.key.seller_handle))

    def _event_cursor(self, seller_handle: str) -> str:
        """The cursor of live events of a shop: just below its lowest change that is not announced."""
        owed = self._owed[seller_handle]
        for key in list(owed):
            row = self.rows.get(key)
            if row is not None and row.unannounced_revision is not None:
                return self._cursor(seller_handle, owed[key] - 1)
            del owed[key]  # announced, or deleted by a test
        return self._cursor(seller_handle, self._last_number)

    def _cursor(self, seller_handle: str, number: int) -> str:
        return encode_cursor(Cursor(store=self.store_id, seller_handle=seller_handle, position=str(number)))

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        return {key: row for key in keys if (row := self._read(key)) is not None}

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        rows = await self.find(keys)
        return {key: row if isinstance(row, Unreadable) else stored_product(row) for key, row in rows.items()}

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        return [self._create(record) for record in records]

    def _create(self, record: ProductRecord) -> CreateOutcome:
        if (unreadable := self.unreadable.get(record.key)) is not None:
            return unreadable
        if (stored := self.rows.get(record.key)) is not None:
            return Exists(self._with_cursor(stored))
        self.put(record)
        return Created(self._event_cursor(record.key.seller_handle))

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        return [self._revise(revision) for revision in revisions]

    def _revise(self, revision: Revision) -> ReviseOutcome:
        before, after = revision.before, revision.after
        stored = self._stored(before.key)
        if isinstance(stored, Unreadable):
            return stored
        if stored is None or stored.identity != before.identity:
            return Conflict(None if stored is None else self._with_cursor(stored))
        if revision.is_silent:
            self.rows[before.key] = stored.with_parts_of(after)
            return Revised()
        self.put(evolve(after, shown=(stored.shown or after.shown) and not after.is_withdrawn))
        return Revised(self._event_cursor(after.key.seller_handle))

    def put(self, record: ProductRecord) -> None:
        """Store a product as it is, with the next number."""
        self._last_number += 1
        self.rows[record.key] = record
        # Both stay in the order of their numbers.
        self.numbers.pop(record.key, None)
        self.numbers[record.key] = self._last_number
        owed = self._owed[record.key.seller_handle]
        owed.pop(record.key, None)
        owed[record.key] = self._last_number
        self.writes[record.key.seller_handle] += 1

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return records

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        return [self._mark(record) for record in records]

    def _mark(self, record: ProductRecord) -> MarkOutcome:
        stored = self._stored(record.key)
        if isinstance(stored, Unreadable):
            return stored
        if stored is None or stored.identity != record.identity:
            return Conflict(None if stored is None else self._with_cursor(stored))
        self.rows[record.key] = stored.announced()
        return Marked()

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        shop = sorted(key for key in self._keys() if key.seller_handle == query.seller_handle)
        rows = [self._read(key) for key in reversed(shop) if query.before is None or key.video_id < query.before]
        records = [row for row in rows if isinstance(row, ProductRecord) and not row.is_withdrawn]
        if query.since is not None:
            records = [record for record in records if record.updated_at > query.since]
        unreadable = [row for row in rows if isinstance(row, Unreadable)]
        return Page(
            products=[stored_product(record) for record in records[: query.limit]],
            has_more=len(records) > query.limit,
            unreadable=unreadable,
            cursor=self._cursor(query.seller_handle, self._last_number) if query.gives_cursor else None,
        )

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        if after.store != self.store_id or not after.position.isdecimal() or int(after.position) > self._last_number:
            return UnknownCursor()
        later = list(takewhile(lambda one: one[1] > int(after.position), reversed(self.numbers.items())))
        rows = [
            (number, row)
            for key, number in reversed(later)
            if key.seller_handle == seller_handle and (row := self._read(key)) is not None
        ]
        has_more, rows = len(rows) > limit, rows[:limit]
        return Changes(
            changes=[
                Change(stored_product(row), self._cursor(seller_handle, number))
                for number, row in rows
                if isinstance(row, ProductRecord)
            ],
            cursor=self._cursor(seller_handle, rows[-1][0] if has_more else self._last_number),
            has_more=has_more,
            unreadable=[row for _, row in rows if isinstance(row, Unreadable)],
        )

    def _keys(self) -> set[ProductKey]:
        return self.rows.keys() | self.unreadable.keys()

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        for key in sorted(self._keys()):
            row = self._read(key)
            if row is None or seller_handle not in (None, key.seller_handle):
                continue
            if not unannounced or isinstance(row, Unreadable) or row.unannounced_revision is not None:
                yield row


@frozen
class MemoryShopStamps:
    """A :class:`~linkhub_core.ports.ShopStamps` of a store. Rows that a test sets are not counted."""

    store: MemoryProductStore
    max_age_seconds: float = 0.0

    def current(self, seller_handle: str) -> int:
        """See the port."""
        return self.store.writes[seller_handle]
