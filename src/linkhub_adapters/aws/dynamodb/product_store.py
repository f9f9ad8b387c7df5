"""Products in a DynamoDB table, keyed by seller and video, with a local secondary index on the stamp of each change.

Every read for a reader is consistent, so a reader who polls misses nothing that was saved before.

Every visible save writes DynamoDB's time as the stamp of the product, at no extra write unit. A process that announces
a debt later than a second after the stamp renews it first, by a conditional write, and again when it clears the debt;
so it does with a debt whose announcement took that long: see :mod:`linkhub_core.model.change_stamps`.

A reply can be lost after its write was applied, and botocore then sends the call again. So if a condition fails and the
stored product is what was to be written, the write counts as ours. If two processes write the same record in the same
millisecond, both announce it, and receivers drop the copy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import define, evolve, field

from linkhub_adapters.aws.client.errors import DYNAMODB
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.partiql import Applied, Outcome, Unmet, execute
from linkhub_adapters.aws.dynamodb.product_items import product_key, product_key_of
from linkhub_adapters.aws.dynamodb.product_writes import clear_debt, insert_product, renew_stamp, revise_product
from linkhub_adapters.aws.dynamodb.shop_reader import ShopReader
from linkhub_adapters.aws.dynamodb.table_cursors import TableCursors
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord, StoredProduct
from linkhub_core.model.change_stamps import is_late
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
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

MAX_ROUNDS = 10
MAX_RENEWALS = 3
MAX_RENEWED = 10_000


@define(kw_only=True, eq=False)
class DynamoDbProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in the table named ``table``."""

    calls: DynamoDbCalls
    table: str
    cursors: TableCursors = field(init=False)
    _reader: ShopReader = field(init=False)
    # The revisions whose stamp was renewed and whose debt is not cleared yet.
    _renewed: dict[tuple[ProductKey, int], None] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.cursors = TableCursors(calls=self.calls, table=self.table)
        self._reader = ShopReader(calls=self.calls, table=self.table, cursors=self.cursors)

    # --- reads

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        items = await self.calls.get(self.table, [product_key(key) for key in keys])
        return {product_key_of(item): self._reader.record(item) for item in items}

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self._reader.read(keys)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        return await self._reader.page(query)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        return await self._reader.changes(seller_handle, after, limit)

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        async for record in self._reader.scan(seller_handle=seller_handle, unannounced=unannounced):
            yield record

    # --- saves

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        outcomes: dict[ProductKey, CreateOutcome] = {}
        for _ in range(MAX_ROUNDS):
            waiting = [record for record in records if record.key not in outcomes]
            if not waiting:
                return [outcomes[record.key] for record in records]
            outcomes |= await self._create(waiting)
        raise ServiceUnavailable(DYNAMODB, f"products of {self.table} came and went {MAX_ROUNDS} times")

    async def _create(self, records: Sequence[ProductRecord]) -> Mapping[ProductKey, CreateOutcome]:
        """One round; products that were there for the INSERT and absent for the read are left out."""
        await self.cursors.learn()
        stamp_ms = self.cursors.now_ms()
        results = await execute(self.calls, [insert_product(self.table, record, stamp_ms) for record in records])
        refused = [record for record, result in zip(records, results, strict=True) if not isinstance(result, Applied)]
        found = await self.find([record.key for record in refused])
        outcomes: dict[ProductKey, CreateOutcome] = {
            record.key: Created(self.cursors.of_event(record.key.seller_handle, stamp_ms)) for record in records
        }
        for record in refused:
            stored = found.get(record.key)
            if stored is None:
                del outcomes[record.key]
            elif isinstance(stored, Unreadable):
                outcomes[record.key] = stored
            else:
                outcomes[record.key] = Created(stored.cursor) if stored == record else Exists(stored)
        return outcomes

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        if not revisions:
            return []
        await self.cursors.learn()
        stamp_ms = self.cursors.now_ms()
        outcomes = await execute(self.calls, [revise_product(self.table, one, stamp_ms) for one in revisions])
        return [
            self._revised(revision, outcome, stamp_ms) for revision, outcome in zip(revisions, outcomes, strict=True)
        ]

    def _revised(self, revision: Revision, outcome: Outcome, stamp_ms: int) -> ReviseOutcome:
        if isinstance(outcome, Applied):
            handle = revision.after.key.seller_handle
            return Revised(None if revision.is_silent else self.cursors.of_event(handle, stamp_ms))
        conflict = self._conflict(outcome)
        if isinstance(conflict, Conflict) and conflict.record and _is_written(revision, conflict.record):
            return Revised(conflict.record.cursor)
        return conflict

    # --- announcements

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port. A renewal costs as much as a save; records with a stamp of the last second cost nothing."""
        if not records:
            return []
        await self.cursors.learn()
        stamps_ms = {record.key: _stamp_of(record) for record in records}
        conflicts: dict[ProductKey, Conflict | Unreadable] = {}
        # While some are renewed, others become late, and so do they themselves if the call is slow.
        for _ in range(MAX_RENEWALS):
            now_ms = self.cursors.now_ms()
            late = [one for one in records if one.key not in conflicts and is_late(stamps_ms[one.key], now_ms)]
            statements = [renew_stamp(self.table, record, now_ms) for record in late]
            for record, outcome in zip(late, await execute(self.calls, statements), strict=True):
                if isinstance(outcome, Unmet):
                    conflicts[record.key] = self._conflict(outcome)
                else:
                    stamps_ms[record.key] = now_ms
                    self._note_renewed(record)
            if not late:
                break
        return [conflicts.get(record.key) or self._prepared(record, stamps_ms[record.key]) for record in records]

    def _note_renewed(self, record: ProductRecord) -> None:
        if len(self._renewed) >= MAX_RENEWED:  # of announcements that failed; another process cleared the debts
            self._renewed.clear()
        self._renewed[record.key, record.revision] = None

    def _prepared(self, record: ProductRecord, stamp_ms: int) -> ProductRecord:
        cursor = self.cursors.of_event(record.key.seller_handle, stamp_ms) if self.cursors.are_given else None
        return record if cursor == record.cursor else record.with_cursor(cursor)

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        statements = [clear_debt(self.table, record, self._stamp_at_clearing(record)) for record in records]
        outcomes = await execute(self.calls, statements)
        return [self._marked(record, outcome) for record, outcome in zip(records, outcomes, strict=True)]

    def _stamp_at_clearing(self, record: ProductRecord) -> int | None:
        """A new stamp for a record that was renewed, or whose announcement took so long that it should have been."""
        is_renewed = (record.key, record.revision) in self._renewed
        if not is_renewed and record.cursor is None:
            return None
        now_ms = self.cursors.now_ms()
        return now_ms if is_renewed or is_late(_stamp_of(record), now_ms) else None

    def _marked(self, record: ProductRecord, outcome: Outcome) -> MarkOutcome:
        conflict = None if isinstance(outcome, Applied) else self._conflict(outcome)
        stored = conflict.record if isinstance(conflict, Conflict) else None
        if conflict is None or (stored is not None and stored.identity == record.identity):
            self._renewed.pop((record.key, record.revision), None)
            return Marked()
        return conflict

    def _conflict(self, outcome: Outcome) -> Conflict | Unreadable:
        item = outcome.item if isinstance(outcome, Unmet) else None
        stored = self._reader.record(item) if item else None
        return stored if isinstance(stored, Unreadable) else Conflict(stored)


def _stamp_of(record: ProductRecord) -> int:
    return TableCursors.stamp_of_event(record.key.seller_handle, record.cursor)


def _is_written(revision: Revision, stored: ProductRecord) -> bool:
    """Whether the stored product is what was to be written: an attempt whose reply was lost wrote it.

    Of a silent revision the versions count: it does not matter which process wrote them, or whether the debt was
    cleared since. ``shown`` is not compared, because only withdrawals reset it.
    """
    if revision.is_silent:
        return stored.identity == revision.after.identity
    if revision.after.revision == 1:  # a first revision is created: no lost reply of a change explains it
        return False
    return evolve(stored, shown=revision.after.shown) == revision.after
