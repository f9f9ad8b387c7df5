"""The estimate of DynamoDB's clock: as right as its replies allow, whatever the local clock says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from attrs import define

from linkhub_adapters.aws.dynamodb.store_clock import StoreClock

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@define
class Time:
    """True time in seconds, and a local clock that is ahead of it."""

    seconds: float = 0.0
    ahead: float = 1e6

    def local(self) -> float:
        """The local clock."""
        return self.seconds + self.ahead

    @property
    def date(self) -> str:
        """The header of a reply that is made now."""
        return format_datetime(NOON + timedelta(seconds=int(self.seconds)), usegmt=True)

    @property
    def ms(self) -> float:
        """The expected estimate."""
        return (NOON.timestamp() + self.seconds) * 1000


def test_nothing_is_known_before_a_reply() -> None:
    """A guess would be no better than the local clock."""
    clock = StoreClock()
    clock.observe(0.0, None)
    assert not clock.is_known
    with pytest.raises(ValueError, match="first reply"):
        clock.now_ms()


@pytest.mark.parametrize("seed", range(20))
def test_the_estimate_is_right_within_a_second(seed: int) -> None:
    """Also after the first reply; after many it is as exact as the fastest replies around a full second."""
    chance, time = Random(seed), Time()
    clock = StoreClock(seconds=time.local)
    errors = []
    for _ in range(200):
        sent_at = time.local()
        time.seconds += chance.uniform(0.001, 0.02)
        date = time.date
        time.seconds += chance.uniform(0.001, 0.02)
        clock.observe(sent_at, date)
        errors.append(abs(clock.now_ms() - time.ms))
        time.seconds += chance.uniform(0, 0.3)
    assert max(errors) < 600
    assert errors[-1] < 100


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_was_set_counts_at_once(jump: float) -> None:
    """The earlier replies say nothing any more: the newest one replaces them."""
    time = Time()
    clock = StoreClock(seconds=time.local)
    clock.observe(time.local(), time.date)
    time.ahead += jump
    clock.observe(time.local(), time.date)
    assert abs(clock.now_ms() - time.ms) <= 500
