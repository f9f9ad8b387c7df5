"""Clocks that are wrong: ahead, behind, stopped, or running backwards."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from attrs import frozen

from tests.simulation.invariant_checker import InvariantChecker
from tests.simulation.network import Killable, Network
from tests.simulation.plan import BEGINNING, ClockError


@frozen
class LoopClock:
    """A clock that follows the loop's time as its ``clockwork`` does."""

    error: ClockError = ClockError()

    def now(self) -> datetime:
        """The time that this clock shows."""
        passed = self.error.speed * asyncio.get_running_loop().time()
        return BEGINNING + timedelta(seconds=self.error.ahead_seconds + passed)

    async def sleep(self, seconds: float) -> None:
        """Wait in the time of the loop."""
        await asyncio.sleep(seconds)


@frozen
class SimulatedClock:
    """A process's clock. The process may die while it waits."""

    process: Killable
    network: Network
    checker: InvariantChecker
    clock: LoopClock

    def now(self) -> datetime:
        """See the port."""
        return self.clock.now()

    async def sleep(self, seconds: float) -> None:
        """See the port."""
        self.checker.saw_waiting()
        await self.clock.sleep(seconds)
        await self.network.travel(self.process)
