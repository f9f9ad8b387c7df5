"""One run: the storm, then the calm in which everything has to come right."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field, frozen

from linkhub_adapters.memory import MemoryEventQueue, MemoryJournal, MemoryProductStore, MemoryStagingStore
from linkhub_adapters.worker import Consumer, Repeater
from linkhub_core.model import ProductKey
from linkhub_core.ports import DeadLetter, DeadLetterQuery, OutgoingMessage
from linkhub_core.use_cases import AssembleBatch, Settlement, Sweep
from tests.simulation.clocks import LoopClock, SimulatedClock
from tests.simulation.messaging import Leases, SimulatedNotifier, SimulatedQueue
from tests.simulation.plan import HOUR, Plan
from tests.simulation.stores import SimulatedProducts, SimulatedStaging
from tests.simulation.wire import Trace, Wire
from tests.simulation.witness import Witness, half_of
from tests.support import virtual_time

__all__ = ["Outcome", "simulate"]

_TRUE_CLOCK = LoopClock()


@frozen
class Outcome:
    """How a run ended: what was broken, the trace where it was wanted, and the virtual time that it took."""

    violations: Sequence[str]
    trace: Sequence[str]
    virtual_seconds: float


def simulate(seed: int, *, traced: bool = False) -> Outcome:
    """Run the world of a seed."""
    return virtual_time.run(_run(seed, Trace(traced)))


async def _run(seed: int, trace: Trace) -> Outcome:
    world = _World.of(Plan.of(seed), trace)
    await world.run()
    return Outcome(world.witness.violations, trace.lines, asyncio.get_running_loop().time())


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
    leases: Leases = field(factory=Leases)

    @classmethod
    def of(cls, plan: Plan, trace: Trace) -> _World:
        queue = MemoryEventQueue(
            clock=_TRUE_CLOCK,
            batch_size=plan.batch_size,
            visibility_timeout_seconds=plan.visibility_seconds,
            wait_seconds=max(1.0, plan.storm_seconds / 50),
            max_receive_count=plan.max_receive_count,
        )
        witness = Witness(plan=plan, products=MemoryProductStore(), staging=MemoryStagingStore(), trace=trace)
        wire = Wire(chance=random.Random(f"chances of {plan.seed}"), weather=plan.weather, trace=trace)
        return cls(plan, wire, queue, witness)

    # --- the course of a run

    async def run(self) -> None:
        """The storm, the calm, a sweep, a redrive, and copies of everything."""
        await self._storm()
        letters = await self._letters()
        if not self.plan.expires:
            self.witness.hold_everything("by redelivery alone", letters, beside=self._left_to_the_sweep(letters))
        await self._sweep_once()
        self.witness.hold_swept("after a sweep")
        await self.queue.redrive(self._wrongly_dead(letters))
        await self._drain()
        self.witness.hold_everything("in the end", await self._letters())
        if not self.plan.expires:
            await self._repeat_everything()

    async def _storm(self) -> None:
        stop = asyncio.Event()
        posting = asyncio.create_task(self._post())
        running = [
            asyncio.create_task(self._keep_running(f"consumer-{number}", self._consume, number, stop))
            for number in range(self.plan.consumers)
        ]
        if self.plan.sweeper_seconds is not None:
            running.append(asyncio.create_task(self._keep_running("sweeper", self._sweep, self.plan.consumers, stop)))
        await asyncio.sleep(self.plan.storm_seconds)
        await posting
        self.wire.calm = True
        self.wire.trace.note("world", "is calm from now on")
        await self._until_empty()
        stop.set()
        await asyncio.gather(*running)

    async def _post(self) -> None:
        for posting in sorted(self.plan.postings, key=lambda posting: posting.at_seconds):
            await asyncio.sleep(posting.at_seconds - asyncio.get_running_loop().time())
            self.witness.saw_posting(posting)
            self.wire.trace.note("world", "posts", posting.kind, posting.body[:80])
            await self.queue.publish([OutgoingMessage(kind=posting.kind, body=posting.body)])

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
        await Sweep(settlement=self._settlement(_Process("operator"), _TRUE_CLOCK))()

    async def _repeat_everything(self) -> None:
        """A copy of every message comes long after: nothing may happen."""
        before = self._state()
        messages = [OutgoingMessage(kind=posting.kind, body=posting.body) for posting in self.plan.postings]
        await self.queue.publish([message for message in messages if self._is_sound(message)])
        await self._drain()
        self.witness.hold(self._state() == before, "copies of what was done long ago changed or announced something")

    def _state(self) -> tuple[object, ...]:
        witness = self.witness
        products, rows = dict(witness.products.rows), {row.half for row in witness.staging.rows.values()}
        return witness.product_writes, witness.announcements, products, rows

    async def _letters(self) -> Sequence[DeadLetter]:
        return [letter async for letter in self.queue.browse(DeadLetterQuery())]

    def _wrongly_dead(self, letters: Sequence[DeadLetter]) -> Sequence[DeadLetter]:
        """Letters that are sound: they came too often in the storm."""
        return [letter for letter in letters if self._is_sound(letter)]

    def _is_sound(self, message: DeadLetter | OutgoingMessage) -> bool:
        half = half_of(message.kind, message.body)
        return half is not None and half.key != self.plan.refused

    def _left_to_the_sweep(self, letters: Sequence[DeadLetter]) -> set[ProductKey]:
        """Products of which a message gave up, or a copy outlived its message: redelivery cannot mend all of them."""
        halves = [half_of(letter.kind, letter.body) for letter in self._wrongly_dead(letters)]
        return self.leases.outlived | {half.key for half in halves if half}

    # --- the processes

    async def _keep_running(self, name: str, life: _Life, number: int, stop: asyncio.Event) -> None:
        """Run a process, and start it anew whenever it died."""
        clock = LoopClock(*self.plan.clocks[number])
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
        settlement = self._settlement(process, clock)
        queue = SimulatedQueue(process, self.wire, self.witness, self.queue, self.leases)
        assemble = AssembleBatch(
            queue=queue, settlement=settlement, staging_ttl=self.plan.staging_ttl, jitter=self.wire.chance.random
        )
        await Consumer(
            queue=queue,
            assemble=assemble,
            journal=settlement.journal,
            heartbeat_seconds=self.plan.heartbeat_seconds,
            max_in_flight=self.plan.max_in_flight,
        ).run(stop)

    async def _sweep(self, process: _Process, clock: LoopClock, stop: asyncio.Event) -> None:
        settlement = self._settlement(process, clock)
        await Repeater(
            activity="sweep",
            action=Sweep(settlement=settlement),
            journal=settlement.journal,
            interval_seconds=max(self.plan.sweeper_seconds or 0.0, self.plan.storm_seconds / 60),
        ).run(stop)

    def _settlement(self, process: _Process, clock: LoopClock) -> Settlement:
        return Settlement(
            products=SimulatedProducts(process, self.wire, self.witness, self.witness.products),
            staging=SimulatedStaging(process, self.wire, self.witness, self.witness.staging, clock),
            notifier=SimulatedNotifier(process, self.wire, self.witness),
            journal=MemoryJournal(),
            clock=SimulatedClock(process, self.wire, clock),
        )
