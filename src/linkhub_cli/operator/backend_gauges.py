"""Figures of the backend, refreshed at intervals so that no request waits for them.

Counting is cheap on every backend. Reading each half in staging and each dead letter is done only if the backend is
cheap to scan, and only while there are few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from attrs import define, frozen

from linkhub_adapters.observability import Figures
from linkhub_cli.backends import Backend
from linkhub_cli.operator.seen import Seen, SeenMoment
from linkhub_core.errors import Fault
from linkhub_core.model import Kind, WaitingHalf
from linkhub_core.ports import Clock, DeadLetterQuery
from linkhub_core.wire.intake import FOREIGN

AGES = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
MOST_SCANNED = 5_000
MOST_STALLED_NAMED = 20

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

    ``ages`` counts the waiting halves by kind, in the classes of :data:`AGES` and one for the older. ``stalled`` are
    those that have waited for ``stall_after``, the oldest 20 of them.
    """

    backend: Backend
    clock: Clock
    stall_after: timedelta
    seen: SeenMoment
    figures: Figures | None = None
    ages: Mapping[Kind, Sequence[int]] | None = None
    stalled: Sequence[WaitingHalf] | None = None
    letters: Letters | None = None
    unannounced: int | None = None

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
        self.ages, self.stalled = await self._waiting() if few_halves else (None, None)
        self.letters = await self._letters() if few_letters else None
        self.unannounced = len([record async for record in self.backend.products.scan(unannounced=True)])

    @property
    def unseen_letters(self) -> int | None:
        """The dead letters that are not seen; None if their number is not known."""
        if self.figures is None or self.figures.dead_letters is None:
            return None
        return self.letters.unseen if self.letters else self.seen.unseen_of(self.figures.dead_letters)

    async def move_seen(self, at: datetime) -> Seen:
        """Move the moment up to which an operator has seen everything.

        Raises:
            ServiceUnavailable: the backend does not answer.
        """
        seen = await self.seen.move(at, self.figures.dead_letters if self.figures else None)
        await self.refresh()
        return seen

    async def _waiting(self) -> tuple[Mapping[Kind, Sequence[int]], Sequence[WaitingHalf]]:
        """The numbers of halves by age, and the stalled ones."""
        now = self.clock.now()
        rows = [row async for row in self.backend.staging.scan() if isinstance(row, WaitingHalf)]
        halves = [half for row in rows for half in row.apart]
        ages = {kind: [now - one.waiting_since for one in halves if one.half.kind is kind] for kind in Kind}
        oldest = sorted(halves, key=lambda half: half.waiting_since)[:MOST_STALLED_NAMED]
        return (
            {kind: [count for _, count in count_by_age(of_kind)] for kind, of_kind in ages.items()},
            [half for half in oldest if half.waiting_since + self.stall_after <= now],
        )

    async def _letters(self) -> Letters:
        by_reason: Counter[str] = Counter()
        unseen, newest_at, seen = 0, None, self.seen.value
        async for letter in self.backend.dead_letters.browse(DeadLetterQuery()):
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
