"""How far the clocks are apart, from what replies tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.hooks import HierarchicalEmitter
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.aws.checks.clock import ClockReading, ClockReadings, clock_result, skew_of
from linkhub_core.ports.finding import Verdict
from linkhub_core.testing.fakes import FakeClock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def a_reading(before: float, after: float, service: int = 0) -> ClockReading:
    """Moments in seconds from noon."""
    return ClockReading(
        before=NOON + timedelta(seconds=before),
        after=NOON + timedelta(seconds=after),
        service=NOON + timedelta(seconds=service),
    )


@pytest.mark.parametrize(
    ("readings", "verdict", "seen"),
    [
        ([a_reading(0.4, 0.5)], Verdict.OK, "at most 0.6 s"),
        ([a_reading(2.9, 3.0)], Verdict.WARNING, "it may be 3.0 s"),
        ([a_reading(3.1, 3.2)], Verdict.FAULT, "at least 2 s ahead of"),
        ([a_reading(-2.2, -2.1)], Verdict.FAULT, "at least 2 s behind"),
        ([a_reading(-2.0, 4.0)], Verdict.WARNING, "it may be 4.0 s"),
        ([a_reading(-2.0, 4.0), a_reading(0.4, 0.5)], Verdict.OK, "at most 0.6 s"),
        ([a_reading(2.9, 3.0), a_reading(3.6, 3.7, 1)], Verdict.WARNING, "it may be 2.7 s"),
        ([a_reading(9.0, 9.3), a_reading(0.4, 0.5)], Verdict.OK, "at most 0.6 s"),
        ([], Verdict.NOT_CHECKED, "no service reported"),
    ],
)
def test_the_verdict_follows_from_the_readings(readings: list[ClockReading], verdict: Verdict, seen: str) -> None:
    """A fault is only what is sure to be more than two seconds; what may be is a warning."""
    result = clock_result(readings)
    assert result.verdict is verdict
    assert seen in result.seen


@given(
    ahead=st.floats(-100, 100),
    calls=st.lists(st.tuples(st.floats(0, 50), st.floats(0, 3), st.floats(0, 1)), min_size=1, max_size=8),
)
def test_the_true_skew_lies_within_the_bounds(ahead: float, calls: list[tuple[float, float, float]]) -> None:
    """Whenever the service stamps its replies, and however long they take."""
    readings = []
    for begun, took, share in calls:
        stamped = NOON + timedelta(seconds=begun + took * share)
        readings.append(
            ClockReading(
                before=NOON + timedelta(seconds=begun + ahead),
                after=NOON + timedelta(seconds=begun + took + ahead),
                service=stamped.replace(microsecond=0),
            )
        )
    (least, most), grain = skew_of(readings), timedelta(microseconds=5)
    assert least - grain <= timedelta(seconds=ahead) <= most + grain


@pytest.mark.parametrize(("date", "count"), [("Tue, 24 Nov 2026 14:03:52 GMT", 1), ("yesterday", 0), (None, 0)])
@pytest.mark.parametrize("error", [{}, {"Error": {"Code": "RequestTimeTooSkewed"}}])
def test_each_reply_gives_a_reading(date: str | None, count: int, error: dict[str, Any]) -> None:
    """A refused request gives one, too; a header that is no date gives none."""
    clock = FakeClock()
    readings = ClockReadings(clock=clock)
    client = SimpleNamespace(meta=SimpleNamespace(events=HierarchicalEmitter()))
    readings.watch(client)
    context: dict[str, Any] = {}
    headers = {"date": date} if date else {}
    parsed = {**error, "ResponseMetadata": {"HTTPHeaders": headers}}
    client.meta.events.emit("before-call.sqs.GetQueueUrl", context=context)
    client.meta.events.emit("after-call.sqs.GetQueueUrl", context=context, parsed=parsed)
    service = datetime(2026, 11, 24, 14, 3, 52, tzinfo=UTC)
    assert readings.readings == [ClockReading(before=clock.now(), after=clock.now(), service=service)] * count
