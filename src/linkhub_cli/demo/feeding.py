"""Publishes the messages of the simulated workers when they are due."""

from __future__ import annotations

import asyncio

from attrs import frozen

from linkhub_cli.demo.workers import SimulatedWorkers
from linkhub_core.ports import Clock, EventPublisher


@frozen(kw_only=True)
class Feeding:
    """The duty that publishes the script in real time."""

    workers: SimulatedWorkers
    publisher: EventPublisher
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Send until ``stop`` is set.

        Raises:
            ServiceUnavailable: the queue cannot be reached.
        """
        for sending in self.workers.script():
            since_start = (self.clock.now() - self.workers.start).total_seconds()
            if await _stopped_within(stop, sending.at_seconds - since_start):
                return
            await self.publisher.publish([sending.message])


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    if seconds > 0:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return False
    return stop.is_set()
