"""Clocks that are wrong: ahead, behind, standing still, or running backwards."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from attrs import frozen

from tests.simulation.plan import BEGINNING
from tests.simulation.wire import Mortal, Wire

__all__ = ["LoopClock", "SimulatedClock"]


@frozen
class LoopClock:
    """A clock that follows the loop's time: ``ahead_seconds`` off, at any speed; a negative speed runs backwards."""

    ahead_seconds: float = 0.0
    speed: float = 1.0

    def now(self) -> datetime:
        """The present as this clock has it."""
        return BEGINNING + timedelta(seconds=self.ahead_seconds + self.speed * asyncio.get_running_loop().time())

    async def sleep(self, seconds: float) -> None:
        """Wait, in the loop's own time."""
        await asyncio.sleep(seconds)


@frozen
class SimulatedClock:
    """A process's clock. The process may die while it waits."""

    process: Mortal
    wire: Wire
    clock: LoopClock

    def now(self) -> datetime:
        """See the port."""
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        """See the port."""
        await self.clock.sleep(seconds)
        await self.wire.travel(self.process)
