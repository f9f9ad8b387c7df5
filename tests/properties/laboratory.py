"""The use cases on the ports of one technology, and processes that can be made to die at any call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import Any, cast

from attrs import define, field, frozen

from linkhub_core.application import AssembleBatch, Completion, Sweep
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import DeadLetters, Delivery, EventPublisher, EventQueue, Notifier, ProductStore, StagingStore
from linkhub_core.testing.fakes import FakeClock, MemoryJournal

__all__ = ["Crash", "Fuse", "Laboratory", "Worker"]

STAGING_TTL = timedelta(days=1)


class Crash(BaseException):
    """The process is no more: not an error that anything may catch and mend."""


@define
class Fuse:
    """Lets ``calls`` calls pass, and kills the process at the next, before its effect or ``after`` it; None: never."""

    calls: int | None = None
    after: bool = False
    is_dead: bool = field(default=False, init=False)

    async def around(self, call: Callable[[], Any]) -> Any:
        """Make a call of the process, unless it is dead.

        Raises:
            Crash: it is, or dies of this very call.
        """
        if self.is_dead:
            raise Crash
        if self.calls == 0:
            self.is_dead = True
            if self.after:
                await call()
            raise Crash
        self.calls = None if self.calls is None else self.calls - 1
        return await call()


@frozen
class _Mortal:
    """A port in the hands of a process that dies when its ``fuse`` says so."""

    inner: Any
    fuse: Fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if not iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            return await self.fuse.around(lambda: method(*arguments, **options))

        return call


@define
class Notes:
    """What left the system: messages acknowledged, and announcements."""

    acknowledged: list[Delivery] = field(factory=list)
    announced: list[Announcement] = field(factory=list)

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """Take announcements, as a notifier."""
        self.announced += announcements


@frozen
class _NotedQueue:
    """A queue that notes what it was asked to delete."""

    inner: EventQueue
    notes: Notes

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.notes.acknowledged += deliveries
        await self.inner.acknowledge(deliveries)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@frozen(kw_only=True)
class Laboratory:
    """Opened ports; ``seller_handle`` is nobody else's, so that tables may be shared."""

    clock: FakeClock
    queue: EventQueue
    publisher: EventPublisher
    letters: DeadLetters
    products: ProductStore
    staging: StagingStore
    seller_handle: str
    close: Callable[[], None]
    notes: Notes = field(factory=Notes, init=False)

    def worker(self, fuse: Fuse | None = None) -> Worker:
        """A process, whole until its fuse has burnt down."""
        burning = fuse or Fuse()

        def mortal(port: object) -> Any:
            return _Mortal(port, burning)

        completion = Completion(
            products=cast(ProductStore, mortal(self.products)),
            staging=cast(StagingStore, mortal(self.staging)),
            notifier=cast(Notifier, mortal(self.notes)),
            journal=MemoryJournal(),
            clock=self.clock,
        )
        queue = cast(EventQueue, mortal(_NotedQueue(self.queue, self.notes)))
        assemble = AssembleBatch(queue=queue, completion=completion, staging_ttl=STAGING_TTL, jitter=lambda: 0.0)
        return Worker(queue=queue, assemble=assemble, sweep=Sweep(completion=completion))


@frozen(kw_only=True)
class Worker:
    """One process: a batch at a time, or a sweep. A crash ends it, and nobody hears of that."""

    queue: EventQueue
    assemble: AssembleBatch
    sweep: Sweep

    async def work(self) -> int:
        """Receive one batch and assemble it; give how many messages it had."""
        try:
            deliveries = await self.queue.receive()
            await self.assemble(deliveries)
        except Crash:
            return 0
        return len(deliveries)

    async def tidy(self) -> None:
        """Sweep once."""
        try:
            await self.sweep()
        except Crash:
            return
