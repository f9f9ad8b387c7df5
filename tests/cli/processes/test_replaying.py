"""The pace of a replay."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from attrs import define

from linkhub_cli.processes.replaying import BATCH_SIZE, Pace, paced
from linkhub_cli.views.event_lines import EventLine
from linkhub_core.testing.builders import NOON
from linkhub_core.testing.fakes import FakeClock


def _lines(*seconds: float | None) -> list[EventLine]:
    return [
        EventLine(
            place=f"f:{number}",
            size_bytes=1,
            received_at=None if after is None else NOON + timedelta(seconds=after),
        )
        for number, after in enumerate(seconds, 1)
    ]


async def _sent(
    lines: Sequence[EventLine], clock: FakeClock, speed: float, stop: asyncio.Event | None = None
) -> list[tuple[float, int]]:
    began = clock.now()
    batches = paced(lines, Pace(clock=clock, speed=speed), stop or asyncio.Event())
    return [((clock.now() - began).total_seconds(), len(batch)) async for batch in batches]


@pytest.mark.parametrize(
    ("speed", "sent"),
    [
        (1, [(0, 2), (1, 1), (10, 1)]),
        (10, [(0, 2), (0.1, 1), (1, 1)]),
        (0.5, [(0, 2), (2, 1), (20, 1)]),
        (0, [(0, 4)]),
    ],
)
async def test_pauses_are_those_of_the_recording(speed: float, sent: list[tuple[float, int]]) -> None:
    """So many times shorter; lines that were received together are sent together; at once with 0."""
    assert await _sent(_lines(0, 0, 1, 10), FakeClock(), speed) == sent


async def test_a_line_that_is_late_is_not_waited_for() -> None:
    """Another consumer's, out of order, or one without a time: it goes with those before it."""
    assert await _sent(_lines(5, None, 3, 6), FakeClock(), 1) == [(0, 3), (1, 1)]


async def test_batches_have_a_bound() -> None:
    """Also if all of it is due at once."""
    assert await _sent(_lines(*[0.0] * (BATCH_SIZE + 1)), FakeClock(), 1) == [(0, BATCH_SIZE), (0, 1)]


async def test_a_slow_queue_is_caught_up_with() -> None:
    """The pace is that of the recording, whatever each publish takes."""
    clock, sent = FakeClock(), []
    async for batch in paced(_lines(0, 1, 2, 3, 9), Pace(clock=clock, speed=1), asyncio.Event()):
        sent.append(((clock.now() - FakeClock().now()).total_seconds(), len(batch)))
        clock.advance(2.5)
    assert sent == [(0, 1), (2.5, 2), (5, 1), (9, 1)]


@define
class StoppingClock(FakeClock):
    """A clock on which a wait lasts until the test stops it."""

    stop: asyncio.Event | None = None
    waited: datetime | None = None

    async def sleep(self, seconds: float) -> None:
        """Ask for the stop, and never return."""
        assert self.stop is not None
        self.stop.set()
        await asyncio.Event().wait()


async def test_a_stop_ends_the_wait() -> None:
    """What was due is sent, what is not is left."""
    stop = asyncio.Event()
    assert await _sent(_lines(0, 3600), StoppingClock(stop=stop), 1, stop) == [(0, 1)]
