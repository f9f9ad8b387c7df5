"""Publishes the reports of stalled and expired halves, for the owner of the other worker.

A report is handed over at least once, and seldom more than once: a process claims it by a conditional write on the
row, hands it over, and sets the claim for good. If the process ends in between, the claim ends after
``CLAIM``, and the next look of any process reports the half. A repeated report has the same ``event_id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from attrs import evolve, frozen

from linkhub_core.errors import LinkhubError
from linkhub_core.model import WaitingHalf
from linkhub_core.model.half_report import HalfReport
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.notifier import Notifier
from linkhub_core.ports.staging_store import ReportClaim, StagingStore

CLAIM = timedelta(minutes=1)
REPORTED = datetime.max.replace(tzinfo=UTC)


@frozen
class HalfReporter:
    """Claims reports of rows, and hands them over."""

    staging: StagingStore
    notifier: Notifier
    clock: Clock

    def free(self, rows: Sequence[WaitingHalf], *, is_expired: bool) -> Sequence[WaitingHalf]:
        """The rows that were not reported, and that no process claims."""
        now = self.clock.now()
        return [row for row in rows if _is_free(row, now, is_expired=is_expired)]

    async def report(self, rows: Sequence[WaitingHalf], *, is_expired: bool) -> Sequence[WaitingHalf]:
        """Report the rows that no other process claims.

        Args:
            rows: rows with one half each, not of another service; a half that is expired may have been reported before.

        Returns:
            The rows that were reported, as claimed.

        Raises:
            TransientError: nothing is lost; the claims were given back, or end soon.
        """
        until = self.clock.now() + CLAIM
        free = self.free(rows, is_expired=is_expired)
        outcomes = await self._claim([ReportClaim(row, until) for row in free])
        claimed = [row for row, is_set in zip(free, outcomes, strict=True) if is_set]
        if not claimed:
            return []
        mine = [evolve(row, report_claimed_until=until) for row in claimed]
        try:
            await self.notifier.report([HalfReport.of(row, is_expired=is_expired) for row in claimed])
        except LinkhubError:
            pairs = zip(mine, claimed, strict=True)
            await self._claim([ReportClaim(row, before.report_claimed_until) for row, before in pairs])
            raise
        return mine

    async def settle(self, reported: Sequence[WaitingHalf]) -> None:
        """Set the claims of reported rows for good."""
        await self._claim([ReportClaim(row, REPORTED) for row in reported])

    async def _claim(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        return await self.staging.claim_reports(claims) if claims else []


def _is_free(row: WaitingHalf, now: datetime, *, is_expired: bool) -> bool:
    claimed = row.report_claimed_until
    return claimed is None or claimed <= now or (is_expired and claimed == REPORTED)
