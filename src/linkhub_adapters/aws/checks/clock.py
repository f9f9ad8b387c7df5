"""This machine's clock compared with the clocks of the services: `since` compares times of both.

A reply carries the time of the service in whole seconds, taken at some moment while this machine waits. So one reading
bounds the difference; the true difference lies within the bounds of all readings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from attrs import define, field, frozen

from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, ok
from linkhub_core.ports import Clock
from linkhub_core.ports.finding import Verdict

SUBJECT = "clock"
ALLOWED = timedelta(seconds=2)
_WHOLE_SECOND = timedelta(seconds=1)
_ASKED_AT = "linkhub_asked_at"


@frozen(kw_only=True)
class ClockReading:
    """The service's time in whole seconds, taken between two moments of this machine."""

    before: datetime
    after: datetime
    service: datetime

    @property
    def bounds(self) -> tuple[timedelta, timedelta]:
        """The least and the most by which this machine's clock is ahead; negative: behind."""
        return self.before - self.service - _WHOLE_SECOND, self.after - self.service


@define(kw_only=True, eq=False)
class ClockReadings:
    """Takes a reading from each reply of the clients that it watches, errors included."""

    clock: Clock
    readings: list[ClockReading] = field(factory=list, init=False)

    def watch(self, client: Any) -> None:
        """Take readings from a boto3 client."""
        client.meta.events.register("before-call", self._before)
        client.meta.events.register("after-call", self._after)

    def _before(self, context: dict[str, Any], **_: Any) -> None:
        context[_ASKED_AT] = self.clock.now()

    def _after(self, context: dict[str, Any], parsed: Mapping[str, Any], **_: Any) -> None:
        date = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date is None:
            return
        try:
            service = parsedate_to_datetime(date)
        except ValueError:  # the header of a proxy
            return
        if service.tzinfo is not None:
            self.readings.append(ClockReading(before=context[_ASKED_AT], after=self.clock.now(), service=service))


def skew_of(readings: Sequence[ClockReading]) -> tuple[timedelta, timedelta]:
    """The bounds of all readings together; if they contradict each other, as after a clock was set, of the quickest."""
    least = max(reading.bounds[0] for reading in readings)
    most = min(reading.bounds[1] for reading in readings)
    if least <= most:
        return least, most
    return min(readings, key=lambda reading: reading.after - reading.before).bounds


def _tenths(span: timedelta) -> float:
    """Seconds, rounded up to tenths."""
    return -(-span // timedelta(milliseconds=100)) / 10


def clock_result(readings: Sequence[ClockReading]) -> CheckResult:
    """The result of all readings together."""
    if not readings:
        return CheckResult(subject=SUBJECT, verdict=Verdict.NOT_CHECKED, seen="no service reported its time")
    least, most = skew_of(readings)
    surely, possibly = max(least, -most, timedelta(0)), max(abs(least), abs(most))
    if possibly <= ALLOWED:
        return ok(SUBJECT, f"at most {_tenths(possibly)} s from the services'")
    if surely <= ALLOWED:
        verdict = Verdict.WARNING
        problem = f"it may be {_tenths(possibly)} s from the services', whose replies are slow"
    else:
        verdict, direction = Verdict.FAULT, "ahead of" if least > timedelta(0) else "behind"
        problem = (
            f"this machine's is at least {surely.total_seconds():.0f} s {direction} the services': readers that ask "
            f"`since` miss products when clocks are more than {ALLOWED.total_seconds():.0f} s apart"
        )
    return CheckResult(subject=SUBJECT, verdict=verdict, seen=problem, advice=Advice.SET_CLOCK)
