"""The stores of one process, reached over the network and observed by the checker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar, cast

from attrs import frozen

from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.staging_store import DynamoDbStagingStore
from linkhub_adapters.memory import MemoryStagingStore
from linkhub_core.errors import StoreRefused
from linkhub_core.model import Half, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Changes,
    Conflict,
    Created,
    CreateOutcome,
    DropOutcome,
    Dropped,
    Equal,
    Marked,
    MarkOutcome,
    Partner,
    ProductStore,
    ReportClaim,
    Revised,
    ReviseOutcome,
    Revision,
    Staged,
    StageOutcome,
    StagingStore,
    Superseded,
    UnknownCursor,
    Unreadable,
)
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.simulation.invariant_checker import InvariantChecker
from tests.simulation.network import Killable, Network
from tests.simulation.plan import Positions
from tests.simulation.run_log import half_text, product_text, row_text
from tests.simulation.table import StagingTable

E = TypeVar("E")
T = TypeVar("T")


@frozen
class SimulatedProducts:
    """A product store; it refuses the products of the key that the plan names.

    Attributes:
        open_store: opens the store for one call; a store that stamps changes takes its time then, before the call.
    """

    process: Killable
    network: Network
    checker: InvariantChecker
    open_store: Callable[[], ProductStore]

    def _log(self, sentence: str) -> None:
        self.network.log.tell(self.process.name, sentence)

    async def _each(
        self,
        title: str,
        entries: Sequence[E],
        effect: Callable[[ProductStore, E], Awaitable[T]],
        *,
        is_prompt: bool = False,
    ) -> list[T]:
        call = partial(effect, self.open_store())
        return await self.network.each(self.process, "products", title, entries, call, is_prompt=is_prompt)

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        found = await self._each("to read products", keys, self._find)
        return {key: row for key, row in zip(keys, found, strict=True) if row is not None}

    async def _find(self, store: ProductStore, key: ProductKey) -> ProductRecord | Unreadable | None:
        record = (await store.find([key])).get(key)
        self.checker.saw_reading(key)
        self._log(f"reads {key} and finds {product_text(record)}")
        return record

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        return await self.open_store().read(keys)

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        return await self._each("to create products", records, self._create)

    async def _create(self, store: ProductStore, record: ProductRecord) -> CreateOutcome:
        if record.key == self.checker.plan.refused:
            self._log(f"is refused {product_text(record)}")
            raise StoreRefused("products", "it is not to the store's liking")
        (outcome,) = await store.create([record])
        self.checker.saw_reading(record.key)
        if isinstance(outcome, Created):
            self._log(f"creates {product_text(record)}")
            self.checker.saw_creation(record)
        else:
            self._log(f"creates nothing, for there is {product_text(self._stored(record.key))}")
        return outcome

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        return await self._each("to revise products", revisions, self._revise)

    async def _revise(self, store: ProductStore, revision: Revision) -> ReviseOutcome:
        key = revision.before.key
        before = self._stored(key)
        (outcome,) = await store.revise([revision])
        self.checker.saw_reading(key)
        after = self._stored(key)
        if isinstance(outcome, Revised) and before is not None and after is not None:
            self._log(f"{'refreshes' if revision.is_silent else 'revises'} it to {product_text(after)}")
            self.checker.saw_revision(before, after)
        else:
            self._log(f"revises nothing, for there is {product_text(before)} by now")
        return outcome

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port. A store that numbers changes answers without a call."""
        if self.checker.plan.positions is not Positions.STAMPS:
            return await self.open_store().prepare_announcements(records)
        return await self._each("to prepare announcements", records, self._prepare, is_prompt=True)

    async def _prepare(self, store: ProductStore, record: ProductRecord) -> ProductRecord | Conflict | Unreadable:
        (outcome,) = await store.prepare_announcements([record])
        if not isinstance(outcome, ProductRecord):
            self.checker.saw_reading(record.key)
        elif outcome.cursor != record.cursor:
            self._log(f"renews the stamp of {product_text(outcome)}")
        return outcome

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        return await self._each("to clear debts", records, self._mark)

    async def _mark(self, store: ProductStore, record: ProductRecord) -> MarkOutcome:
        before = self._stored(record.key)
        (outcome,) = await store.mark_announced([record])
        if isinstance(outcome, Marked) and before is not None and before.unannounced_revision is not None:
            self._log(f"clears the debt of {product_text(before)}")
            self.checker.saw_marking(before)
        else:
            self.checker.saw_reading(record.key)
            self._log(f"clears no debt of {record.key}: there is {product_text(before)}")
        return outcome

    def _stored(self, key: ProductKey) -> ProductRecord | None:
        return self.checker.products.rows.get(key)

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        await self.network.travel(self.process)
        return await self.open_store().page(query)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        await self.network.travel(self.process)
        return await self.open_store().changes(seller_handle, after, limit)

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        async for record in self.open_store().scan(seller_handle=seller_handle, unannounced=unannounced):
            await self.network.travel(self.process)
            self._log(f"scans {product_text(record)}")
            yield record


