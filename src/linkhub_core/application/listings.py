"""Set the listing of a product: its availability, title and price.

A change is saved and announced like any other: the row keeps the debt until the announcement was handed over. It takes
a version greater than the stored one, once for each call, so no clock undoes a change, and a repeated attempt does not
undo the change of another process.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import field, frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import MAX_ROUNDS, Completion, readable
from linkhub_core.errors import TooMuchContention
from linkhub_core.model import Listing, ListingChange, ListingPart, ProductKey, ProductRecord
from linkhub_core.model.decision_table import Improved, Refreshed, decide
from linkhub_core.model.journal_entries import ProductSaved
from linkhub_core.model.merge import Halves
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import Conflict, ProductStore, Revised, Revision
from linkhub_core.ports.staging_store import StagingStore
from linkhub_core.wire.codec import listing_version


@frozen
class ListingSaved:
    """The listing was changed; ``record`` is the product with it."""

    record: ProductRecord


@frozen
class ListingSame:
    """The listing is already the one that was asked for; nothing was written. A debt of the product is paid."""

    record: ProductRecord


@frozen
class ListingOvertaken:
    """Another change of the listing was saved at the same moment; ``record`` has that one."""

    record: ProductRecord


@frozen
class PreconditionFailed:
    """The product is not as the caller expects it; ``record`` is the stored one."""

    record: ProductRecord


@frozen
class ProductAbsent:
    """There is no such product."""


ListingOutcome = ListingSaved | ListingSame | ListingOvertaken | PreconditionFailed | ProductAbsent
Expectation = Callable[[ProductRecord], bool]


@frozen(kw_only=True)
class SetListing:
    """Changes the listing of one product."""

    products: ProductStore
    staging: StagingStore
    notifier: Notifier
    journal: Journal
    clock: Clock
    completion: Completion = field(init=False, repr=False)

    @completion.default
    def _completion(self) -> Completion:
        return Completion(self.products, self.staging, self.notifier, self.journal, self.clock)

    async def __call__(
        self, key: ProductKey, change: ListingChange, *, expected: Expectation | None = None
    ) -> ListingOutcome:
        """Change the listing, and announce the product if readers see a change.

        Repeat the call after an error: an equal change writes nothing and pays the debt.

        Args:
            key: the product.
            change: which fields to change.
            expected: whether the product is as the caller has read it; it is asked for each state that is replaced.

        Raises:
            TransientError: the change may have been saved, and not announced.
            StoreRefused: the row cannot be read, or the store refuses the product.
        """
        record = await self._read(key)
        if record is None:
            return ProductAbsent()
        if expected is not None and not expected(record):
            return PreconditionFailed(record)
        listing = change.apply(record.listing)
        if listing == record.listing:
            await self.completion.complete([Assembly.of_record(record)])
            return ListingSame(record)
        return await self._save(record, self._part(record, listing), expected)

    def _part(self, record: ProductRecord, listing: Listing) -> ListingPart:
        version = listing_version(listing, record.listing_version, self.clock.now())
        return ListingPart(listing=listing, version=version)

    async def _read(self, key: ProductKey) -> ProductRecord | None:
        return readable((await self.products.find([key])).get(key))

    async def _save(self, record: ProductRecord, part: ListingPart, expected: Expectation | None) -> ListingOutcome:
        for _ in range(MAX_ROUNDS):
            decision = decide(Halves(listing=part), record, self.clock.now())
            if not isinstance(decision, Improved | Refreshed):
                return await self._settled(record, part)
            revision = Revision(before=record, after=decision.record)
            (outcome,) = await self.products.revise([revision])
            if isinstance(outcome, Revised):
                return await self._announced(revision, outcome)
            stored = readable(outcome.record if isinstance(outcome, Conflict) else outcome)
            if stored is None:
                return ProductAbsent()
            is_ours = stored.listing_version == part.version
            if expected is not None and not is_ours and not expected(stored):
                return PreconditionFailed(stored)
            record = stored
        raise TooMuchContention(MAX_ROUNDS)

    async def _announced(self, revision: Revision, outcome: Revised) -> ListingSaved:
        assembly = Assembly.of_record(revision.after)
        if not revision.is_silent:
            after = revision.after.with_cursor(outcome.cursor)
            assembly.saved_by_us(after)
            self.journal.record([ProductSaved(key=assembly.key, revision=after.revision, kinds=(), origins=())])
        await self.completion.complete([assembly])
        return ListingSaved(assembly.record or revision.after)

    async def _settled(self, record: ProductRecord, part: ListingPart) -> ListingSaved | ListingOvertaken:
        """The stored listing is this one, by a save whose reply was lost, or a newer one."""
        assembly = Assembly.of_record(record)
        await self.completion.complete([assembly])
        is_ours = record.listing_version == part.version
        return ListingSaved(assembly.record or record) if is_ours else ListingOvertaken(record)
