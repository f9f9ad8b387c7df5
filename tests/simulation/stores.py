"""The stores as one process has them: the memory adapters at the other end of the wire, the witness beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from attrs import frozen

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_core.catalog import Page, PageQuery
from linkhub_core.errors import StoreRefused
from linkhub_core.model import Half, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.ports import (
    Created,
    CreateOutcome,
    DropOutcome,
    Dropped,
    MarkOutcome,
    Revised,
    ReviseOutcome,
    Revision,
    StageOutcome,
    Unreadable,
)
from tests.simulation.clocks import LoopClock
from tests.simulation.wire import Mortal, Wire
from tests.simulation.witness import Witness, short

__all__ = ["SimulatedProducts", "SimulatedStaging"]


@frozen
class SimulatedProducts:
    """A product store; it refuses the products of the key that the plan names."""

    process: Mortal
    wire: Wire
    witness: Witness
    inner: MemoryProductStore

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        found = await self.wire.each(self.process, "products", "find", keys, self._find)
        return {key: row for key, row in zip(keys, found, strict=True) if row is not None}

    async def _find(self, key: ProductKey) -> ProductRecord | Unreadable | None:
        record = (await self.inner.find([key])).get(key)
        self.wire.trace.note(self.process.name, "find", key, "->", _brief(record))
        return record

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        return await self.wire.each(self.process, "products", "create", records, self._create)

    async def _create(self, record: ProductRecord) -> CreateOutcome:
        self._may_refuse(record.key)
        before = self.inner.rows.get(record.key)
        (outcome,) = await self.inner.create([record])
        self.wire.trace.note(self.process.name, "create", _brief(record), "->", type(outcome).__name__)
        if isinstance(outcome, Created):
            self.witness.saw_product(before, record)
        return outcome

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        return await self.wire.each(self.process, "products", "revise", revisions, self._revise)

    async def _revise(self, revision: Revision) -> ReviseOutcome:
        key = revision.before.key
        before = self.inner.rows.get(key)
        (outcome,) = await self.inner.revise([revision])
        how = "refresh" if revision.is_silent else "revise"
        self.wire.trace.note(self.process.name, how, _brief(revision.after), "->", type(outcome).__name__)
        if isinstance(outcome, Revised):
            self.witness.saw_product(before, self.inner.rows[key])
        return outcome

    def _may_refuse(self, key: ProductKey) -> None:
        if key == self.witness.plan.refused:
            self.wire.trace.note(self.process.name, "create", key, "-> REFUSED")
            raise StoreRefused("products", "it is not to the store's liking")

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        return await self.wire.each(self.process, "products", "mark_announced", records, self._mark)

    async def _mark(self, record: ProductRecord) -> MarkOutcome:
        (outcome,) = await self.inner.mark_announced([record])
        self.wire.trace.note(self.process.name, "mark announced", _brief(record), "->", type(outcome).__name__)
        return outcome

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        return await self.inner.page(query)

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        async for record in self.inner.scan(seller_handle=seller_handle, unannounced=unannounced):
            await self.wire.travel(self.process)
            self.wire.trace.note(self.process.name, "scanned product", _brief(record))
            yield record


@frozen
class SimulatedStaging:
    """A staging store."""

    process: Mortal
    wire: Wire
    witness: Witness
    inner: MemoryStagingStore
    clock: LoopClock

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""

        async def effect(waiting: WaitingHalf) -> StageOutcome:
            return await self._stage(waiting, slack)

        return await self.wire.each(self.process, "staging", "stage", halves, effect)

    async def _stage(self, waiting: WaitingHalf, slack: timedelta) -> StageOutcome:
        (outcome,) = await self.inner.stage([waiting], slack=slack)
        self.wire.trace.note(self.process.name, "stage", _named(waiting.half), "->", type(outcome).__name__)
        self.witness.saw_row_change(waiting.key)
        return outcome

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        rows = await self.wire.each(self.process, "staging", "waiting", keys, self._waiting)
        return {key: row for key, row in zip(keys, rows, strict=True) if row is not None}

    async def _waiting(self, key: ProductKey) -> WaitingHalf | Unreadable | None:
        row = (await self.inner.waiting([key])).get(key)
        self.wire.trace.note(self.process.name, "waiting", key, "->", _row(row))
        return row

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self.wire.each(self.process, "staging", "drop", rows, self._drop)

    async def _drop(self, row: Half | WaitingHalf) -> DropOutcome:
        half = row.half if isinstance(row, WaitingHalf) else row
        before = self.inner.rows.get(half.key)
        (outcome,) = await self.inner.drop([row])
        self.wire.trace.note(self.process.name, "drop", _named(half), "->", type(outcome).__name__)
        if before is not None and isinstance(outcome, Dropped):
            self.witness.saw_expiry(before, self.clock.now())
        self.witness.saw_row_change(half.key)
        return outcome

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        async for row in self.inner.scan():
            await self.wire.travel(self.process)
            self.wire.trace.note(self.process.name, "scanned row", _row(row))
            yield row


def _row(row: WaitingHalf | Unreadable | None) -> str:
    if row is None:
        return "no row"
    return "an unreadable row" if isinstance(row, Unreadable) else _named(row.half)


def _brief(record: ProductRecord | Unreadable | None) -> str:
    if record is None:
        return "none"
    if isinstance(record, Unreadable):
        return "an unreadable row"
    due = "" if record.unannounced_revision is None else " unannounced"
    return f"{record.key} r{record.revision} ({short(record.caption_version)} {short(record.thumbnails_version)}){due}"


def _named(half: Half) -> str:
    return f"{half.kind} {half.key} {short(half.version)}"
