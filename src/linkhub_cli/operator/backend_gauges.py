"""Figures of the backend, refreshed at intervals so that no request waits for them.

Counting is cheap on every backend. Reading each half in staging and each dead letter is done only if the backend is
cheap to scan, and only while there are few. Elsewhere a process that consumes knows the halves that wait long from its
reports of them, and each process from the last look that an operator asked for; both for ``stall_after``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, field, frozen

from linkhub_adapters.observability import Figures
from linkhub_adapters.runtime.turns import in_turns
from linkhub_cli.backends import Backend
from linkhub_cli.operator.seen import Seen, SeenMoment
from linkhub_core.application import StalledCount, StalledHalves
from linkhub_core.errors import Fault
from linkhub_core.model import Kind, WaitingHalf
from linkhub_core.ports import Clock, DeadLetterQuery
from linkhub_core.wire.intake import FOREIGN

AGES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
MOST_SCANNED = 5_000
MOST_LOOKED_AT = 20_000

_LEAST_KNOWN = timedelta(minutes=1)
_INDEX = re.compile(r"\[\d+\]")


def count_by_age(ages: Iterable[timedelta]) -> Sequence[tuple[float | None, int]]:
    """The number of ages in each class of :data:`AGES`, by its bound in seconds; the last class has no bound."""
    classes = Counter(sum(age > bound for bound in AGES) for age in ages)
    return [(bound, classes[place]) for place, bound in enumerate([*(age.total_seconds() for age in AGES), None])]


@frozen(kw_only=True)
class Letters:
    """Dead letters by the field at fault or by what the body is, those that are not seen, and when the newest came."""

    by_reason: Mapping[str, int]
    unseen: int
    newest_at: datetime | None


@define(kw_only=True)
class BackendGauges:
    """The newest figures of a backend; none before the first refresh.

    ``ages`` counts the waiting halves by kind, in the classes of :data:`AGES` and one for the older.
    """

    backend: Backend
    clock: Clock
    stall_after: timedelta
    seen: SeenMoment
    figures: Figures | None = None
    ages: Mapping[Kind, Sequence[int]] | None = None
    letters: Letters | None = None
    unannounced: int | None = None
    _stalled: StalledHalves | None = field(default=None, init=False)

    def known_figures(self) -> Figures | None:
        """The newest figures, as a callable for the metrics."""
        return self.figures

    async def refresh(self) -> None:
        """Read everything again; if the backend does not answer, the known figures stay."""
        await self.seen.refresh()
        self.figures = figures = await self.backend.figures()
        if not self.backend.cheap_to_scan:
            return
        few_halves = (figures.staged or 0) <= MOST_SCANNED
        few_letters = (figures.dead_letters or 0) <= MOST_SCANNED
        self.ages = await self._waiting() if few_halves else None
        self.letters = await self._letters() if few_letters else None
        self.unannounced = len([record async for record in self.backend.products.scan(unannounced=True)])

    @property
    def stalled(self) -> StalledHalves | None:
        """The halves that have waited for ``stall_after``; None if no look was taken in the last ``stall_after``."""
        known = self._stalled
        return known if known and self.clock.now() - known.taken_at <= max(self.stall_after, _LEAST_KNOWN) else None

    def take_stalled(self, stalled: StalledHalves) -> None:
        """Take the halves that a pass over the staging rows found."""
        self._stalled = stalled

    @property
    def unseen_letters(self) -> int | None:
        """The dead letters that are not seen; None if their number is not known."""
        if self.figures is None or self.figures.dead_letters is None:
            return None
        return self.letters.unseen if self.letters else self.seen.unseen_of(self.figures.dead_letters)

    async def look_for_stalled(self) -> StalledHalves:
        """Read up to ``MOST_LOOKED_AT`` staging rows for the halves that wait long, for an operator who asks.

        Raises:
            ServiceUnavailable: the backend does not answer, or this process may not read the rows.
        """
        count, read, now = StalledCount(stall_after=self.stall_after), 0, self.clock.now()
        async for row in in_turns(self.backend.staging.scan()):
            if (read := read + 1) > MOST_LOOKED_AT:
                break
            if isinstance(row, WaitingHalf):
                count.add([row], now)
        stalled = await count.result(self.backend.products, now, is_complete=read <= MOST_LOOKED_AT)
        self.take_stalled(stalled)
        return stalled

    async def move_seen(self, at: datetime) -> Seen:
        """Move the moment up to which an operator has seen everything.

        Raises:
            ServiceUnavailable: the backend does not answer.
        """
        seen = await self.seen.move(at, self.figures.dead_letters if self.figures else None)
        await self.refresh()
        return seen

    async def _waiting(self) -> Mapping[Kind, Sequence[int]]:
        """The numbers of halves by age; takes in the stalled ones, too."""
        now = self.clock.now()
        rows = [row async for row in in_turns(self.backend.staging.scan()) if isinstance(row, WaitingHalf)]
        stalled = StalledCount(stall_after=self.stall_after)
        stalled.add(rows, now)
        self.take_stalled(await stalled.result(self.backend.products, now))
        halves = [half for row in rows for half in row.apart]
        ages = {kind: [now - one.waiting_since for one in halves if one.half.kind is kind] for kind in Kind}
        return {kind: [count for _, count in count_by_age(of_kind)] for kind, of_kind in ages.items()}

    async def _letters(self) -> Letters:
        by_reason: Counter[str] = Counter()
        unseen, newest_at, seen = 0, None, self.seen.value
        async for letter in in_turns(self.backend.dead_letters.browse(DeadLetterQuery())):
            by_reason.update({_reason_of(fault) for fault in letter.faults})
            unseen += seen is None or letter.rejected_at > seen.at
            newest_at = max(newest_at or letter.rejected_at, letter.rejected_at)
        return Letters(by_reason=by_reason, unseen=unseen, newest_at=newest_at)


def _reason_of(fault: Fault) -> str:
    """The field at fault, without indices; for a whole body its recognised format, or ``body``: few different texts."""
    if fault.field:
        return _INDEX.sub("[]", fault.field)[:80]
    name = fault.problem.partition(":")[0]
    return name if name in FOREIGN else "body"
