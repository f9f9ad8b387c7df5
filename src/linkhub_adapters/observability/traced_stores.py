"""Stores that tell the trace when a step began; they change nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from attrs import frozen

from linkhub_adapters.observability.tracing import note_began
from linkhub_core.model import Half, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Changes,
    Conflict,
    CreateOutcome,
    DropOutcome,
    MarkOutcome,
    ProductStore,
    ReviseOutcome,
    Revision,
    StageOutcome,
    StagingStore,
    UnknownCursor,
    Unreadable,
)
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = ["TracedProductStore", "TracedStagingStore"]


@frozen
class TracedProductStore:
    """A product store whose writes are the step ``save``."""

    inner: ProductStore

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        return await self.inner.find(keys)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self.inner.read(keys)

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        note_began("save")
        return await self.inner.create(records)

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        note_began("save")
        return await self.inner.revise(revisions)

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return await self.inner.prepare_announcements(records)

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        return await self.inner.mark_announced(records)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        return await self.inner.page(query)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        return await self.inner.changes(seller_handle, after, limit)

    def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        return self.inner.scan(seller_handle=seller_handle, unannounced=unannounced)


@frozen
class TracedStagingStore:
    """A staging store whose writes are the step ``stage``."""

    inner: StagingStore

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        note_began("stage")
        return await self.inner.stage(halves, slack=slack)

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        return await self.inner.waiting(keys)

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self.inner.drop(rows)

    def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        return self.inner.scan()
