"""The consumer: it works on several batches at once, keeps leases alive, survives failures, and drains."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from attrs import define, field

from linkhub_adapters.runtime import Consumer
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import Delivery, Rejection
from linkhub_core.testing.builders import a_delivery
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.testing.flaky import FlakyEventQueue, Strike, unavailable
from tests.support import virtual_time


@define(eq=False)
class ScriptedQueue:
    """A queue that gives the batches of a script, then nothing, waiting as a queue does; it notes every call."""

    batches: list[Sequence[Delivery]] = field(factory=list)
    wait_seconds: float = 20.0
    calls: list[tuple[str, float]] = field(factory=list)

    async def receive(self) -> Sequence[Delivery]:
        """The next batch."""
        self._note("receive")
        if self.batches:
            return self.batches.pop(0)
        await asyncio.sleep(self.wait_seconds)
        return []

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Note it."""
        self._note("acknowledge")

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """Note it."""
        self._note(f"release {len(deliveries)} for {delay_seconds:g} s")

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Note it."""
        self._note("extend")

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """Note it."""
        self._note("reject")

    def _note(self, call: str) -> None:
        self.calls.append((call, round(asyncio.get_running_loop().time(), 3)))

    def times_of(self, call: str) -> list[float]:
        """When a call came, in seconds."""
        return [time for name, time in self.calls if name == call]


@define(eq=False)
class Work:
    """A use case that takes ``seconds`` for a batch, and first raises the next of its ``failures``."""

    seconds: float = 1.0
    failures: list[Exception] = field(factory=list)
    begun: int = 0
    done: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def __call__(self, deliveries: Sequence[Delivery]) -> None:
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            if self.failures:
                raise self.failures.pop(0)
            self.done += 1
        finally:
            self.at_once -= 1


def batches(count: int) -> list[Sequence[Delivery]]:
    """So many batches of one message."""
    return [[a_delivery()] for _ in range(count)]


def run(consumer: Consumer, *, stop_after_seconds: float, then: Callable[[], Awaitable[object]] | None = None) -> float:
    """Run a consumer, stop it after a while, and tell when it had ended, in seconds."""

    async def main() -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(consumer.run(stop))
        await asyncio.sleep(stop_after_seconds)
        stop.set()
        if then is not None:
            await then()
        await running
        return asyncio.get_running_loop().time()

    return virtual_time.run(main())


def a_consumer(queue: ScriptedQueue | FlakyEventQueue, work: Work, **settings: float) -> Consumer:
    """A consumer of a queue, with a heartbeat that a test does not notice unless it says so."""
    options = {"heartbeat_seconds": 1000.0, "max_in_flight": 4, **settings}
    return Consumer(
        queue=queue,
        assemble=work,
        journal=MemoryJournal(),
        heartbeat_seconds=options["heartbeat_seconds"],
        max_in_flight=int(options["max_in_flight"]),
    )


def failures_of(consumer: Consumer) -> list[ActivityFailed]:
    """The failures in its journal."""
    assert isinstance(consumer.journal, MemoryJournal)
    return consumer.journal.of(ActivityFailed)


def test_every_batch_is_worked_on() -> None:
    """Until the stop event is set."""
    work = Work()
    run(a_consumer(ScriptedQueue(batches(10)), work), stop_after_seconds=60)
    assert work.done == 10


def test_a_batch_is_shown_before_it_is_worked_on() -> None:
    """Each that is worked on, and none that is given back because of the stop."""
    seen: list[tuple[int, int]] = []
    work = Work()
    consumer = a_consumer(ScriptedQueue(batches(3)), work)
    consumer.received = lambda deliveries: seen.append((len(deliveries), work.done))
    run(consumer, stop_after_seconds=100)
    assert len(seen) == 3
    assert seen[0] == (len(batches(1)[0]), 0)


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_batches_are_in_work_than_allowed(most: int) -> None:
    """Nor received: the queue is the buffer."""
    queue, work = ScriptedQueue(batches(9)), Work(seconds=10)
    run(a_consumer(queue, work, max_in_flight=most), stop_after_seconds=9)
    assert (work.most_at_once, work.begun) == (most, most)
    assert len(queue.batches) == 9 - most


def test_stopping_finishes_what_is_in_work() -> None:
    """Nothing is half done, and the consumer ends with the last of it."""
    work = Work(seconds=30)
    ended = run(a_consumer(ScriptedQueue(batches(2)), work, max_in_flight=2), stop_after_seconds=1)
    assert (work.done, ended) == (2, 30)


def test_what_a_receive_under_way_brings_after_the_stop_is_given_back_at_once() -> None:
    """The messages do not wait for their leases to run out."""

    class Late(ScriptedQueue):
        async def receive(self) -> Sequence[Delivery]:
            await asyncio.sleep(10)
            return [a_delivery(), a_delivery()]

    queue, work = Late(), Work()
    ended = run(a_consumer(queue, work), stop_after_seconds=1)
    assert (work.begun, ended) == (0, 10)
    assert queue.calls == [("release 2 for 0 s", 10.0)]


def test_a_stop_while_all_hands_are_busy_receives_nothing_more() -> None:
    """There is no room for it anyway."""
    queue, work = ScriptedQueue(batches(5)), Work(seconds=10)
    run(a_consumer(queue, work, max_in_flight=1), stop_after_seconds=5)
    assert (work.done, len(queue.times_of("receive"))) == (1, 1)


def test_a_consumer_that_is_stopped_before_it_begins_touches_nothing() -> None:
    """Not one message is leased."""
    queue = ScriptedQueue(batches(1))

    async def main() -> None:
        stop = asyncio.Event()
        stop.set()
        await a_consumer(queue, Work()).run(stop)

    virtual_time.run(main())
    assert queue.calls == []


def test_the_leases_of_work_in_hand_are_extended_and_no_longer() -> None:
    """At every heartbeat, until the work is done."""
    queue = ScriptedQueue(batches(1))
    run(a_consumer(queue, Work(seconds=35), heartbeat_seconds=10), stop_after_seconds=100)
    assert queue.times_of("extend") == [10, 20, 30]


def test_a_heartbeat_that_fails_beats_on() -> None:
    """Work continues, the failure is in the journal, and the next heartbeat tries again."""
    inner = ScriptedQueue(batches(1))
    queue = FlakyEventQueue(inner, strikes=[Strike("extend", unavailable("SQS"))])
    work = Work(seconds=35)
    consumer = a_consumer(queue, work, heartbeat_seconds=10)
    run(consumer, stop_after_seconds=100)
    assert (work.done, inner.times_of("extend")) == (1, [20.2, 30.2])
    assert [(entry.activity, entry.transient) for entry in failures_of(consumer)] == [("extend", True)]


@pytest.mark.parametrize("error", [unavailable("SQS"), RuntimeError("a bug")])
def test_a_queue_that_fails_is_asked_again_after_longer_and_longer_pauses(error: Exception) -> None:
    """From 0.2 s to 10 s; nothing in a queue's power ends the loop."""
    queue = FlakyEventQueue(ScriptedQueue(batches(3)), strikes=[Strike("receive", error, 9)])
    work = Work()
    consumer = a_consumer(queue, work)
    run(consumer, stop_after_seconds=120)
    assert work.done == 3
    assert [entry.retry_seconds for entry in failures_of(consumer)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10, 10]
    assert {entry.activity for entry in failures_of(consumer)} == {"receive"}