def staging_of(
    process: Killable, network: Network, checker: InvariantChecker, inner: MemoryStagingStore
) -> StagingStore:
    """The staging store of a process, of the kind that the plan names."""
    one_step = SimulatedStaging(process, network, checker, inner)
    if not checker.plan.stages_in_two_calls:
        return one_step
    table = cast(DynamoDbCalls, StagingTable(process, network, checker, inner))
    return CheckedStaging(DynamoDbStagingStore(calls=table, table="staging"), checker)


@frozen
class CheckedStaging:
    """DynamoDB's staging store: the checker sees the outcomes, and which orphans it removes."""

    inner: DynamoDbStagingStore
    checker: InvariantChecker

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        began = asyncio.get_running_loop().time()
        outcomes = await self.inner.stage(halves, slack=slack)
        for waiting, outcome in zip(halves, outcomes, strict=True):
            if isinstance(outcome, Staged | Equal | Superseded):
                self.checker.saw_staging(waiting.half, began)
        return outcomes

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        return await self.inner.waiting(keys)

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self.inner.drop(rows)

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """See the port."""
        return await self.inner.claim_reports(claims)

    def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        return self.inner.scan()


@frozen
class SimulatedStaging:
    """A staging store that decides in one step."""

    process: Killable
    network: Network
    checker: InvariantChecker
    inner: MemoryStagingStore

    def _log(self, sentence: str) -> None:
        self.network.log.tell(self.process.name, sentence)

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        began = asyncio.get_running_loop().time()

        async def effect(waiting: WaitingHalf) -> StageOutcome:
            return await self._stage(waiting, slack)

        outcomes = await self.network.each(self.process, "staging", "to stage halves", halves, effect)
        for waiting, outcome in zip(halves, outcomes, strict=True):
            if isinstance(outcome, Staged | Equal | Superseded):
                self.checker.saw_staging(waiting.half, began)
        return outcomes

    async def _stage(self, waiting: WaitingHalf, slack: timedelta) -> StageOutcome:
        before = self.inner.rows.get(waiting.key)
        (outcome,) = await self.inner.stage([waiting], slack=slack)
        self._log(f"stages {half_text(waiting.half)}: {_STAGED[type(outcome)]}")
        self.checker.saw_row_change(waiting.key, before)
        return outcome

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        rows = await self.network.each(self.process, "staging", "to read rows", keys, self._waiting)
        return {key: row for key, row in zip(keys, rows, strict=True) if row is not None}

    async def _waiting(self, key: ProductKey) -> WaitingHalf | Unreadable | None:
        row = (await self.inner.waiting([key])).get(key)
        self._log(f"looks into staging for {key} and finds {row_text(row)}")
        return row

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self.network.each(self.process, "staging", "to drop rows", rows, self._drop)

    async def _drop(self, row: Half | WaitingHalf) -> DropOutcome:
        half = row.half if isinstance(row, WaitingHalf) else row
        before = self.inner.rows.get(half.key)
        (outcome,) = await self.inner.drop([row])
        gone = before is not None and isinstance(outcome, Dropped)
        orphan = " as an orphan" if isinstance(row, WaitingHalf) else ""
        self._log(f"drops {half_text(half)}{orphan}" if gone else f"drops nothing of {half.key}")
        if before is not None and gone:
            (self.checker.saw_expiry if orphan else self.checker.saw_drop)(before)
        self.checker.saw_row_change(half.key, before)
        return outcome

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """See the port."""

        async def effect(claim: ReportClaim) -> bool:
            (is_set,) = await self.inner.claim_reports([claim])
            return is_set

        return await self.network.each(self.process, "staging", "to claim reports", claims, effect)

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        async for row in self.inner.scan():
            await self.network.travel(self.process)
            self._log(f"scans {row_text(row)}")
            yield row


_STAGED = {
    Staged: "it waits there now",
    Equal: "it was there already",
    Superseded: "a newer one is there",
    Partner: "the other half is there",
    Unreadable: "the row there cannot be read",
}
