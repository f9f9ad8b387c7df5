"""The consumer: receives batches, works on several at once, extends their leases, and drains.

Theory of operation. One coroutine receives. Each batch becomes a task, and the next batch is received only while fewer
than ``max_in_flight`` tasks run: the queue itself is the buffer, so memory is bounded. A heartbeat extends the leases
of a batch in work. After the stop a running receive is completed, because a cancelled one could leave leased messages;
its messages are released at once, and running batches are completed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from linkhub_adapters.runtime.waiting import Backoff, stopped_within
from linkhub_core.ports import Delivery, EventQueue, Journal


@define(kw_only=True)
class Consumer:
    """Passes batches from a queue to a use case.

    Args:
        queue: where messages come from.
        assemble: works on one batch, see :class:`~linkhub_core.application.AssembleBatch`.
        journal: gets an entry for each failure.
        heartbeat_seconds: the time between two lease extensions; a third of the queue's visibility time-out.
        max_in_flight: how many batches are in work at once.
        received: is called with each batch before it is worked on. It must not raise.
    """

    queue: EventQueue
    assemble: Callable[[Sequence[Delivery]], Awaitable[None]]
    journal: Journal
    heartbeat_seconds: float
    max_in_flight: int = 4
    received: Callable[[Sequence[Delivery]], None] = lambda _: None
    _receiving: Backoff = field(init=False)
    _working: Backoff = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._receiving = Backoff(activity="receive", journal=self.journal)
        self._working = Backoff(activity="assemble", journal=self.journal)

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set, then complete running batches.

        If it is cancelled, running batches are abandoned; their messages are delivered again after their leases.
        """
        room = asyncio.Semaphore(self.max_in_flight)
        async with asyncio.TaskGroup() as work:
            while not stop.is_set():
                await room.acquire()
                deliveries = await self._receive(stop)
                if not deliveries:
                    room.release()
                    continue
                self.received(deliveries)
                work.create_task(self._work(deliveries, stop)).add_done_callback(lambda _: room.release())

    async def _receive(self, stop: asyncio.Event) -> Sequence[Delivery]:
        if stop.is_set():
            return []
        try:
            deliveries = await self.queue.receive()
            if deliveries and stop.is_set():
                await self.queue.release(deliveries, 0)
                return []
        except Exception as error:  # noqa: BLE001  the loop survives any failure of the queue
            await self._receiving.failed(error, stop)
            return []
        self._receiving.succeeded()
        return deliveries

    async def _work(self, deliveries: Sequence[Delivery], stop: asyncio.Event) -> None:
        heartbeat = asyncio.create_task(self._keep_alive(deliveries))
        try:
            await self.assemble(deliveries)
        except Exception as error:  # noqa: BLE001  after their leases the messages are delivered again
            await self._working.failed(error, stop)
        else:
            self._working.succeeded()
        finally:
            heartbeat.cancel()

    async def _keep_alive(self, deliveries: Sequence[Delivery]) -> None:
        backoff = Backoff(activity="extend", journal=self.journal)
        never = asyncio.Event()
        while not await stopped_within(never, self.heartbeat_seconds):
            try:
                await self.queue.extend(deliveries)
            except Exception as error:  # noqa: BLE001  the next heartbeat tries again
                await backoff.failed(error, never)
