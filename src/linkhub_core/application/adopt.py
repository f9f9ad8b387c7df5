"""Adopt the rows that another service wrote: give them the attributes of linkhub, or join them.

    row                                    becomes
    -------------------------------------  --------------------------------------------------------------
    a product without revision             revision 1, shown already; only attributes are added
    a half alone                           a row of linkhub's with that half, unless a newer one is there
    a half whose product is there          part of the product; the row goes
    both halves in one row                 a product, or part of one; the row goes
    a row that cannot be read              unchanged; it is named

Rule 1. Each write is conditional on the row being as it was read. A row that was changed meanwhile stays.
Rule 2. A run that is killed leaves rows of both forms. linkhub reads both, and the next run continues.
Rule 3. A row that a store refuses delays no other row: it is named.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from attrs import define, evolve, field, frozen

from linkhub_core.application.sweep import Sweep, batches
from linkhub_core.errors import PermanentError
from linkhub_core.model import ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.product_store import ProductStore, Revised, Revision
from linkhub_core.ports.staging_store import StagingStore

MOST_EXAMPLES = 3
MOST_NAMED = 100

R = TypeVar("R", WaitingHalf, ProductRecord)


@define(kw_only=True)
class AdoptionPlan:
    """The rows to adopt. Counts are of rows; ``unreadable`` holds the first of ``unreadable_count`` rows."""

    products: int = 0
    halves: int = 0
    pairs: int = 0
    unreadable_count: int = 0
    product_examples: list[ProductRecord] = field(factory=list)
    staging_examples: list[WaitingHalf] = field(factory=list)
    unreadable: list[Unreadable] = field(factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether all rows are linkhub's own, or cannot be read."""
        return not (self.products or self.halves or self.pairs)

    def name(self, row: Unreadable) -> None:
        """Count a row that cannot be read."""
        self.unreadable_count += 1
        if len(self.unreadable) < MOST_NAMED:
            self.unreadable.append(row)

    def add_product(self, record: ProductRecord) -> None:
        """Count a product of another service."""
        self.products += 1
        if len(self.product_examples) < MOST_EXAMPLES:
            self.product_examples.append(record)

    def add_staged(self, row: WaitingHalf) -> None:
        """Count a staging row of another service."""
        self.halves += row.other is None
        self.pairs += row.other is not None
        if len(self.staging_examples) < MOST_EXAMPLES:
            self.staging_examples.append(row)


@frozen(kw_only=True)
class Adoption:
    """Counts of adopted rows. ``refused`` names the rows that a store refused, with the reason."""

    products: int
    halves: int
    swept: int
    refused: Sequence[Unreadable]


@frozen(kw_only=True)
class Adopt:
    """Finds and adopts the rows of another service. Safe while consumers and sweeps run."""

    products: ProductStore
    staging: StagingStore
    sweep: Sweep

    async def plan(self) -> AdoptionPlan:
        """Read all rows of both stores; nothing is changed.

        Raises:
            ServiceUnavailable: a store cannot be reached.
        """
        plan = AdoptionPlan()
        async for product in self.products.scan():
            if isinstance(product, Unreadable):
                plan.name(product)
            elif product.revision == 0:
                plan.add_product(product)
        async for row in self.staging.scan():
            if isinstance(row, Unreadable):
                plan.name(row)
            elif row.is_foreign:
                plan.add_staged(row)
        return plan

    async def __call__(self) -> Adoption:
        """Adopt all rows: products first, then halves. A sweep then joins matching halves.

        Raises:
            TransientError: some rows are adopted; the next call continues.
        """
        refused: list[Unreadable] = []
        products = await _each(self._foreign_products(), self._adopt_products, refused)
        halves = await _each(self._foreign_halves(), self._adopt_halves, refused)
        swept = await self.sweep()
        return Adoption(products=products, halves=halves, swept=swept.folded, refused=refused)

    async def _foreign_products(self) -> AsyncIterator[ProductRecord]:
        async for row in self.products.scan():
            if isinstance(row, ProductRecord) and row.revision == 0:
                yield row

    async def _foreign_halves(self) -> AsyncIterator[WaitingHalf]:
        async for row in self.staging.scan():
            if isinstance(row, WaitingHalf) and row.is_foreign and row.other is None:
                yield row

    async def _adopt_products(self, records: Sequence[ProductRecord]) -> int:
        revisions = [Revision(before=record, after=evolve(record, revision=1)) for record in records]
        outcomes = await self.products.revise(revisions)
        return sum(isinstance(outcome, Revised) for outcome in outcomes)

    async def _adopt_halves(self, rows: Sequence[WaitingHalf]) -> int:
        outcomes = await self.staging.stage(rows)
        return sum(not isinstance(outcome, Unreadable) for outcome in outcomes)


async def _each(
    rows: AsyncIterator[R], adopt: Callable[[Sequence[R]], Awaitable[int]], refused: list[Unreadable]
) -> int:
    """Adopt rows in batches; if a store refuses a batch, row by row."""
    adopted = 0
    async for batch in batches(rows):
        try:
            adopted += await adopt(batch)
        except PermanentError:
            for row in batch:
                try:
                    adopted += await adopt([row])
                except PermanentError as error:
                    refused.append(_named(row.key, error))
    return adopted


def _named(key: ProductKey, error: PermanentError) -> Unreadable:
    return Unreadable(seller_handle=key.seller_handle, video_id=key.video_id, problem=str(error))
