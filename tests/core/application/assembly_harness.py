"""An assembly line in memory: the use cases wired to the reference adapters, with any port replaced by a test's own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from attrs import define, field

from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore, MemoryStagingStore
from linkhub_core.application import AssembleBatch, Completion, Sweep
from linkhub_core.model import Kind
from linkhub_core.ports import (
    DeadLetter,
    DeadLetterQuery,
    Delivery,
    EventQueue,
    Notifier,
    OutgoingMessage,
    ProductStore,
    StagingStore,
)
from linkhub_core.testing.builders import an_outgoing
from linkhub_core.testing.fakes import FakeClock, MemoryJournal, RecordingNotifier


@define(eq=False, kw_only=True)
class AssemblyHarness:
    """``products``, ``staging``, ``queue`` and ``notifier`` are what the use cases see; beneath them lies memory."""

    clock: FakeClock = field(factory=FakeClock)
    journal: MemoryJournal = field(factory=MemoryJournal)
    rows: MemoryStagingStore = field(factory=MemoryStagingStore)
    stored: MemoryProductStore = field(factory=MemoryProductStore)
    heard: RecordingNotifier = field(factory=RecordingNotifier)
    messages: MemoryEventQueue = field()
    products: ProductStore = field()
    staging: StagingStore = field()
    notifier: Notifier = field()
    queue: EventQueue = field()

    @messages.default
    def _messages(self) -> MemoryEventQueue:
        return MemoryEventQueue(clock=self.clock, receive_wait_seconds=0)

    @products.default
    def _products(self) -> ProductStore:
        return self.stored

    @staging.default
    def _staging(self) -> StagingStore:
        return self.rows

    @notifier.default
    def _notifier(self) -> Notifier:
        return self.heard

    @queue.default
    def _queue(self) -> EventQueue:
        return self.messages

    @property
    def completion(self) -> Completion:
        """Steps 3 to 5 on this line."""
        return Completion(
            products=self.products,
            staging=self.staging,
            notifier=self.notifier,
            journal=self.journal,
            clock=self.clock,
        )

    @property
    def assemble(self) -> AssembleBatch:
        """The use case on this line; its jitter is none."""
        return AssembleBatch(
            queue=self.queue,
            products=self.products,
            staging=self.staging,
            notifier=self.notifier,
            journal=self.journal,
            clock=self.clock,
            staging_ttl=timedelta(days=1),
            jitter=lambda: 0.0,
        )

    @property
    def sweep(self) -> Sweep:
        """The sweep of this line."""
        return Sweep(
            products=self.products,
            staging=self.staging,
            notifier=self.notifier,
            journal=self.journal,
            clock=self.clock,
        )

    async def post(self, *messages: OutgoingMessage) -> None:
        """Put messages on the queues."""
        await self.messages.publish(messages)

    async def post_event(self, kind: Kind, **fields: Any) -> None:
        """Put a sound event on its queue."""
        await self.post(an_outgoing(kind, **fields))

    async def turn(self) -> Sequence[Delivery]:
        """Receive one batch and assemble it."""
        deliveries = await self.queue.receive()
        await self.assemble(deliveries)
        return deliveries

    async def letters(self) -> Sequence[DeadLetter]:
        """The dead letters."""
        return [letter async for letter in self.messages.browse(DeadLetterQuery())]

    @property
    def left(self) -> int:
        """How many messages are still on the queues."""
        return sum(self.messages.depth.values())
