"""The use cases on the ports of one technology, and processes that can be made to die at any call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import Any, cast

from attrs import define, field, frozen

from linkhub_core.application import AssembleBatch, Sweep
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.half_report import HalfReport
from linkhub_core.ports import DeadLetters, Delivery, EventPublisher, EventQueue, ProductStore, StagingStore
from linkhub_core.testing.fakes import FakeClock, MemoryJournal

STAGING_TTL = timedelta(days=1)


class Crash(BaseException):
    """The process is no more: not an error that anything may catch and mend."""


@define
class CrashPoint:
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
class CrashingPort:
    """A port in the hands of a process that dies when its ``crash_point`` says so."""

    inner: Any
    crash_point: CrashPoint

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if not iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            return await self.crash_point.around(lambda: method(*arguments, **options))

        return call


@define
class Effects:
    """The effects outside: acknowledged messages, and announcements."""

    acknowledged: list[Delivery] = field(factory=list)
    announced: list[Announcement] = field(factory=list)

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """Take announcements, as a notifier."""
        self.announced += announcements

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """Take reports, as a notifier."""


@frozen
class _NotedQueue:
    """A queue that notes what it was asked to delete."""

    inner: EventQueue
    effects: Effects

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        self.effects.acknowledged += deliveries
        await self.inner.acknowledge(deliveries)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@frozen(kw_only=True)
class ProtocolHarness:
    """Opened ports; ``seller_handle`` is unique, so that tables may be shared."""

    clock: FakeClock
    queue: EventQueue
    publisher: EventPublisher
    letters: DeadLetters
    products: ProductStore
    staging: StagingStore
    seller_handle: str
    close: Callable[[], None]
    effects: Effects = field(factory=Effects, init=False)

    def worker(self, crash_point: CrashPoint | None = None) -> Worker:
        """A process, whole until its fuse has burnt down."""
        point = crash_point or CrashPoint()

        def crashing(port: object) -> Any:
            return CrashingPort(port, point)

        queue = cast(EventQueue, crashing(_NotedQueue(self.queue, self.effects)))
        ports: dict[str, Any] = {
            "products": crashing(self.products),
            "staging": crashing(self.staging),
            "notifier": crashing(self.effects),
            "journal": MemoryJournal(),
            "clock": self.clock,
        }
        assemble = AssembleBatch(queue=queue, staging_ttl=STAGING_TTL, jitter=lambda: 0.0, **ports)
        return Worker(queue=queue, assemble=assemble, sweep=Sweep(**ports))


@frozen(kw_only=True)
class Worker:
    """One process: a batch at a time, or a sweep. A crash ends it without a trace."""

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

    async def sweep_once(self) -> None:
        """Sweep once."""
        try:
            await self.sweep()
        except Crash:
            return
