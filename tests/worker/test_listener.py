"""The listener: it hands on what a bus brings, and knows how long the bus has been silent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from attrs import define, field

from linkhub_adapters.memory import FakeClock, MemoryJournal
from linkhub_adapters.worker import Listener
from linkhub_core.announcement import Announcement
from linkhub_core.codec import announce
from linkhub_core.entries import ActivityFailed
from tests.support import virtual_time
from tests.support.builders import NOON, a_key, a_record
from tests.support.flaky import unavailable


@define(eq=False)
class ScriptedFeed:
    """A feed that gives what a script says, an error included, and then nothing every 20 s."""

    script: list[Sequence[Announcement] | Exception] = field(factory=list)

    async def receive(self) -> Sequence[Announcement]:
        """The next of the script."""
        if not self.script:
            await asyncio.sleep(20)
            return []
        turn = self.script.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


def news(number: int) -> Announcement:
    """The announcement of a product."""
    return announce(a_record(a_key(number)), NOON)


def listen(listener: Listener, seconds: float = 60.0) -> float:
    """Run a listener for a while, and tell when it had ended."""

    async def main() -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(listener.run(stop))
        await asyncio.sleep(seconds)
        stop.set()
        await running
        return asyncio.get_running_loop().time()

    return virtual_time.run(main())


def test_announcements_are_delivered_in_the_order_in_which_they_came() -> None:
    """What came together is handed on together."""
    heard: list[Announcement] = []
    feed = ScriptedFeed([[news(1), news(2)], [], [news(3)]])
    listen(Listener(feed=feed, deliver=heard.extend, clock=FakeClock(), journal=MemoryJournal()))
    assert heard == [news(1), news(2), news(3)]


@pytest.mark.parametrize("error", [unavailable("SNS"), ValueError("a bug")])
def test_a_bus_that_fails_is_asked_again(error: Exception) -> None:
    """What comes after it is heard, and the journal is told."""
    heard: list[Announcement] = []
    journal = MemoryJournal()
    feed = ScriptedFeed([error, error, [news(1)], error, [news(2)]])
    listen(Listener(feed=feed, deliver=heard.extend, clock=FakeClock(), journal=journal))
    assert heard == [news(1), news(2)]
    assert [(entry.activity, entry.retry_seconds) for entry in journal.of(ActivityFailed)] == [
        ("listen", 0.2),
        ("listen", 0.4),
        ("listen", 0.2),
    ]


def test_what_cannot_be_delivered_is_told_and_the_next_is_heard() -> None:
    """Whoever delivers sees to the others of the batch; the loop goes on."""
    heard: list[Announcement] = []
    journal = MemoryJournal()

    def deliver(announcements: Sequence[Announcement]) -> None:
        heard.extend(announcements)
        if news(2) in announcements:
            raise ValueError("a bug")

    feed = ScriptedFeed([[news(1), news(2), news(3)], [news(4)]])
    listen(Listener(feed=feed, deliver=deliver, clock=FakeClock(), journal=journal))
    assert heard == [news(1), news(2), news(3), news(4)]
    assert [entry.problem for entry in journal.of(ActivityFailed)] == ["ValueError('a bug')"]


def test_a_bus_is_silent_from_its_last_answer_on() -> None:
    """An empty answer is an answer; before the first there is nothing to count from."""
    clock = FakeClock()
    listener = Listener(feed=ScriptedFeed([[]]), deliver=print, clock=clock, journal=MemoryJournal())
    assert listener.silent_seconds() is None
    listen(listener, seconds=1)
    clock.advance(42)
    assert listener.silent_seconds() == 42


def test_a_bus_that_only_fails_was_never_heard() -> None:
    """Readiness must not take an error for an answer."""
    feed = ScriptedFeed([unavailable()] * 3)
    listener = Listener(feed=feed, deliver=print, clock=FakeClock(), journal=MemoryJournal())
    listen(listener, seconds=1)
    assert listener.silent_seconds() is None


def test_a_listener_ends_with_the_receive_that_is_under_way() -> None:
    """Nothing that was taken from the bus is thrown away."""
    assert listen(Listener(feed=ScriptedFeed(), deliver=print, clock=FakeClock(), journal=MemoryJournal()), 30) == 40
