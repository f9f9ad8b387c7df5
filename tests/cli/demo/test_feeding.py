"""The simulated workers send the events that are due, and stop when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import define, field

from linkhub_cli.demo.workers import Feeding, SimulatedWorkers
from linkhub_core.ports import OutgoingMessage, Refusal
from linkhub_core.testing.fakes import FakeClock


@define
class _Publisher:
    """Keeps what is published, and stops the feeding after a few messages."""

    stop: asyncio.Event
    most: int
    clock: FakeClock
    sent: list[OutgoingMessage] = field(factory=list)

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See the port."""
        self.sent += messages
        if len(self.sent) == self.most:
            self.stop.set()
        return []


async def test_sends_what_is_due_in_the_order_of_the_script() -> None:
    """With the clock far ahead, everything is due: nothing is skipped, and the stop is seen."""
    clock, stop = FakeClock(), asyncio.Event()
    workers = SimulatedWorkers(seed=1, start=clock.now(), videos_per_second=2, picture_url="http://localhost/p")
    expected = [sending.message for sending, _ in zip(workers.script(), range(25), strict=False)]
    again = SimulatedWorkers(seed=1, start=clock.now(), videos_per_second=2, picture_url="http://localhost/p")
    clock.advance(3_600)
    publisher = _Publisher(stop, 25, clock)
    await Feeding(workers=again, publisher=publisher, clock=clock).run(stop)
    assert publisher.sent == expected


async def test_waits_for_what_is_not_due() -> None:
    """Nothing is sent before its time; a stop ends the wait."""
    clock, stop = FakeClock(), asyncio.Event()
    workers = SimulatedWorkers(seed=1, start=clock.now(), videos_per_second=0.001, picture_url="http://localhost/p")
    publisher = _Publisher(stop, 1, clock)
    running = asyncio.create_task(Feeding(workers=workers, publisher=publisher, clock=clock).run(stop))
    await asyncio.sleep(0)
    stop.set()
    await running
    assert publisher.sent == []
