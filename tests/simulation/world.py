"""One run: the storm, then the calm in which everything has to come right."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import cast

from attrs import define, field, frozen

from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore, MemoryStagingStore
from linkhub_adapters.runtime import Consumer, Repeater
from linkhub_core.application import Adopt, AssembleBatch, Completion, Sweep
from linkhub_core.errors import LinkhubError
from linkhub_core.model import (
    OLDER_THAN_ANY_EVENT,
    Caption,
    Origin,
    ProductKey,
    ProductRecord,
    ThumbnailSet,
    WaitingHalf,
)
from linkhub_core.ports import DeadLetter, DeadLetterQuery, OutgoingMessage, Unreadable
from linkhub_core.testing.fakes import MemoryJournal
from tests.simulation.audience import Audience
from tests.simulation.clocks import LoopClock, SimulatedClock
from tests.simulation.messaging import Leases, SimulatedNotifier, SimulatedQueue
from tests.simulation.plan import BEGINNING, HOUR, Deletion, ForeignRow, Plan, Spoilt
from tests.simulation.stores import SimulatedProducts, staging_of
from tests.simulation.story import Story, half_text, product_text, row_text
from tests.simulation.wire import Wire
from tests.simulation.witness import Witness, half_of
from tests.support import virtual_time

__all__ = ["Outcome", "simulate", "simulate_plan"]

_TRUE_CLOCK = LoopClock()


@frozen
class Outcome:
    """How a run ended: what was broken, the story if it was wanted, and the virtual time that it took."""

    violations: Sequence[str]
    story: Sequence[str]
    virtual_seconds: float


def simulate(seed: int, *, told: bool = False) -> Outcome:
    """Run the world of a seed."""
    return simulate_plan(Plan.of(seed), told=told)


def simulate_plan(plan: Plan, *, told: bool = False) -> Outcome:
    """Run the world of a plan."""
    return virtual_time.run(_run(plan, Story(told)))


async def _run(plan: Plan, story: Story) -> Outcome:
    world = _World.of(plan, story)
    await world.run()
    return Outcome(world.witness.violations, story.lines, asyncio.get_running_loop().time())


@define(eq=False)
class _Process:
    """A process from its start to its end; it dies by never doing anything again."""

    name: str
    alive: bool = True
    task: asyncio.Task[None] | None = None

    def die(self) -> None:
        """See the wire."""
        self.alive = False
        if self.task is not None:
            self.task.cancel()


_Life = Callable[[_Process, LoopClock, asyncio.Event], Awaitable[None]]


@define(eq=False)
class _World:
    plan: Plan
    wire: Wire
    queue: MemoryEventQueue
    witness: Witness
    audience: Audience | None
    leases: Leases = field(factory=Leases)
    sent: int = 0

    @classmethod
    def of(cls, plan: Plan, story: Story) -> _World:
        queue = MemoryEventQueue(
            clock=_TRUE_CLOCK,
            batch_size=plan.batch_size,
            visibility_timeout_seconds=plan.visibility_seconds,
            wait_seconds=max(1.0, plan.storm_seconds / 25),
            max_receive_count=plan.max_receive_count,
        )
        witness = Witness(plan=plan, products=MemoryProductStore(), staging=MemoryStagingStore(), story=story)
        wire = Wire(chance=random.Random(f"chances of {plan.seed}"), weather=plan.weather, story=story)
        if plan.spoilt is not None:
            table, key = plan.spoilt
            store = witness.products if table is Spoilt.PRODUCTS else witness.staging
            store.unreadable[key] = Unreadable(
                seller_handle=key.seller_handle, video_id=key.video_id, problem="another program wrote it"
            )
        if plan.foreign is not None:
            _put_foreign(plan.foreign, witness)
        return cls(plan, wire, queue, witness, Audience.of(plan, witness) if plan.audience else None)

    # --- the course of a run

    async def run(self) -> None:
        """The storm, the calm, a sweep, a redrive, and copies of everything."""
        await self._storm()
        letters = await self._letters()
        if not self.plan.expires:
            self.witness.hold_everything("by redelivery alone", letters, beside=self._left_to_the_sweep(letters))
        await self._sweep_once()
        self.witness.hold_swept("after a sweep")
        if self.witness.violations:
            return  # what comes of a broken world is no news
        await self.queue.redrive(self._wrongly_dead(letters))
        await self._drain()
        await self._sweep_once()
        await self._adopt_the_rest()
        self.witness.hold_everything("in the end", await self._letters())
        if self.audience is not None:
            await self.audience.settle()
            self.audience.hold_pages("in the end")
        if not self.plan.expires and not self.plan.deletions:
            await self._repeat_everything()

    async def _storm(self) -> None:
        stop = asyncio.Event()
        happening = [asyncio.create_task(one) for one in (self._post(), self._delete(), self._redrive(), self._adopt())]
        if self.audience is not None:
            happening.append(asyncio.create_task(self.audience.visit()))
        vanishing = asyncio.create_task(self._vanish())
        running = [
            asyncio.create_task(self._keep_running(f"consumer-{number}", self._consume, number, stop))
            for number in range(self.plan.consumers)
        ]
        if self.plan.sweeper_seconds is not None:
            running.append(asyncio.create_task(self._keep_running("sweeper", self._sweep, self.plan.consumers, stop)))
        await asyncio.sleep(self.plan.storm_seconds)
        await asyncio.gather(*happening)
        vanishing.cancel()
        self.wire.calm = True
        self.wire.story.tell("From now on", "all is calm")
        await self._until_empty()
        stop.set()
        await asyncio.gather(*running)

    async def _post(self) -> None:
        for posting in sorted(self.plan.postings, key=lambda posting: posting.at_seconds):
            await _until(posting.at_seconds)
            self.witness.saw_posting(posting, _TRUE_CLOCK.now())
            half = half_of(posting.kind, posting.body, _TRUE_CLOCK.now())
            what = half_text(half) if half else f"{posting.body[:60]!r} on the {posting.kind} queue"
            self.wire.story.tell("A worker", f"sends message {self._next_id()}: {what}")
            await self.queue.publish([OutgoingMessage(kind=posting.kind, body=posting.body)])

    def _next_id(self) -> str:
        self.sent += 1
        return f"m{self.sent}"

    async def _delete(self) -> None:
        """An operator deletes products by hand."""
        deletions: list[Deletion] = sorted(self.plan.deletions, key=lambda deletion: deletion.at_seconds)
        for deletion in deletions:
            await _until(deletion.at_seconds)
            record = self.witness.products.rows.pop(deletion.key, None)
            if record is not None:
                self.wire.story.tell("An operator", f"deletes {product_text(record)} by hand")
                self.witness.saw_deletion(record)

    async def _redrive(self) -> None:
        """An operator puts letters back that are sound."""
        for at_seconds in sorted(self.plan.redrives):
            await _until(at_seconds)
            letters = self._wrongly_dead(await self._letters())
            if count := await self.queue.redrive(letters):
                self.sent += count
                self.wire.story.tell("An operator", f"redrives {', '.join(letter.letter_id for letter in letters)}")

    async def _adopt(self) -> None:
        """An operator adopts the rows of another service; the process may die."""
        for at_seconds in sorted(self.plan.adoptions):
            await _until(at_seconds)
            process = _Process("The adoption")
            adopt = Adopt(sweep=Sweep(completion=self._settlement(process, _TRUE_CLOCK)))
            process.task = asyncio.ensure_future(_unless_away(adopt))
            await asyncio.wait([process.task])
            if not process.task.cancelled():
                process.task.result()

    async def _adopt_the_rest(self) -> None:
        """When all is done, adoption leaves no row of another service."""
        if self.plan.foreign is not None:
            await Adopt(sweep=Sweep(completion=self._settlement(_Process("The last adoption"), _TRUE_CLOCK)))()
            self.witness.hold_adopted()

    async def _vanish(self) -> None:
        """Rows past their time vanish, as those of a table with a time to live do."""
        rows = self.witness.staging.rows
        while self.plan.vanishing:
            await asyncio.sleep(1.0)
            for key, row in list(rows.items()):
                if row.expired(_TRUE_CLOCK.now()) and self.wire.chance.random() < 0.5:
                    del rows[key]
                    self.wire.story.tell("The time to live", f"removes {row_text(row)}")
                    self.witness.saw_expiry(row)
                    self.witness.saw_row_change(key, row)

    async def _drain(self) -> None:
        """Let healthy consumers finish what is in the queues."""
        stop = asyncio.Event()
        running = asyncio.create_task(self._keep_running("last", self._consume, 0, stop))
        await self._until_empty()
        stop.set()
        await running

    async def _until_empty(self) -> None:
        deadline = asyncio.get_running_loop().time() + 24 * HOUR
        while sum(self.queue.depth.values()) and not self.witness.violations:
            await asyncio.sleep(2.0)
            self.witness.hold(asyncio.get_running_loop().time() < deadline, "the queues do not drain")

    async def _sweep_once(self) -> None:
        try:
            await Sweep(completion=self._settlement(_Process("The operator's sweep"), _TRUE_CLOCK))()
        except LinkhubError as error:
            self.witness.hold(False, f"a sweep ends with {error}")

    async def _repeat_everything(self) -> None:
        """A copy of every message comes long after: nothing may happen.

        A message whose stamp was ahead of its sending is left out, unless it is the newest: sent again, it is newer.
        """
        before = self._state()
        for posting in self.plan.postings:
            half = half_of(posting.kind, posting.body, _TRUE_CLOCK.now())
            if half is None or not self.plan.may_be_stored(half.key):
                continue
            newest = self.witness.newest_of(half.key, half.kind)
            if half.version.stamped_us == half.version.counted_us and newest is not None:
                is_harmless = half.version <= newest.version or half.content == newest.content
            else:
                is_harmless = newest is not None and half.content == newest.content
            if is_harmless:
                await self.queue.publish([OutgoingMessage(kind=posting.kind, body=posting.body)])
        await self._drain()
        self.witness.hold(self._state() == before, "copies of what was done long ago changed or announced something")

    def _state(self) -> tuple[object, ...]:
        """All that readers see, and what was written and announced for it; versions may move silently."""
        witness = self.witness
        products = {
            (key, record.revision, record.caption, record.thumbnails, record.created_at, record.updated_at)
            for key, record in witness.products.rows.items()
        }
        rows = {(key, row.half.kind, row.half.content) for key, row in witness.staging.rows.items()}
        return witness.product_writes, witness.announcements, products, rows

    async def _letters(self) -> Sequence[DeadLetter]:
        return [letter async for letter in self.queue.browse(DeadLetterQuery())]

    def _wrongly_dead(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        """Letters that are sound: they came too often in the storm."""
        halves = [(letter, half_of(letter.kind, letter.body, letter.first_sent_at)) for letter in letters]
        return [letter for letter, half in halves if half is not None and self.plan.may_be_stored(half.key)]

    def _left_to_the_sweep(self, letters: Sequence[DeadLetter]) -> set[ProductKey]:
        """Products that redelivery alone may not complete.

        A message of theirs gave up, or a copy outlived its message, or no message was about them.
        """
        halves = [half_of(letter.kind, letter.body, letter.first_sent_at) for letter in letters]
        untold = {self.plan.foreign.key} if self.plan.foreign is not None else set()
        return self.leases.outlived | {half.key for half in halves if half} | untold

    # --- the processes

    async def _keep_running(self, name: str, life: _Life, number: int, stop: asyncio.Event) -> None:
        """Run a process, and start it anew whenever it died."""
        clock = LoopClock(self.plan.clocks[number])
        generation = 0
        while not stop.is_set():
            generation += 1
            process = _Process(f"{name}.{generation}")
            process.task = asyncio.ensure_future(life(process, clock, stop))
            await asyncio.wait([process.task])
            if not process.task.cancelled():
                process.task.result()
            await asyncio.sleep(self.wire.chance.expovariate(2.0))

    async def _consume(self, process: _Process, clock: LoopClock, stop: asyncio.Event) -> None:
        completion = self._settlement(process, clock)
        queue = SimulatedQueue(process, self.wire, self.witness, self.queue, self.leases)
        assemble = AssembleBatch(
            queue=queue, completion=completion, staging_ttl=self.plan.staging_ttl, jitter=self.wire.chance.random
        )
        await Consumer(
            queue=queue,
            assemble=assemble,
            journal=completion.journal,
            heartbeat_seconds=self.plan.heartbeat_seconds,
            max_in_flight=self.plan.max_in_flight,
        ).run(stop)

    async def _sweep(self, process: _Process, clock: LoopClock, stop: asyncio.Event) -> None:
        completion = self._settlement(process, clock)
        await Repeater(
            activity="sweep",
            action=Sweep(completion=completion),
            journal=completion.journal,
            interval_seconds=max(self.plan.sweeper_seconds or 0.0, self.plan.storm_seconds / 60),
        ).run(stop)

    def _settlement(self, process: _Process, clock: LoopClock) -> Completion:
        return Completion(
            products=SimulatedProducts(process, self.wire, self.witness, self.witness.products),
            staging=staging_of(process, self.wire, self.witness, self.witness.staging),
            notifier=SimulatedNotifier(process, self.wire, self.witness),
            journal=MemoryJournal(),
            clock=SimulatedClock(process, self.wire, self.witness, clock),
        )


def _put_foreign(foreign: ForeignRow, witness: Witness) -> None:
    """What another service left: its halves were acknowledged, and its products were shown."""
    halves = [half for kind, body in foreign.events if (half := half_of(kind, body, BEGINNING)) is not None]
    if not foreign.is_product:
        first, *rest = halves
        row = WaitingHalf(
            half=first,
            other=rest[0] if rest else None,
            origin=Origin(correlation_id=""),
            waiting_since=BEGINNING,
            expires_at=BEGINNING + timedelta(days=1),
            is_foreign=True,
        )
        witness.staging.rows[foreign.key] = row
        witness.saw_foreign_row(row)
        return
    caption, thumbnails = (half.content for half in halves)
    record = ProductRecord(
        key=foreign.key,
        caption=cast(Caption, caption),
        caption_version=OLDER_THAN_ANY_EVENT,
        thumbnails=cast(ThumbnailSet, thumbnails),
        thumbnails_version=OLDER_THAN_ANY_EVENT,
        created_at=BEGINNING - timedelta(hours=1),
        updated_at=BEGINNING - timedelta(hours=1),
        revision=0,
        shown=True,
    )
    witness.products.rows[foreign.key] = record
    witness.saw_foreign_product(record)


async def _unless_away(adopt: Adopt) -> None:
    with contextlib.suppress(LinkhubError):  # the operator runs it again
        await adopt()


async def _until(at_seconds: float) -> None:
    await asyncio.sleep(at_seconds - asyncio.get_running_loop().time())
