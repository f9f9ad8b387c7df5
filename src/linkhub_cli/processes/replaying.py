"""Publishes lines at a pace: at once, or with the pauses of a recording, some times faster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field

from linkhub_cli.views.event_lines import EventLine
from linkhub_core.ports import Clock

BATCH_SIZE: Final = 500


@define(kw_only=True)
class Pace:
    """Says how long a line has to wait.

    Args:
        clock: measures and waits.
        speed: how many times faster than it was recorded; 0 is at once.
    """

    clock: Clock
    speed: float = 0.0
    _recorded: datetime | None = field(default=None, init=False)
    _started: datetime | None = field(default=None, init=False)

    def seconds_until(self, line: EventLine) -> float:
        """The seconds until a line is due: 0 or less if it is. The first line begins the pace."""
        if not self.speed or line.received_at is None:
            return 0.0
        if self._recorded is None or self._started is None:
            self._recorded, self._started = line.received_at, self.clock.now()
        recorded = (line.received_at - self._recorded).total_seconds() / self.speed
        return recorded - (self.clock.now() - self._started).total_seconds()


async def paced(lines: Iterable[EventLine], pace: Pace, stop: asyncio.Event) -> AsyncIterator[Sequence[EventLine]]:
    """Give lines in batches, each when its last line is due, until ``stop`` is set."""
    batch: list[EventLine] = []
    for line in lines:
        if batch and (len(batch) >= BATCH_SIZE or pace.seconds_until(line) > 0):
            yield batch
            batch = []
        if (seconds := pace.seconds_until(line)) > 0:
            await _sleep(pace.clock, seconds, stop)
        if stop.is_set():
            break
        batch.append(line)
    if batch:
        yield batch


async def _sleep(clock: Clock, seconds: float, stop: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(wait) for wait in (clock.sleep(seconds), stop.wait())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
