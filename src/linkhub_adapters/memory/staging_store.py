"""Waiting halves in a dictionary."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from attrs import define, evolve, field

from linkhub_core.model import Half, ProductKey, WaitingHalf
from linkhub_core.ports import DropOutcome, Dropped, Equal, Newer, Partner, Staged, StageOutcome, Superseded

__all__ = ["MemoryStagingStore"]


@define
class MemoryStagingStore:
    """A :class:`~linkhub_core.ports.StagingStore` in memory."""

    rows: dict[ProductKey, WaitingHalf] = field(factory=dict)

    async def stage(self, halves: Sequence[WaitingHalf]) -> Sequence[StageOutcome]:
        """See the port."""
        return [self._stage(waiting) for waiting in halves]

    def _stage(self, waiting: WaitingHalf) -> StageOutcome:
        row = self.rows.get(waiting.key)
        if row is None:
            self.rows[waiting.key] = waiting
            return Staged()
        if row.half.kind is not waiting.half.kind:
            return Partner(row)
        if row.half.version > waiting.half.version:
            return Superseded()
        if row.half.version == waiting.half.version:
            return Equal()
        self.rows[waiting.key] = evolve(waiting, waiting_since=row.waiting_since)
        return Staged()

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf]:
        """See the port."""
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def drop(self, halves: Sequence[Half]) -> Sequence[DropOutcome]:
        """See the port."""
        return [self._drop(half) for half in halves]

    def _drop(self, half: Half) -> DropOutcome:
        row = self.rows.get(half.key)
        if row is not None and (row.half.kind, row.half.version) != (half.kind, half.version):
            return Newer(row)
        self.rows.pop(half.key, None)
        return Dropped()

    async def scan(self) -> AsyncIterator[WaitingHalf]:
        """See the port."""
        for waiting in list(self.rows.values()):
            yield waiting
