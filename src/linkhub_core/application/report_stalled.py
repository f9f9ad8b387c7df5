"""Reports halves that wait longer than they should, once each.

Rule 1. A row beside its product, or with both halves, is work of the sweep, not a half that waits. So is one whose time
        is over: the sweep reports and removes it.
Rule 2. A row of another service is reported after linkhub has made it its own: a claim must not change such a row.
Rule 3. A row that a store refuses delays no other; the sweep records rows that cannot be read.
Rule 4. A pass over all rows hands over all stalled halves, reported before or not, for the operator's page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from attrs import field, frozen

from linkhub_core.application.half_reporter import HalfReporter
from linkhub_core.application.stalled_halves import StalledCount, StalledHalves
from linkhub_core.application.sweep import batches, narrow_down
from linkhub_core.errors import TransientError
from linkhub_core.model import WaitingHalf
from linkhub_core.model.journal_entries import HalfStalled
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.journal import Journal
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.staging_store import StagingStore


@frozen(kw_only=True)
class ReportStalled:
    """Reads every staging row, and reports the halves that have waited for ``stall_after``. Several may run at once.

    ``seen`` is called with all halves that have waited so long. It must not raise.
    """

    products: ProductStore
    staging: StagingStore
    notifier: Notifier
    journal: Journal
    clock: Clock
    stall_after: timedelta
    seen: Callable[[StalledHalves], None] = lambda _: None
    reporter: HalfReporter = field(init=False, repr=False)

    @reporter.default
    def _reporter(self) -> HalfReporter:
        return HalfReporter(self.staging, self.notifier, self.clock)

    async def __call__(self) -> None:
        """Report once.

        Raises:
            LinkhubError: some halves were not reported; the next call reports them.
        """
        failures: list[tuple[WaitingHalf, Exception]] = []
        count = StalledCount(stall_after=self.stall_after)
        async for rows in batches(self.staging.scan()):
            now = self.clock.now()
            readable = [row for row in rows if not isinstance(row, Unreadable)]
            count.add(readable, now)
            late = [row for row in readable if self._is_late(row, now)]
            is_done = not late or await narrow_down(late, self._report, failures)
            if not is_done and isinstance(failures[-1][1], TransientError):  # a service is down
                break
        else:
            self.seen(await count.result(self.products, self.clock.now()))
        if failures:
            raise failures[0][1]

    def _is_late(self, row: WaitingHalf, now: datetime) -> bool:
        is_alone = row.other is None and not row.is_foreign
        return is_alone and now < row.expires_at and now - row.waiting_since >= self.stall_after

    async def _report(self, rows: Sequence[WaitingHalf]) -> None:
        free = self.reporter.free(rows, is_expired=False)
        found = await self.products.find([row.key for row in free])
        reported = await self.reporter.report([row for row in free if row.key not in found], is_expired=False)
        now = self.clock.now()
        self.journal.record(
            [
                HalfStalled(key=row.key, kind=row.half.kind, origin=row.origin, age=now - row.waiting_since)
                for row in reported
            ]
        )
        await self.reporter.settle(reported)
