"""Products in a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import define, evolve, field

from linkhub_core.catalog import Page, PageQuery
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports import Conflict, Created, CreateOutcome, Exists, Revised, ReviseOutcome

__all__ = ["MemoryProductStore"]


@define
class MemoryProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in memory."""

    rows: dict[ProductKey, ProductRecord] = field(factory=dict)

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord]:
        """See the port."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        return [self._create(record) for record in records]

    def _create(self, record: ProductRecord) -> CreateOutcome:
        if (stored := self.rows.get(record.key)) is not None:
            return Exists(stored)
        self.rows[record.key] = record
        return Created()

    async def revise(self, records: Sequence[ProductRecord]) -> Sequence[ReviseOutcome]:
        """See the port."""
        return [self._revise(record) for record in records]

    def _revise(self, record: ProductRecord) -> ReviseOutcome:
        stored = self.rows.get(record.key)
        if stored is None or stored.revision != record.revision - 1:
            return Conflict(stored)
        self.rows[record.key] = record
        return Revised()

    async def mark_announced(self, revisions: Sequence[tuple[ProductKey, int]]) -> None:
        """See the port."""
        for key, revision in revisions:
            stored = self.rows.get(key)
            if stored is not None and stored.unannounced_revision == revision:
                self.rows[key] = evolve(stored, unannounced_revision=None)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        shop = sorted(key for key in self.rows if key.seller_handle == query.seller_handle)
        records = [self.rows[key] for key in reversed(shop) if query.before is None or key.video_id < query.before]
        if query.since is not None:
            records = [record for record in records if record.updated_at > query.since]
        return Page(records=records[: query.limit], has_more=len(records) > query.limit)

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord]:
        """See the port."""
        for key in sorted(self.rows):
            record = self.rows.get(key)
            if record is None or (unannounced and record.unannounced_revision is None):
                continue
            if seller_handle in (None, key.seller_handle):
                yield record
