"""The halves that have waited long: their numbers, and the oldest of them one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from heapq import nsmallest

from attrs import define, field, frozen

from linkhub_core.model import Kind, WaitingHalf
from linkhub_core.ports.product_store import ProductStore

MOST_NAMED = 20


@frozen(kw_only=True)
class StalledHalves:
    """The halves that have waited for a limit of time at one moment.

    Attributes:
        taken_at: that moment.
        waiting: how many wait, by their own kind.
        newest_at: when the last of them reached the limit; None without any.
        oldest: at most ``MOST_NAMED`` of them, the oldest first. Expired ones that no sweep has removed are among them.
        is_complete: all rows were read.
    """

    taken_at: datetime
    waiting: Mapping[Kind, int]
    newest_at: datetime | None
    oldest: Sequence[WaitingHalf]
    is_complete: bool = True

    @property
    def total(self) -> int:
        """How many wait."""
        return sum(self.waiting.values())


@define(kw_only=True)
class StalledCount:
    """Counts the halves that have waited for ``stall_after``, and keeps the oldest, while a reader adds rows."""

    stall_after: timedelta
    _waiting: Counter[Kind] = field(factory=Counter, init=False)
    _newest_at: datetime | None = field(default=None, init=False)
    _oldest: list[WaitingHalf] = field(factory=list, init=False)

    def add(self, rows: Sequence[WaitingHalf], now: datetime) -> None:
        """Count those of the rows that have waited so long; a row with both halves waits for no partner."""
        late = [row for row in rows if row.other is None and now - row.waiting_since >= self.stall_after]
        if not late:
            return
        self._waiting.update(row.half.kind for row in late)
        newest = max(row.waiting_since for row in late) + self.stall_after
        self._newest_at = max(self._newest_at or newest, newest)
        self._oldest = nsmallest(MOST_NAMED, [*self._oldest, *late], key=lambda row: row.waiting_since)

    async def result(self, products: ProductStore, now: datetime, *, is_complete: bool = True) -> StalledHalves:
        """What was counted. Of the oldest, rows beside their product are left out: a sweep removes them.

        Raises:
            ServiceUnavailable: the products cannot be read.
        """
        found = await products.find([row.key for row in self._oldest]) if self._oldest else {}
        waiting = self._waiting - Counter(row.half.kind for row in self._oldest if row.key in found)
        return StalledHalves(
            taken_at=now,
            waiting={kind: waiting[kind] for kind in Kind},
            newest_at=self._newest_at if waiting else None,
            oldest=[row for row in self._oldest if row.key not in found],
            is_complete=is_complete,
        )
