"""A product store in memory that stamps changes with its time instead of numbering them, as DynamoDB's store does.

The rules are those of :mod:`linkhub_core.model.change_stamps`. The rows are those of a memory store, so the checker
sees both kinds alike.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from attrs import define, evolve, field

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.change_stamps import StampPosition, event_position, is_late, page_position
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Change,
    Changes,
    Conflict,
    Created,
    CreateOutcome,
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

_STORE: Final = "stamped"


@define
class Stamps:
    """The state that all processes share: the stamp of each product, in milliseconds."""

    of: dict[ProductKey, int] = field(factory=dict)


@define
class StampedProductStore:
    """The store as one process sees it at ``now_ms``, its estimate of the store's time when it makes a call.

    Attributes:
        renewed: the revisions whose stamp this process renewed before it announced them.
    """

    inner: MemoryProductStore
    stamps: Stamps
    now_ms: int
    renewed: set[tuple[ProductKey, int]] = field(factory=set)

    def _with_cursor(self, record: ProductRecord) -> ProductRecord:
        is_due = record.unannounced_revision is not None
        return evolve(record, cursor=self._event_cursor(record.key) if is_due else None)

    def _event_cursor(self, key: ProductKey) -> str:
        return self._cursor(key.seller_handle, event_position(self.stamps.of[key]))

    def _cursor(self, seller_handle: str, position: StampPosition) -> str:
        return encode_cursor(Cursor(store=_STORE, seller_handle=seller_handle, position=str(position)))

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        found = await self.inner.find(keys)
        return {key: self._with_cursor(row) if isinstance(row, ProductRecord) else row for key, row in found.items()}

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self.inner.read(keys)

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        outcomes: list[CreateOutcome] = []
        for record, outcome in zip(records, await self.inner.create(records), strict=True):
            if isinstance(outcome, Created):
                self.stamps.of[record.key] = self.now_ms
                outcomes.append(Created(self._event_cursor(record.key)))
            else:
                outcomes.append(
                    outcome
                    if isinstance(outcome, Unreadable)
                    else evolve(outcome, record=self._with_cursor(outcome.record))
                )
        return outcomes

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        outcomes: list[ReviseOutcome] = []
        for revision, outcome in zip(revisions, await self.inner.revise(revisions), strict=True):
            key = revision.before.key
            if isinstance(outcome, Revised) and not revision.is_silent:
                self.stamps.of[key] = self.now_ms
                outcomes.append(Revised(self._event_cursor(key)))
            else:
                outcomes.append(self._conflict(outcome) if isinstance(outcome, Conflict) else outcome)
        return outcomes

    def _conflict(self, conflict: Conflict) -> Conflict:
        return conflict if conflict.record is None else Conflict(self._with_cursor(conflict.record))

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return [await self._prepare(record) for record in records]

    async def _prepare(self, record: ProductRecord) -> ProductRecord | Conflict | Unreadable:
        if not is_late(self.stamps.of[record.key], self.now_ms):
            return record
        stored = (await self.inner.find([record.key])).get(record.key)
        if isinstance(stored, Unreadable):
            return stored
        if stored is None or stored.identity != record.identity:
            return Conflict(None if stored is None else self._with_cursor(stored))
        self.stamps.of[record.key] = self.now_ms
        self.renewed.add((record.key, record.revision))
        return evolve(record, cursor=self._event_cursor(record.key))

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        outcomes: list[MarkOutcome] = []
        for record, outcome in zip(records, await self.inner.mark_announced(records), strict=True):
            if isinstance(outcome, Marked) and (record.key, record.revision) in self.renewed:
                self.renewed.discard((record.key, record.revision))
                self.stamps.of[record.key] = self.now_ms
            outcomes.append(self._conflict(outcome) if isinstance(outcome, Conflict) else outcome)
        return outcomes

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        page = await self.inner.page(query)
        first = self._cursor(query.seller_handle, page_position(self.now_ms))
        return evolve(page, cursor=None if page.cursor is None else first)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        position = StampPosition.parse(after.position) if after.store == _STORE else None
        if position is None:
            return UnknownCursor()
        restart = position.restart
        if restart is not None:
            rows = await self._after(seller_handle, restart)
            position = restart if len(rows) <= limit or position.is_settled(self.now_ms) else position
        rows = await self._after(seller_handle, position)
        has_more, rows = len(rows) > limit, rows[:limit]
        at = {key: position.of_change(stamp_ms, key.video_id, self.now_ms) for stamp_ms, key, _ in rows}
        end = at[rows[-1][1]] if has_more else position.at_end(self.now_ms)
        return Changes(
            changes=[
                Change(stored_product(row), self._cursor(seller_handle, at[key]))
                for _, key, row in rows
                if isinstance(row, ProductRecord)
            ],
            cursor=self._cursor(seller_handle, end),
            has_more=has_more,
            unreadable=[row for _, _, row in rows if isinstance(row, Unreadable)],
        )

    async def _after(
        self, seller_handle: str, position: StampPosition
    ) -> Sequence[tuple[int, ProductKey, ProductRecord | Unreadable]]:
        """The rows behind a position, with their stamps, in order."""
        later = sorted(
            (stamp_ms, key)
            for key, stamp_ms in self.stamps.of.items()
            if key.seller_handle == seller_handle and (stamp_ms, key.video_id) > (position.stamp_ms, position.video_id)
        )
        found = await self.inner.find([key for _, key in later])
        return [(stamp_ms, key, found[key]) for stamp_ms, key in later if key in found]

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        async for row in self.inner.scan(seller_handle=seller_handle, unannounced=unannounced):
            yield row if isinstance(row, Unreadable) else self._with_cursor(row)