def test_a_success_resets_the_pauses() -> None:
    """An old failure does not make a new one worse."""
    strikes = [Strike("receive", unavailable(), 3), Strike("receive", unavailable(), skip=1)]
    consumer = a_consumer(FlakyEventQueue(ScriptedQueue(batches(3)), strikes=strikes), Work())
    run(consumer, stop_after_seconds=60)
    assert [entry.retry_seconds for entry in failures_of(consumer)] == [0.2, 0.4, 0.8, 0.2]


def test_a_batch_that_fails_does_not_end_the_loop() -> None:
    """Its leases run out; the others are done."""
    work = Work(failures=[unavailable("SQS"), ValueError("a bug")])
    consumer = a_consumer(ScriptedQueue(batches(5)), work)
    run(consumer, stop_after_seconds=60)
    assert work.done == 3
    assert [(entry.activity, entry.problem, entry.transient) for entry in failures_of(consumer)] == [
        ("assemble", "SQS is unavailable: made by a test", True),
        ("assemble", "ValueError('a bug')", False),
    ]


def test_a_pause_is_cut_short_by_the_stop() -> None:
    """A stop ends a pause of ten seconds at once."""
    queue = FlakyEventQueue(ScriptedQueue(), strikes=[Strike("receive", unavailable(), None)])
    assert run(a_consumer(queue, Work()), stop_after_seconds=30) == 30


def test_a_release_that_fails_at_the_stop_is_only_logged() -> None:
    """The leases run out by themselves."""

    class Late(ScriptedQueue):
        async def receive(self) -> Sequence[Delivery]:
            await asyncio.sleep(10)
            return [a_delivery()]

    consumer = a_consumer(FlakyEventQueue(Late(), strikes=[Strike("release", unavailable())]), Work())
    assert run(consumer, stop_after_seconds=1) == 10
    assert [entry.activity for entry in failures_of(consumer)] == ["receive"]


def test_cancelling_abandons_the_work_in_hand_and_its_heartbeat() -> None:
    """After the cancellation no task runs on."""
    queue, work = ScriptedQueue(batches(1)), Work(seconds=100)

    async def main() -> None:
        running = asyncio.create_task(a_consumer(queue, work, heartbeat_seconds=10).run(asyncio.Event()))
        await asyncio.sleep(15)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.sleep(100)

    virtual_time.run(main())
    assert (work.begun, work.done, work.at_once) == (1, 0, 0)
    assert queue.times_of("extend") == [10]
