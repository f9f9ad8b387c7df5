"""Halves that wait longer than they should are reported, once each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from linkhub_core.application import ReportStalled, StalledHalves
from linkhub_core.errors import ServiceUnavailable, StoreRefused
from linkhub_core.model import Kind, WaitingHalf
from linkhub_core.model.journal_entries import HalfStalled
from linkhub_core.ports import ReportClaim
from linkhub_core.testing.builders import KEY, NOON, a_half, a_key, a_record, a_waiting, an_unreadable
from linkhub_core.testing.flaky import FlakyNotifier, FlakyStagingStore, Strike, unavailable
from tests.core.application.assembly_harness import AssemblyHarness

STALL = timedelta(minutes=15)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


def _look(harness: AssemblyHarness) -> ReportStalled:
    return ReportStalled(
        products=harness.products,
        staging=harness.staging,
        notifier=harness.notifier,
        journal=harness.journal,
        clock=harness.clock,
        stall_after=STALL,
    )


@pytest.mark.parametrize(("seconds", "count"), [(0, 0), (899, 0), (900, 1), (86_399, 1), (86_400, 0)])
async def test_a_half_is_reported_from_the_limit_until_it_expires(seconds: float, count: int) -> None:
    """An expired half is reported by the sweep."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting(a_half(Kind.THUMBNAIL))
    harness.clock.advance(seconds)
    await _look(harness)()
    assert len(harness.heard.reports) == count
    assert [(entry.key, entry.kind, entry.age) for entry in harness.journal.of(HalfStalled)] == [
        (KEY, Kind.THUMBNAIL, timedelta(seconds=seconds))
    ] * count


async def test_a_half_of_the_last_year_delays_no_other() -> None:
    """An import keeps the times of a row, whatever they are."""
    harness = AssemblyHarness()
    harness.rows.rows[a_key(1)] = evolve(
        a_waiting(a_half(key=a_key(1))), waiting_since=LAST_MOMENT, expires_at=LAST_MOMENT
    )
    harness.rows.rows[KEY] = a_waiting()
    harness.clock.advance(900)
    await _look(harness)()
    assert [entry.key for entry in harness.journal.of(HalfStalled)] == [KEY]


async def test_a_half_is_reported_once() -> None:
    """A later look, a newer half of the kind and a restart report it no more."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting()
    harness.clock.advance(900)
    await _look(harness)()
    await harness.rows.stage([a_waiting(a_half(minute=5))])
    harness.clock.advance(3_600)
    await _look(harness)()
    assert (len(harness.heard.reports), len(harness.journal.of(HalfStalled))) == (1, 1)


async def test_only_halves_that_wait_are_reported() -> None:
    """A row beside its product, one with both halves, one of another service and an unreadable one are not."""
    harness = AssemblyHarness()
    rows = {number: a_waiting(a_half(key=a_key(number))) for number in range(4)}
    both = WaitingHalf(
        half=rows[1].half,
        other=a_half(Kind.THUMBNAIL, key=a_key(1)),
        origin=rows[1].origin,
        waiting_since=NOON,
        expires_at=rows[1].expires_at,
    )
    foreign = WaitingHalf(
        half=rows[2].half,
        origin=rows[2].origin,
        waiting_since=NOON,
        expires_at=rows[2].expires_at,
        is_foreign=True,
    )
    harness.rows.rows = {a_key(0): rows[0], a_key(1): both, a_key(2): foreign, a_key(3): rows[3]}
    harness.rows.unreadable = {a_key(4): an_unreadable(a_key(4))}
    harness.stored.rows[a_key(0)] = a_record(a_key(0))
    harness.clock.advance(900)
    await _look(harness)()
    assert [report.key for report in harness.heard.reports] == [a_key(3)]


async def test_a_refused_row_delays_no_other() -> None:
    """The failure is raised after the others were reported, and after the operator's page knows of all."""
    harness = AssemblyHarness()
    harness.rows.rows = {a_key(number): a_waiting(a_half(key=a_key(number))) for number in range(3)}
    refused = StoreRefused("staging", "it is too large")

    def has_second(claims: Sequence[ReportClaim]) -> bool:
        return any(claim.row.key == a_key(1) for claim in claims)

    harness.staging = FlakyStagingStore(
        harness.rows, strikes=[Strike("claim_reports", refused, times=None, of=has_second)]
    )
    harness.clock.advance(900)
    seen: list[StalledHalves] = []
    with pytest.raises(StoreRefused):
        await evolve(_look(harness), seen=seen.append)()
    assert [report.key for report in harness.heard.reports] == [a_key(0), a_key(2)]
    assert [stalled.total for stalled in seen] == [3]


async def test_a_look_ends_while_the_bus_is_down_and_loses_no_report() -> None:
    """The next look reports all."""
    harness = AssemblyHarness()
    harness.rows.rows = {a_key(number): a_waiting(a_half(key=a_key(number))) for number in range(250)}
    harness.clock.advance(900)
    harness.notifier = flaky = FlakyNotifier(harness.heard, strikes=[Strike("report", unavailable(), times=None)])
    with pytest.raises(ServiceUnavailable):
        await _look(harness)()
    assert len(flaky.calls) < 50
    harness.notifier = harness.heard
    await _look(harness)()
    assert len({report.key for report in harness.heard.reports}) == 250


async def test_a_report_is_lost_by_no_crash_between_handing_over_and_settling() -> None:
    """It is repeated when the claim ends: at least once is better than never."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting()
    harness.clock.advance(900)
    crash = Strike("claim_reports", unavailable(), skip=1)
    harness.staging = FlakyStagingStore(harness.rows, strikes=[crash])
    with pytest.raises(ServiceUnavailable):
        await _look(harness)()
    await _look(harness)()
    assert len(harness.heard.reports) == 1
    harness.clock.advance(60)
    await _look(harness)()
    assert len(harness.heard.reports) == 2
