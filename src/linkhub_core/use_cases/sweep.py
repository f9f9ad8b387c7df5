"""Sweep: look at every row in staging, and mend what a crash left or nobody came for.

A row whose product exists is folded in and goes; one past its time without a product is a true orphan and is removed,
told with its ids and its age; the others wait on. Products whose newest revision was not announced are announced.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from attrs import define, frozen

from linkhub_core.entries import HalfExpired, Swept
from linkhub_core.errors import LinkhubError
from linkhub_core.model import WaitingHalf
from linkhub_core.ports.staging_store import Dropped
from linkhub_core.use_cases.case import Case
from linkhub_core.use_cases.settle import Settlement

__all__ = ["Sweep"]

BATCH_SIZE = 100

T = TypeVar("T")


@define
class _Tally:
    seen: int = 0
    folded: int = 0
    expired: int = 0
    announced: int = 0


@frozen(kw_only=True)
class Sweep:
    """Mends what is left behind. Safe beside consumers and beside other sweeps."""

    settlement: Settlement

    async def __call__(self) -> Swept:
        """Sweep once.

        Returns:
            What was seen and done; the journal is told the same.

        Raises:
            TransientError: a store or the notifier failed on the way; sweeping again goes on from what is left.
        """
        tally = _Tally()
        try:
            await self._mend_staging(tally)
        except LinkhubError:  # a row that cannot be read, say: what was saved has to be announced all the same
            await self._announce_late(tally)
            raise
        await self._announce_late(tally)
        swept = Swept(seen=tally.seen, folded=tally.folded, expired=tally.expired, announced=tally.announced)
        self.settlement.journal.record([swept])
        return swept

    async def _mend_staging(self, tally: _Tally) -> None:
        async for rows in _batches(self.settlement.staging.scan()):
            await self._mend(rows, tally)

    async def _announce_late(self, tally: _Tally) -> None:
        async for records in _batches(self.settlement.products.scan(unannounced=True)):
            await self.settlement.settle([Case.of_record(record) for record in records])
            tally.announced += len(records)

    async def _mend(self, rows: Sequence[WaitingHalf], tally: _Tally) -> None:
        found = await self.settlement.products.find([row.key for row in rows])
        cases = [Case.of_row(row) for row in rows if row.key in found]
        for case in cases:
            case.found(found[case.key])
        await self.settlement.settle(cases)
        now = self.settlement.clock.now()
        orphans = [row for row in rows if row.key not in found and row.expired(now)]
        tally.seen += len(rows)
        tally.folded += len(cases)
        tally.expired += await self._remove(orphans)

    async def _remove(self, orphans: Sequence[WaitingHalf]) -> int:
        if not orphans:
            return 0
        now = self.settlement.clock.now()
        outcomes = await self.settlement.staging.drop([row.half for row in orphans])
        gone = [row for row, outcome in zip(orphans, outcomes, strict=True) if isinstance(outcome, Dropped)]
        self.settlement.journal.record(
            [
                HalfExpired(key=row.key, kind=row.half.kind, origin=row.origin, age=now - row.waiting_since)
                for row in gone
            ]
        )
        return len(gone)


async def _batches(values: AsyncIterator[T]) -> AsyncIterator[Sequence[T]]:
    """Batches of what comes; where that ends with an error, what came before it is given first."""
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
