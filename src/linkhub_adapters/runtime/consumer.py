"""The consumer: receives, works on several batches at once, keeps their leases alive, and drains.

Theory of operation. One coroutine receives; each batch becomes a task, ``max_in_flight`` at most, and only when there
is room is the next batch received: the queue itself is the buffer, so memory is bounded whatever the load. While a
batch is in work, a heartbeat extends its leases. When ``stop`` is set, a receive that is under way is let finish
(cancelling it could leave leased messages nobody knows of), what it brought is given back at once, and work in hand is
finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from linkhub_adapters.runtime.backoff import Backoff, stopped_within
from linkhub_core.ports import Delivery, EventQueue, Journal

__all__ = ["Consumer"]


@define(kw_only=True)
class Consumer:
    """Feeds batches from a queue to a use case until it is stopped.

    ``assemble`` works on one batch (:class:`~linkhub_core.application.AssembleBatch`). ``heartbeat_seconds`` should be
    a third of the queue's visibility time-out. ``max_in_flight`` batches are in work at once.
    """

    queue: EventQueue
    assemble: Callable[[Sequence[Delivery]], Awaitable[None]]
    journal: Journal
    heartbeat_seconds: float
    max_in_flight: int = 4
    _receiving: Backoff = field(init=False)
    _working: Backoff = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._receiving = Backoff(activity="receive", journal=self.journal)
        self._working = Backoff(activity="assemble", journal=self.journal)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set, then finish what is in hand.

        Cancelling this coroutine abandons work in hand; its messages are delivered again when their leases run out.
        """
        room = asyncio.Semaphore(self.max_in_flight)
        async with asyncio.TaskGroup() as work:
            while not stop.is_set():
                await room.acquire()
                deliveries = await self._receive(stop)
                if not deliveries:
                    room.release()
                    continue
                work.create_task(self._work(deliveries, stop)).add_done_callback(lambda _: room.release())

    async def _receive(self, stop: asyncio.Event) -> Sequence[Delivery]:
        if stop.is_set():
            return []
        try:
            deliveries = await self.queue.receive()
            if deliveries and stop.is_set():
                await self.queue.release(deliveries, 0)
                return []
        except Exception as error:  # noqa: BLE001  the loop outlives whatever a queue does
            await self._receiving.failed(error, stop)
            return []
        self._receiving.succeeded()
        return deliveries

    async def _work(self, deliveries: Sequence[Delivery], stop: asyncio.Event) -> None:
        heartbeat = asyncio.create_task(self._keep_alive(deliveries))
        try:
            await self.assemble(deliveries)
        except Exception as error:  # noqa: BLE001  the leases run out, the messages come again
            await self._working.failed(error, stop)
        else:
            self._working.succeeded()
        finally:
            heartbeat.cancel()

    async def _keep_alive(self, deliveries: Sequence[Delivery]) -> None:
        patience = Backoff(activity="extend", journal=self.journal)
        never = asyncio.Event()
        while not await stopped_within(never, self.heartbeat_seconds):
            try:
                await self.queue.extend(deliveries)
            except Exception as error:  # noqa: BLE001  the next beat tries again
                await patience.failed(error, never)
