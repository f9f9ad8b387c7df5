"""Steps 1 to 5 of the protocol for the known halves of some products: stage, find, then complete.

Both halves of a product at once skip staging: they are saved first, then their staging rows are read. When
:meth:`Settlement.settle` returns, each half is durable: in its product, or in staging.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import frozen

from linkhub_core.application.assembly import Assembly
from linkhub_core.application.complete import MAX_ROUNDS, Completion, readable
from linkhub_core.errors import TooMuchContention
from linkhub_core.model import WaitingHalf
from linkhub_core.model.journal_entries import HalfStaged, HalfWasKnown
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.staging_store import Partner, Superseded

SLACK_DIVISOR = 10  # a copy renews the expiry of its row once more than a tenth of the time is over


@frozen
class Settlement:
    """Stages halves, or joins them. A half waits for ``staging_ttl``, unless its assembly names an expiry."""

    completion: Completion
    staging_ttl: timedelta

    async def settle(self, assemblies: Sequence[Assembly]) -> None:
        """Stage, save, announce and drop; each product once.

        Raises:
            TransientError: some are not settled; repeating the call is safe.
            StoreRefused: a store refuses one of these products.
        """
        pairs = [assembly for assembly in assemblies if len(assembly.halves.known) == 2]
        singles = [assembly for assembly in assemblies if len(assembly.halves.known) == 1]
        await self._save_pairs(pairs)
        unfinished = [*pairs, *await self._stage(singles)]
        for _ in range(MAX_ROUNDS):
            deleted = await self.completion.complete(unfinished)
            if not deleted:
                return
            # The product was deleted, and perhaps the row was, too: stage the half again before it is acknowledged.
            unfinished = await self._stage(deleted)
        raise TooMuchContention(MAX_ROUNDS)

    async def _save_pairs(self, pairs: Sequence[Assembly]) -> None:
        """Save the pairs, then read their staging rows, which have to be merged and removed."""
        if not pairs:
            return
        await self.completion.save(pairs)
        rows = await self.completion.staging.waiting([assembly.key for assembly in pairs])
        for assembly in pairs:
            if isinstance(row := rows.get(assembly.key), WaitingHalf):  # an unreadable row is left to the sweeps
                assembly.add_waiting(row)

    async def _stage(self, singles: Sequence[Assembly]) -> list[Assembly]:
        """Stage single halves. Returns the assemblies to complete: those whose partner or product is there."""
        if not singles:
            return []
        now = self.completion.clock.now()
        rows = [_row_for(assembly, now + self.staging_ttl) for assembly in singles]
        joining, alone, blocked = [], [], []
        outcomes = await self.completion.staging.stage(rows, slack=self.staging_ttl / SLACK_DIVISOR)
        for assembly, row, outcome in zip(singles, rows, outcomes, strict=True):
            match outcome:
                case Partner(waiting):
                    assembly.add_waiting(waiting)
                    joining.append(assembly)
                case Superseded():
                    self.completion.journal.record([HalfWasKnown(key=row.key, kind=row.half.kind, origin=row.origin)])
                case Unreadable():
                    blocked.append((assembly, outcome))
                case _:
                    assembly.row = row.half
                    alone.append((assembly, row))
        return joining + await self._find_products(alone) + await self._find_blocked(blocked)

    async def _find_blocked(self, blocked: Sequence[tuple[Assembly, Unreadable]]) -> list[Assembly]:
        """Read the products of halves that cannot be staged: a half whose product is there needs no row.

        Raises:
            StoreRefused: a product is absent, and its staging row cannot be read.
        """
        if not blocked:
            return []
        found = await self.completion.products.find([assembly.key for assembly, _ in blocked])
        for assembly, row in blocked:
            assembly.stored_elsewhere(readable(found.get(assembly.key)))
            if assembly.record is None:
                raise row.refusal("staging")
        return [assembly for assembly, _ in blocked]

    async def _find_products(self, alone: Sequence[tuple[Assembly, WaitingHalf]]) -> list[Assembly]:
        """Read the products *after* the rows are written: a process that saves later sees the row."""
        if not alone:
            return []
        found = await self.completion.products.find([assembly.key for assembly, _ in alone])
        for assembly, _ in alone:
            assembly.stored_elsewhere(readable(found.get(assembly.key)))
        waiting = [row for assembly, row in alone if assembly.record is None]
        self.completion.journal.record(
            [HalfStaged(key=row.key, kind=row.half.kind, origin=row.origin) for row in waiting]
        )
        return [assembly for assembly, _ in alone if assembly.record is not None]


def _row_for(assembly: Assembly, default_expiry: datetime) -> WaitingHalf:
    (half,) = assembly.halves.known
    return WaitingHalf(
        half=half,
        origin=assembly.senders[half.kind],
        waiting_since=assembly.waiting_since or default_expiry,
        expires_at=assembly.expires_at or default_expiry,
    )
