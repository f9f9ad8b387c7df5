"""One run: a phase with faults, then a phase without them, after which every guarantee must hold."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from attrs import define, field, frozen

from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore, MemoryQueueContents, MemoryStagingStore
from linkhub_adapters.runtime import Consumer, Repeater
from linkhub_core.application import Adopt, AssembleBatch, ImportAll, SetListing, Sweep
from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model import (
    OLDER_THAN_ANY_EVENT,
    Caption,
    Origin,
    ProductKey,
    ProductRecord,
    ThumbnailSet,
    WaitingHalf,
)
from linkhub_core.ports import DeadLetter, DeadLetterQuery, OutgoingMessage, ProductStore, Unreadable
from linkhub_core.testing.fakes import MemoryJournal
from tests.simulation.clocks import LoopClock, SimulatedClock
from tests.simulation.cursor_clients import CursorClients
from tests.simulation.importing import exported_lines, exported_products, exported_rows
from tests.simulation.invariant_checker import InvariantChecker, half_of
from tests.simulation.messaging import Leases, SimulatedNotifier, SimulatedQueue
from tests.simulation.network import Network
from tests.simulation.plan import (
    BEGINNING,
    HOUR,
    Deletion,
    ForeignRow,
    ImportCall,
    ListingCall,
    Plan,
    Positions,
    UnreadableRow,
)
from tests.simulation.realtime_clients import RealtimeClients
from tests.simulation.run_log import RunLog, half_text, listing_text, product_text, row_text
from tests.simulation.stamped_store import StampedProductStore, Stamps
from tests.simulation.stores import SimulatedProducts, staging_of
from tests.support import virtual_time

T = TypeVar("T")

_TRUE_CLOCK = LoopClock()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class Outcome:
    """The result of a run: the broken rules, the log if it was wanted, and the virtual time."""

    violations: Sequence[str]
    log: Sequence[str]
    virtual_seconds: float


def simulate(seed: int, *, logged: bool = False) -> Outcome:
    """Run the plan of a seed."""
    return simulate_plan(Plan.of(seed), logged=logged)


def simulate_plan(plan: Plan, *, logged: bool = False) -> Outcome:
    """Run a plan."""
    return virtual_time.run(_run(plan, RunLog(logged)))


async def _run(plan: Plan, log: RunLog) -> Outcome:
    world = _World.of(plan, log)
    await world.run()
    return Outcome(world.checker.violations, log.lines, asyncio.get_running_loop().time())


@define(eq=False)
class _Process:
    """A process from its start to its end."""

    name: str
    alive: bool = True
    task: asyncio.Task[None] | None = None

    def die(self) -> None:
        """See the network."""
        self.alive = False
        if self.task is not None:
            self.task.cancel()


_Role = Callable[[_Process, LoopClock, asyncio.Event], Awaitable[None]]


@define(eq=False)
class _World:
    plan: Plan
    network: Network
    queue: MemoryEventQueue
    checker: InvariantChecker
    realtime: RealtimeClients | None
    cursor_clients: CursorClients | None = None
    leases: Leases = field(factory=Leases)
    stamps: Stamps = field(factory=Stamps)
    clock_errors: random.Random = field(init=False)
    sent: int = 0
    unpaid: set[ProductKey] = field(factory=set)

    @classmethod
    def of(cls, plan: Plan, log: RunLog) -> _World:
        queue = MemoryEventQueue(
            clock=_TRUE_CLOCK,
            batch_size=plan.batch_size,
            visibility_timeout_seconds=plan.visibility_seconds,
            receive_wait_seconds=max(1.0, plan.fault_seconds / 25),
            max_receive_count=plan.max_receive_count,
        )
        checker = InvariantChecker(
            plan=plan, products=MemoryProductStore(store_id="numbered"), staging=MemoryStagingStore(), log=log
        )
        network = Network(chance=random.Random(f"chances of {plan.seed}"), fault_rates=plan.fault_rates, log=log)
        if plan.unreadable_row is not None:
            table, key = plan.unreadable_row
            store = checker.products if table is UnreadableRow.PRODUCTS else checker.staging
            store.unreadable[key] = Unreadable(
                seller_handle=key.seller_handle, video_id=key.video_id, problem="another program wrote it"
            )
        if plan.foreign is not None:
            _put_foreign(plan.foreign, checker)
        realtime = RealtimeClients.of(plan, checker) if plan.realtime else None
        world = cls(plan, network, queue, checker, realtime)
        if plan.positions is not None:
            world.cursor_clients = CursorClients.of(plan, checker, world._store_opener())
        return world

    def _store_opener(self) -> Callable[[], ProductStore]:
        """Opens the product store for one call of a new process, whose estimate of the store's time has its own error.

        Every estimate is wrong by up to a second; the process keeps its error.
        """
        products = self.checker.products
        if self.plan.positions is not Positions.STAMPS:
            return lambda: products
        error_ms = self.clock_errors.randint(-1_000, 1_000)
        renewed: set[tuple[ProductKey, int]] = set()

        def open_store() -> ProductStore:
            now_ms = (_TRUE_CLOCK.now() - _EPOCH) // timedelta(milliseconds=1) + error_ms
            return StampedProductStore(products, self.stamps, now_ms, renewed)

        return open_store

    @clock_errors.default
    def _draw_clock_errors(self) -> random.Random:
        return random.Random(f"clock errors of {self.plan.seed}")

    # --- the course of a run

    async def run(self) -> None:
        """Faults, then none, a sweep, a redrive, and copies of all messages."""
        await self._fault_phase()
        letters = await self._letters()
        if not self.plan.expires:
            self.checker.hold_everything("by redelivery alone", letters, beside=self._left_to_the_sweep(letters))
        await self._sweep_once()
        self.checker.hold_swept("after a sweep")
        if self.checker.violations:
            return  # later violations would only follow from these
        await self.queue.redrive(self._wrongly_dead(letters))
        await self._drain()
        await self._sweep_once()
        await self._adopt_the_rest()
        self.checker.hold_everything("in the end", await self._letters())
        if self.realtime is not None:
            await self.realtime.settle()
            self.realtime.hold_pages("in the end")
        if self.cursor_clients is not None:
            await self.cursor_clients.hold_content("in the end")
        if not self.plan.expires and not self.plan.deletions:
            await self._repeat_everything()

    async def _fault_phase(self) -> None:
        stop = asyncio.Event()
        happening = [
            asyncio.create_task(one)
            for one in (
                self._post(),
                self._delete(),
                self._redrive(),
                self._adopt(),
                *map(self._set_listing, self.plan.listings),
                *map(self._import, self.plan.imports),
            )
        ]
        if self.realtime is not None:
            happening.append(asyncio.create_task(self.realtime.visit()))
        if self.cursor_clients is not None:
            happening.append(asyncio.create_task(self.cursor_clients.run()))
        vanishing = asyncio.create_task(self._vanish())
        running = [
            asyncio.create_task(self._keep_running(f"consumer-{number}", self._consume, number, stop))
            for number in range(self.plan.consumers)
        ]
        if self.plan.sweeper_seconds is not None:
            running.append(asyncio.create_task(self._keep_running("sweeper", self._sweep, self.plan.consumers, stop)))
        await asyncio.sleep(self.plan.fault_seconds)
        await asyncio.gather(*happening)
        vanishing.cancel()
        self.network.is_healed = True
        self.network.log.tell("From now on", "no fault happens")
        for call in self.plan.imports:
            await self._import_once(call)
        await self._until_empty()
        stop.set()
        await asyncio.gather(*running)

    async def _post(self) -> None:
        for publication in sorted(self.plan.publications, key=lambda publication: publication.at_seconds):
            await _until(publication.at_seconds)
            self.checker.saw_publication(publication, _TRUE_CLOCK.now())
            half = half_of(publication.kind, publication.body, _TRUE_CLOCK.now())
            what = half_text(half) if half else f"{publication.body[:60]!r} on the {publication.kind} queue"
            self.network.log.tell("A worker", f"sends message {self._next_id()}: {what}")
            await self.queue.publish([OutgoingMessage(kind=publication.kind, body=publication.body)])

    def _next_id(self) -> str:
        self.sent += 1
        return f"m{self.sent}"

    async def _delete(self) -> None:
        """An operator deletes products by hand."""
        deletions: list[Deletion] = sorted(self.plan.deletions, key=lambda deletion: deletion.at_seconds)
        for deletion in deletions:
            await _until(deletion.at_seconds)
            record = self.checker.products.rows.pop(deletion.key, None)
            if record is not None:
                self.network.log.tell("An operator", f"deletes {product_text(record)} by hand")
                self.checker.saw_deletion(record)

    async def _set_listing(self, call: ListingCall) -> None:
        """An operator changes a listing; if that fails or the process dies, the operator may repeat it."""
        await _until(call.at_seconds)
        for number in range(call.repeats + 1):
            self.network.log.tell("An operator", f"asks to {listing_text(call.change)} {call.key}")
            process = _Process("The listing")
            clock = LoopClock(self.plan.clocks[call.clock])
            change = SetListing(**self._ports(process, clock))(call.key, call.change)
            saves_before = self.checker.listing_saves[call.key]
            answering = asyncio.ensure_future(_unless_failed(change))
            process.task = cast(asyncio.Task[None], answering)
            await asyncio.wait([answering])
            outcome = None if answering.cancelled() else answering.result()
            if outcome is not None:
                self.unpaid.discard(call.key)
                self.checker.saw_listing_outcome(call, outcome, saves_before)
                return
            self.unpaid.add(call.key)
            self.network.log.tell("An operator", f"gets no answer, attempt {number + 1}")

    async def _import(self, call: ImportCall) -> None:
        """An operator imports an export, and again after a failure; once more when nothing fails any longer."""
        await _until(call.at_seconds)
        self.checker.saw_export(exported_rows(call), exported_products(call))
        for _ in range(3):
            if await self._import_once(call):
                return

    async def _import_once(self, call: ImportCall) -> bool:
        process = _Process("The import")
        importing = ImportAll(
            queue_contents=MemoryQueueContents(queue=self.queue),
            dead_letters=self.queue,
            staging_ttl=self.plan.staging_ttl,
            **self._ports(process, LoopClock(self.plan.clocks[call.clock])),
        )
        self.network.log.tell("An operator", f"imports {len(call.products)} products")
        answering = asyncio.ensure_future(_unless_failed(importing(exported_lines(call), quiet=False)))
        process.task = cast(asyncio.Task[None], answering)
        await asyncio.wait([answering])
        is_done = not answering.cancelled() and answering.result() is not None
        if is_done:
            self.checker.saw_import(exported_rows(call), exported_products(call))
        return is_done

    async def _redrive(self) -> None:
        """An operator puts letters back that are sound."""
        for at_seconds in sorted(self.plan.redrives):
            await _until(at_seconds)
            letters = self._wrongly_dead(await self._letters())
            if count := await self.queue.redrive(letters):
                self.sent += count
                self.network.log.tell("An operator", f"redrives {', '.join(letter.letter_id for letter in letters)}")

    async def _adopt(self) -> None:
        """An operator adopts the rows of another service; the process may die."""
        for at_seconds in sorted(self.plan.adoptions):
            await _until(at_seconds)
            process = _Process("The adoption")
            adopt = self._adoption(process)
            process.task = asyncio.ensure_future(_unless_away(adopt))
            await asyncio.wait([process.task])
            if not process.task.cancelled():
                process.task.result()

    async def _adopt_the_rest(self) -> None:
        """A last adoption leaves no row of another service."""
        if self.plan.foreign is not None:
            await self._adoption(_Process("The last adoption"))()
            self.checker.hold_adopted()

    async def _vanish(self) -> None:
        """Rows past their time vanish, as those of a table with a time to live do."""
        rows = self.checker.staging.rows
        while self.plan.vanishing:
            await asyncio.sleep(1.0)
            for key, row in list(rows.items()):
                if row.expired(_TRUE_CLOCK.now()) and self.network.chance.random() < 0.5:
                    del rows[key]
                    self.network.log.tell("The time to live", f"removes {row_text(row)}")
                    self.checker.saw_expiry(row)
                    self.checker.saw_row_change(key, row)

    async def _drain(self) -> None:
        """Let healthy consumers finish what is in the queues."""
        stop = asyncio.Event()
        running = asyncio.create_task(self._keep_running("last", self._consume, 0, stop))
        await self._until_empty()
        stop.set()
        await running

    async def _until_empty(self) -> None:
        deadline = asyncio.get_running_loop().time() + 24 * HOUR
        while sum(self.queue.depth.values()) and not self.checker.violations:
            await asyncio.sleep(2.0)
            self.checker.hold(asyncio.get_running_loop().time() < deadline, "the queues do not drain")

    async def _sweep_once(self) -> None:
        try:
            await Sweep(**self._ports(_Process("The operator's sweep"), _TRUE_CLOCK))()
        except LinkhubError as error:
            self.checker.hold(False, f"a sweep ends with {error}")

    async def _repeat_everything(self) -> None:
        """Send a copy of every message much later: nothing may change.

        A message whose stamp was ahead of its sending is left out, unless it is the newest: sent again, it is newer.
        """
        before = self._state()
        for publication in self.plan.publications:
            half = half_of(publication.kind, publication.body, _TRUE_CLOCK.now())
            if half is None or not self.plan.may_be_stored(half.key):
                continue
            newest = self.checker.newest_of(half.key, half.kind)
            if half.version.stamped_us == half.version.counted_us and newest is not None:
                is_harmless = half.version <= newest.version or half.content == newest.content
            else:
                is_harmless = newest is not None and half.content == newest.content
            if is_harmless:
                await self.queue.publish([OutgoingMessage(kind=publication.kind, body=publication.body)])
        await self._drain()
        for call in self.plan.imports:
            await self._import_once(call)
        self.checker.hold(self._state() == before, "copies of what was done long ago changed or announced something")

    def _state(self) -> tuple[object, ...]:
        """All that readers see, and what was written and announced for it; versions may move silently."""
        checker = self.checker
        products = {
            (key, record.revision, record.caption, record.thumbnails, record.created_at, record.updated_at)
            for key, record in checker.products.rows.items()
        }
        rows = {(key, row.half.kind, row.half.content) for key, row in checker.staging.rows.items()}
        return checker.product_writes, checker.announcements, products, rows

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
        return self.leases.outlived | self.unpaid | {half.key for half in halves if half} | untold

    # --- the processes

    async def _keep_running(self, name: str, life: _Role, number: int, stop: asyncio.Event) -> None:
        """Run a process, and start it again whenever it died."""
        clock = LoopClock(self.plan.clocks[number])
        generation = 0
        while not stop.is_set():
            generation += 1
            process = _Process(f"{name}.{generation}")
            process.task = asyncio.ensure_future(life(process, clock, stop))
            await asyncio.wait([process.task])
            if not process.task.cancelled():
                process.task.result()
            await asyncio.sleep(self.network.chance.expovariate(2.0))

    async def _consume(self, process: _Process, clock: LoopClock, stop: asyncio.Event) -> None:
        ports = self._ports(process, clock)
        queue = SimulatedQueue(process, self.network, self.checker, self.queue, self.leases)
        assemble = AssembleBatch(
            queue=queue, staging_ttl=self.plan.staging_ttl, jitter=self.network.chance.random, **ports
        )
        await Consumer(
            queue=queue,
            assemble=assemble,
            journal=ports["journal"],
            heartbeat_seconds=self.plan.heartbeat_seconds,
            max_in_flight=self.plan.max_in_flight,
        ).run(stop)

    async def _sweep(self, process: _Process, clock: LoopClock, stop: asyncio.Event) -> None:
        ports = self._ports(process, clock)
        await Repeater(
            activity="sweep",
            action=Sweep(**ports),
            journal=ports["journal"],
            interval_seconds=max(self.plan.sweeper_seconds or 0.0, self.plan.fault_seconds / 60),
        ).run(stop)

    def _adoption(self, process: _Process) -> Adopt:
        ports = self._ports(process, _TRUE_CLOCK)
        return Adopt(products=ports["products"], staging=ports["staging"], sweep=Sweep(**ports))

    def _ports(self, process: _Process, clock: LoopClock) -> dict[str, Any]:
        """The ports of a process, by the names that the use cases give them."""
        return {
            "products": SimulatedProducts(process, self.network, self.checker, self._store_opener()),
            "staging": staging_of(process, self.network, self.checker, self.checker.staging),
            "notifier": SimulatedNotifier(process, self.network, self.checker),
            "journal": MemoryJournal(),
            "clock": SimulatedClock(process, self.network, self.checker, clock),
        }


def _put_foreign(foreign: ForeignRow, checker: InvariantChecker) -> None:
    """The rows of another service: its halves were acknowledged, and its products were shown."""
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
        checker.staging.rows[foreign.key] = row
        checker.saw_foreign_row(row)
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
    checker.products.rows[foreign.key] = record
    checker.saw_foreign_product(record)


async def _unless_failed(change: Coroutine[Any, Any, T]) -> T | None:
    with contextlib.suppress(TransientError, RuntimeError):  # a bug of a driver is a RuntimeError
        return await change
    return None


async def _unless_away(adopt: Adopt) -> None:
    # The operator runs it again. A bug of a driver is a RuntimeError.
    with contextlib.suppress(LinkhubError, RuntimeError):
        await adopt()


async def _until(at_seconds: float) -> None:
    await asyncio.sleep(at_seconds - asyncio.get_running_loop().time())
