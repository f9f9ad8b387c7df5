"""Waiting halves in a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

from attrs import define, evolve, field

from linkhub_core.model import Half, Kind, ProductKey, Version, WaitingHalf
from linkhub_core.ports import (
    DropOutcome,
    Dropped,
    Equal,
    Newer,
    Partner,
    ReportClaim,
    Staged,
    StageOutcome,
    Superseded,
    Unreadable,
)


@define
class MemoryStagingStore:
    """A :class:`~linkhub_core.ports.StagingStore` in memory.

    A test puts rows of other programs into ``unreadable``: such a row hides the one in ``rows``.
    """

    rows: dict[ProductKey, WaitingHalf] = field(factory=dict)
    unreadable: dict[ProductKey, Unreadable] = field(factory=dict)

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        return [self._stage(waiting, slack) for waiting in halves]

    def _stage(self, waiting: WaitingHalf, slack: timedelta) -> StageOutcome:
        if (unreadable := self.unreadable.get(waiting.key)) is not None:
            return unreadable
        row = self.rows.get(waiting.key)
        if row is None:
            self.rows[waiting.key] = waiting
            return Staged()
        if row.other is not None or row.half.kind is not waiting.half.kind:
            return Partner(row)
        expires_at = max(row.expires_at, waiting.expires_at)
        if row.half.version < waiting.half.version:
            self.rows[waiting.key] = evolve(
                waiting,
                waiting_since=row.waiting_since,
                expires_at=expires_at,
                report_claimed_until=row.report_claimed_until,
            )
            return Staged()
        if row.is_foreign or row.expires_at + slack < waiting.expires_at:
            self.rows[waiting.key] = evolve(row, expires_at=expires_at, is_foreign=False)
        return Superseded() if row.half.version > waiting.half.version else Equal()

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        return {key: row for key in keys if (row := self.unreadable.get(key) or self.rows.get(key)) is not None}

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return [self._drop(row) for row in rows]

    def _drop(self, dropped: Half | WaitingHalf) -> DropOutcome:
        if (unreadable := self.unreadable.get(dropped.key)) is not None:
            return unreadable
        row = self.rows.get(dropped.key)
        if row is not None and _held(row) != _held(dropped):
            return Newer(row)
        if row is not None and isinstance(dropped, WaitingHalf) and row.expires_at != dropped.expires_at:
            return Newer(row)
        self.rows.pop(dropped.key, None)
        return Dropped()

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """See the port."""
        return [self._claim(claim) for claim in claims]

    def _claim(self, claim: ReportClaim) -> bool:
        key = claim.row.key
        row = self.rows.get(key)
        if row is None or key in self.unreadable or _claimable(row) != _claimable(claim.row):
            return False
        self.rows[key] = evolve(row, report_claimed_until=claim.until)
        return True

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        for row in list((self.rows | self.unreadable).values()):
            yield row


def _claimable(row: WaitingHalf) -> tuple[object, ...]:
    return row.half.kind, row.waiting_since, row.report_claimed_until


def _held(row: Half | WaitingHalf) -> frozenset[tuple[Kind, Version]]:
    """The halves of a row, each by its kind and its version."""
    halves = row.halves if isinstance(row, WaitingHalf) else (row,)
    return frozenset((half.kind, half.version) for half in halves)
