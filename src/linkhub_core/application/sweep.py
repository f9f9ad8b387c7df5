"""Sweep: read every staging row and every debt, and complete the work that a crash interrupted.

A row whose product exists is merged into it and removed, and so is a row that holds both halves. An expired row without
a product is an orphan: it is reported (:mod:`.half_reporter`), then removed if half, version and expiry are still as
they were read. Other rows stay. Products whose newest revision was not announced are announced.

Rule 1. A row that cannot be read, or that a store refuses, delays no other row: it is left as it is, counted, and
        recorded as :class:`~linkhub_core.model.journal_entries.RowSkipped`.
Rule 2. If a batch fails, its parts are tried, down to single rows. A transient error is raised after all other rows. If
        no row of several batches in a row succeeds, a service is down, and the sweep ends at once.
Rule 3. At most ``SAMPLE_SIZE`` expired rows are recorded one by one; all of them are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from attrs import define, field, frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import Completion
from linkhub_core.application.half_reporter import HalfReporter
from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model import Kind, ProductRecord, WaitingHalf
from linkhub_core.model.journal_entries import HalfExpired, HalvesExpired, RowSkipped, Swept
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.staging_store import Dropped, StagingStore

BATCH_SIZE = 100
SAMPLE_SIZE = 20
MOST_FAILED_ROWS = 8
MOST_FAILED_BATCHES = 3

T = TypeVar("T")
R = TypeVar("R", WaitingHalf, ProductRecord)


@define
class _Tally:
    seen: int = 0
    folded: int = 0
    announced: int = 0
    skipped: int = 0
    expired: Counter[Kind] = field(factory=Counter)
    sampled: Counter[Kind] = field(factory=Counter)
    failed_batches: int = 0
    failure: TransientError | None = None


@frozen(kw_only=True)
class Sweep:
    """Completes interrupted work. Safe while consumers and other sweeps run."""

    products: ProductStore
    staging: StagingStore
    notifier: Notifier
    journal: Journal
    clock: Clock
    completion: Completion = field(init=False, repr=False)
    reporter: HalfReporter = field(init=False, repr=False)

    @completion.default
    def _completion(self) -> Completion:
        return Completion(self.products, self.staging, self.notifier, self.journal, self.clock)

    @reporter.default
    def _reporter(self) -> HalfReporter:
        return HalfReporter(self.staging, self.notifier, self.clock)

    async def __call__(self) -> Swept:
        """Sweep once.

        Returns:
            The counts of this sweep; they are recorded, too.

        Raises:
            TransientError: a store or the notifier is down; the next sweep continues from there.
        """
        tally = _Tally()
        try:
            await self._complete_staging(tally)
        except LinkhubError:  # announce saved products nevertheless
            await self._announce_late(tally)
            raise
        finally:
            self._record_expired(tally)
        await self._announce_late(tally)
        if tally.failure is not None:
            raise tally.failure
        swept = Swept(
            seen=tally.seen,
            folded=tally.folded,
            expired=tally.expired.total(),
            announced=tally.announced,
            skipped=tally.skipped,
        )
        self.journal.record([swept])
        return swept

    def _record_expired(self, tally: _Tally) -> None:
        if tally.expired:
            expired = HalvesExpired(counts=dict(tally.expired), sampled=dict(tally.sampled))
            self.journal.record([expired])

    # --- rows in staging

    async def _complete_staging(self, tally: _Tally) -> None:
        async for rows in batches(self.staging.scan()):
            tally.seen += len(rows)
            readable = self._readable(rows, "staging", tally)
            await self._contained(readable, lambda batch: self._complete(batch, tally), "staging", tally)

    async def _complete(self, rows: Sequence[WaitingHalf], tally: _Tally) -> None:
        found = await self.products.find([row.key for row in rows])
        self._readable([one for one in found.values() if isinstance(one, Unreadable)], "products", tally)
        assemblies = []
        for row in rows:
            record = found.get(row.key)
            if isinstance(record, ProductRecord) or (record is None and row.other is not None):
                assemblies.append(assembly := Assembly.of_row(row))
                assembly.stored_elsewhere(record)
        deleted = await self.completion.complete(assemblies)
        tally.folded += len(assemblies) - len(deleted)
        now = self.clock.now()
        alone = [row for row in rows if row.key not in found and row.other is None]
        await self._remove([row for row in alone if row.expired(now)], tally)

    async def _remove(self, orphans: Sequence[WaitingHalf], tally: _Tally) -> None:
        if not orphans:
            return
        foreign = [row for row in orphans if row.is_foreign]  # a claim must not change them
        own = [row for row in orphans if not row.is_foreign]
        removable = [*await self.reporter.report(own, is_expired=True), *foreign]
        now = self.clock.now()
        outcomes = await self.staging.drop(removable)
        gone = [row for row, outcome in zip(removable, outcomes, strict=True) if isinstance(outcome, Dropped)]
        sample = gone[: SAMPLE_SIZE - tally.sampled.total()]
        tally.expired.update(row.half.kind for row in gone)
        tally.sampled.update(row.half.kind for row in sample)
        self.journal.record(
            [
                HalfExpired(key=row.key, kind=row.half.kind, origin=row.origin, age=now - row.waiting_since)
                for row in sample
            ]
        )

    # --- products that were not announced

    async def _announce_late(self, tally: _Tally) -> None:
        async for records in batches(self.products.scan(unannounced=True)):
            readable = self._readable(records, "products", tally)
            await self._contained(readable, lambda batch: self._announce(batch, tally), "products", tally)

    async def _announce(self, records: Sequence[ProductRecord], tally: _Tally) -> None:
        await self.completion.complete([Assembly.of_record(record) for record in records])
        tally.announced += len(records)

    # --- rows that fail

    def _readable(self, rows: Sequence[T | Unreadable], store: str, tally: _Tally) -> list[T]:
        """The rows that can be read; the others are recorded."""
        for row in rows:
            if isinstance(row, Unreadable):
                self._skip(store, row.seller_handle, row.video_id, row.problem, tally)
        return [row for row in rows if not isinstance(row, Unreadable)]

    def _skip(self, store: str, seller_handle: str, video_id: str, problem: str, tally: _Tally) -> None:
        tally.skipped += 1
        skipped = RowSkipped(store=store, seller_handle=seller_handle, video_id=video_id, problem=problem)
        self.journal.record([skipped])

    async def _contained(
        self, rows: Sequence[R], work: Callable[[Sequence[R]], Awaitable[None]], store: str, tally: _Tally
    ) -> None:
        """Do ``work`` on the rows, and record those for which it fails.

        Raises:
            TransientError: as Rule 2 of the module says.
        """
        if not rows:
            return
        failures: list[tuple[R, Exception]] = []
        succeeded = await narrow_down(rows, work, failures)
        transient = [error for _, error in failures if isinstance(error, TransientError)]
        tally.failure = tally.failure or next(iter(transient), None)
        if transient and len(transient) == len(failures) and not succeeded:
            tally.failed_batches += 1
            if tally.failed_batches >= MOST_FAILED_BATCHES:
                raise transient[0]
            return
        tally.failed_batches = 0
        for row, error in failures:
            self._skip(store, row.key.seller_handle, row.key.video_id, _problem_of(error), tally)


async def narrow_down(
    rows: Sequence[R], work: Callable[[Sequence[R]], Awaitable[None]], failures: list[tuple[R, Exception]]
) -> bool:
    """Do the work on the rows, or on parts of them. Returns whether any part succeeded.

    After ``MOST_FAILED_ROWS`` single rows failed and none succeeded, the other rows are not tried.
    """
    try:
        await work(rows)
    except Exception as error:  # noqa: BLE001  an error of one row must not end the work on the others
        if len(rows) == 1:
            failures.append((rows[0], error))
            return False
        middle = len(rows) // 2
        succeeded = await narrow_down(rows[:middle], work, failures)
        if succeeded or len(failures) < MOST_FAILED_ROWS:
            succeeded |= await narrow_down(rows[middle:], work, failures)
        return succeeded
    return True


def _problem_of(error: Exception) -> str:
    return str(error) if isinstance(error, LinkhubError) else repr(error)


async def batches(values: AsyncIterator[T]) -> AsyncIterator[Sequence[T]]:
    """Group values into batches. If the source raises, the values before the error come first."""
    batch: list[T] = []
    try:
        async for value in values:
            batch.append(value)
            if len(batch) == BATCH_SIZE:
                yield batch
                batch = []
    except LinkhubError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
