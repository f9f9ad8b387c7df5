"""This machine's clock against the services': readers ask by the time at which products were saved (``since``).

A reply carries the service's time in whole seconds, and is stamped at some moment while we wait for it; so a reading
bounds how far the clocks are apart. Several readings bound it better: what is true lies within all their bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import frozen

from linkhub_adapters.aws.checks.probe import ClockReading
from linkhub_core.ports.finding import Finding

__all__ = ["ALLOWED", "Skew", "clock_findings", "skew_of", "skew_of_all"]

SUBJECT = "clock"
ALLOWED = timedelta(seconds=2)
_WHOLE_SECOND = timedelta(seconds=1)
_NOTHING = timedelta(0)
_MEND = (
    "timedatectl set-ntp true (or: systemctl enable --now chronyd); in a container or virtual machine, on its host",
)


@frozen(kw_only=True)
class Skew:
    """How far this machine's clock is ahead, between two bounds; what is negative is behind."""

    least: timedelta
    most: timedelta

    @property
    def surely(self) -> timedelta:
        """How far the clocks are apart at the least."""
        return max(self.least, -self.most, _NOTHING)

    @property
    def maybe(self) -> timedelta:
        """How far the clocks may be apart."""
        return max(abs(self.least), abs(self.most))


def skew_of(reading: ClockReading) -> Skew:
    """What one reading tells: the service's clock showed from ``service`` to a second later, at some moment of ours."""
    return Skew(least=reading.before - reading.service - _WHOLE_SECOND, most=reading.after - reading.service)


def skew_of_all(readings: Sequence[ClockReading]) -> Skew:
    """What readings tell together; where they contradict each other, as after a clock was set, the quickest."""
    skews = [skew_of(reading) for reading in readings]
    together = Skew(least=max(skew.least for skew in skews), most=min(skew.most for skew in skews))
    if together.least <= together.most:
        return together
    return skew_of(min(readings, key=lambda reading: reading.width))


def _tenths(span: timedelta) -> float:
    """Seconds, rounded up to tenths: a bound is not to be told smaller than it is."""
    return -(-span // timedelta(milliseconds=100)) / 10


def clock_findings(readings: Sequence[ClockReading]) -> Sequence[Finding]:
    """What all readings together say."""
    if not readings:
        return [Finding.not_checked(SUBJECT, "no service told its time")]
    skew = skew_of_all(readings)
    direction = "ahead of" if skew.least > _NOTHING else "behind"
    if skew.surely > ALLOWED:
        problem = (
            f"this machine's is at least {skew.surely.total_seconds():.0f} s {direction} the services': "
            f"readers that ask `since` miss products when clocks are more than {ALLOWED.total_seconds():.0f} s apart"
        )
        return [Finding.fault(SUBJECT, problem, *_MEND)]
    if skew.maybe > ALLOWED:
        return [
            Finding.warning(
                SUBJECT,
                f"it may be {_tenths(skew.maybe)} s from the services': they answer too slowly to tell",
                *_MEND,
            )
        ]
    return [Finding.ok(SUBJECT, f"at most {_tenths(skew.maybe)} s from the services'")]
