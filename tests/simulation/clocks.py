"""Clocks that are wrong: ahead, behind, standing still, or running backwards."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from attrs import frozen

from tests.simulation.plan import BEGINNING, Clockwork
from tests.simulation.wire import Mortal, Wire
from tests.simulation.witness import Witness

__all__ = ["LoopClock", "SimulatedClock"]


@frozen
class LoopClock:
    """A clock that follows the loop's time as its ``clockwork`` does."""

    clockwork: Clockwork = Clockwork()

    def now(self) -> datetime:
        """The present as this clock has it."""
        passed = self.clockwork.speed * asyncio.get_running_loop().time()
        return BEGINNING + timedelta(seconds=self.clockwork.ahead_seconds + passed)

    async def sleep(self, seconds: float) -> None:
        """Wait, in the loop's own time."""
        await asyncio.sleep(seconds)


@frozen
class SimulatedClock:
    """A process's clock. The process may die while it waits."""

    process: Mortal
    wire: Wire
    witness: Witness
    clock: LoopClock

    def now(self) -> datetime:
        """See the port."""
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        """See the port."""
        self.witness.saw_waiting()
        await self.clock.sleep(seconds)
        await self.wire.travel(self.process)
