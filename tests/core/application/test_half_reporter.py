"""A report is handed over at least once, and by one process at a time."""

from __future__ import annotations

import asyncio

import pytest

from linkhub_adapters.memory import MemoryStagingStore
from linkhub_core.application.half_reporter import CLAIM, REPORTED, HalfReporter
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import HALF_EXPIRED, HALF_STALLED, Kind, WaitingHalf
from linkhub_core.ports import ReportClaim
from linkhub_core.testing.builders import KEY, a_half, a_waiting
from linkhub_core.testing.fakes import FakeClock, RecordingNotifier
from linkhub_core.testing.flaky import FlakyNotifier, Strike, unavailable


def _line(row: WaitingHalf) -> tuple[HalfReporter, RecordingNotifier, MemoryStagingStore]:
    staging, heard = MemoryStagingStore({row.key: row}), RecordingNotifier()
    return HalfReporter(staging, heard, FakeClock()), heard, staging


async def test_one_of_several_processes_reports_a_half() -> None:
    """The report has the ids, which half waits, which is missing, and since when."""
    row = a_waiting(a_half(Kind.THUMBNAIL))
    reporter, heard, _ = _line(row)
    await asyncio.gather(*(reporter.report([row], is_expired=False) for _ in range(3)))
    (report,) = heard.reports
    assert (report.event_type, report.key, report.waiting, report.missing) == (
        HALF_STALLED,
        KEY,
        Kind.THUMBNAIL,
        Kind.CAPTION,
    )
    assert (report.origin.correlation_id, report.waiting_since) == ("c-1", row.waiting_since)


async def test_a_reported_half_is_not_reported_again_until_it_expires() -> None:
    """A settled claim is for good; the expiry is another report."""
    row = a_waiting()
    reporter, heard, staging = _line(row)
    await reporter.settle(await reporter.report([row], is_expired=False))
    row = staging.rows[KEY]
    assert row.report_claimed_until == REPORTED
    assert await reporter.report([row], is_expired=False) == []
    await reporter.report([row], is_expired=True)
    assert [report.event_type for report in heard.reports] == [HALF_STALLED, HALF_EXPIRED]


async def test_a_claim_of_a_process_that_died_ends() -> None:
    """Until then no other process reports the half, and after it one does."""
    row = a_waiting()
    reporter, heard, staging = _line(row)
    clock = reporter.clock
    assert isinstance(clock, FakeClock)
    await staging.claim_reports([ReportClaim(row, clock.now() + CLAIM)])
    assert await reporter.report([staging.rows[KEY]], is_expired=False) == []
    clock.present += CLAIM
    assert await reporter.report([staging.rows[KEY]], is_expired=False) == [row]
    assert len(heard.reports) == 1


async def test_a_report_that_could_not_be_handed_over_is_given_back() -> None:
    """The next look reports it at once."""
    row = a_waiting()
    reporter, heard, staging = _line(row)
    flaky = FlakyNotifier(heard, strikes=[Strike("report", unavailable())])
    with pytest.raises(ServiceUnavailable):
        await HalfReporter(staging, flaky, reporter.clock).report([row], is_expired=False)
    assert await reporter.report([staging.rows[KEY]], is_expired=False) == [row]
    assert len(heard.reports) == 1


async def test_a_row_that_is_gone_is_not_reported() -> None:
    """Its partner came after the look."""
    row = a_waiting()
    reporter, heard, staging = _line(row)
    del staging.rows[KEY]
    assert await reporter.report([row], is_expired=False) == []
    assert not heard.reports
