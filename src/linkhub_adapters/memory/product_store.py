"""Products in a dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import define, evolve, field

from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Conflict,
    Created,
    CreateOutcome,
    Exists,
    Marked,
    MarkOutcome,
    Revised,
    ReviseOutcome,
    Revision,
    Unreadable,
)
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = ["MemoryProductStore"]


@define
class MemoryProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in memory. ``changes`` counts the writes that readers see, by seller.

    A test puts what another program would have written into ``unreadable``: such a row hides the one in ``rows``.
    """

    rows: dict[ProductKey, ProductRecord] = field(factory=dict)
    unreadable: dict[ProductKey, Unreadable] = field(factory=dict)
    changes: Counter[str] = field(factory=Counter, init=False)

    def _read(self, key: ProductKey) -> ProductRecord | Unreadable | None:
        return self.unreadable.get(key) or self.rows.get(key)

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
            return Exists(stored)
        self._put(record)
        return Created()

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        return [self._revise(revision) for revision in revisions]

    def _revise(self, revision: Revision) -> ReviseOutcome:
        before, after = revision.before, revision.after
        stored = self._read(before.key)
        if isinstance(stored, Unreadable):
            return stored
        if stored is None or stored.identity != before.identity:
            return Conflict(stored)
        if revision.is_silent:
            self.rows[before.key] = evolve(
                stored, caption_version=after.caption_version, thumbnails_version=after.thumbnails_version
            )
        else:
            self._put(evolve(after, shown=stored.shown or after.shown))
        return Revised()

    def _put(self, record: ProductRecord) -> None:
        self.rows[record.key] = record
        self.changes[record.key.seller_handle] += 1

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        return [self._mark(record) for record in records]

    def _mark(self, record: ProductRecord) -> MarkOutcome:
        stored = self._read(record.key)
        if isinstance(stored, Unreadable):
            return stored
        if stored is None or stored.identity != record.identity:
            return Conflict(stored)
        self.rows[record.key] = evolve(stored, unannounced_revision=None, shown=True)
        return Marked()

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        shop = sorted(key for key in self._keys() if key.seller_handle == query.seller_handle)
        rows = [self._read(key) for key in reversed(shop) if query.before is None or key.video_id < query.before]
        records = [row for row in rows if isinstance(row, ProductRecord)]
        if query.since is not None:
            records = [record for record in records if record.updated_at > query.since]
        unreadable = [row for row in rows if isinstance(row, Unreadable)]
        return Page(
            products=[stored_product(record) for record in records[: query.limit]],
            has_more=len(records) > query.limit,
            unreadable=unreadable,
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
