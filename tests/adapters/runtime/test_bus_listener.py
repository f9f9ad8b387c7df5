"""The listener: it hands on what a bus brings, and knows how long the bus has been silent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from attrs import define, field

from linkhub_adapters.runtime import Listener
from linkhub_core.errors import AnnouncementsLost, ServiceUnavailable
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.fakes import FakeClock, MemoryJournal
from linkhub_core.testing.flaky import unavailable
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.shop_query import next_since
from tests.support import virtual_time


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
    """Announcements of one receive are delivered together."""
    heard: list[Announcement] = []
    feed = ScriptedFeed([[news(1), news(2)], [], [news(3)]])
    listen(Listener(feed=feed, deliver=heard.extend, recover=print, clock=FakeClock(), journal=MemoryJournal()))
    assert heard == [news(1), news(2), news(3)]


@pytest.mark.parametrize("error", [unavailable("SNS"), ValueError("a bug")])
def test_a_bus_that_fails_is_asked_again(error: Exception) -> None:
    """The next announcement is received, and the failure is in the journal."""
    heard: list[Announcement] = []
    journal = MemoryJournal()
    feed = ScriptedFeed([error, error, [news(1)], error, [news(2)]])
    listen(Listener(feed=feed, deliver=heard.extend, recover=print, clock=FakeClock(), journal=journal))
    assert heard == [news(1), news(2)]
    assert [(entry.activity, entry.retry_seconds) for entry in journal.of(ActivityFailed)] == [
        ("listen", 0.2),
        ("listen", 0.4),
        ("listen", 0.2),
    ]


def test_what_the_bus_has_lost_is_looked_for_in_the_store() -> None:
    """From when it may have lost some, and a little before, for clocks differ; the loop goes on at once."""
    clock, journal = FakeClock(), MemoryJournal()
    heard: list[Announcement] = []
    recovered: list[datetime] = []
    feed = ScriptedFeed([[news(1)], AnnouncementsLost("the bus", 40), [news(2)]])
    listener = Listener(
        feed=feed, deliver=heard.extend, recover=recovered.append, clock=clock, journal=journal, silence_seconds=3
    )
    clock.advance(60)
    listen(listener, seconds=0.1)
    assert heard == [news(1), news(2)]
    assert recovered == [next_since(clock.now() - timedelta(seconds=40))]
    assert [entry.problem for entry in journal.of(ActivityFailed)] == [
        "the bus no longer has all that came in the last 40 s"
    ]
    assert is_heard(listener)


def test_a_failed_delivery_is_logged_and_the_next_is_received() -> None:
    """Delivery handles the rest of the batch; the loop continues."""
    heard: list[Announcement] = []
    journal = MemoryJournal()

    def deliver(announcements: Sequence[Announcement]) -> None:
        heard.extend(announcements)
        if news(2) in announcements:
            raise ValueError("a bug")

    feed = ScriptedFeed([[news(1), news(2), news(3)], [news(4)]])
    listen(Listener(feed=feed, deliver=deliver, recover=print, clock=FakeClock(), journal=journal))
    assert heard == [news(1), news(2), news(3), news(4)]
    assert [entry.problem for entry in journal.of(ActivityFailed)] == ["ValueError('a bug')"]


def is_heard(listener: Listener) -> bool:
    """The state for readiness."""
    try:
        asyncio.run(listener.check())
    except ServiceUnavailable:
        return False
    return True


def test_a_bus_is_silent_from_its_last_answer_on() -> None:
    """An empty answer is an answer; the limit itself is not too long."""
    clock = FakeClock()
    listener = Listener(feed=ScriptedFeed([[]]), deliver=print, recover=print, clock=clock, journal=MemoryJournal())
    clock.advance(10)
    listen(listener, seconds=1)
    clock.advance(15)
    assert (listener.silent_seconds(), is_heard(listener)) == (15, True)
    clock.advance(1)
    assert (listener.silent_seconds(), is_heard(listener)) == (16, False)
    with pytest.raises(ServiceUnavailable, match=r"the bus of announcements .* not answered for 16 s"):
        asyncio.run(listener.check())


def test_a_bus_that_is_heard_again_is_heard() -> None:
    """Readiness returns with the next receive."""
    clock = FakeClock()
    feed = ScriptedFeed([[]])
    listener = Listener(feed=feed, deliver=print, recover=print, clock=clock, journal=MemoryJournal())
    clock.advance(60)
    assert not is_heard(listener)
    listen(listener, seconds=1)
    assert is_heard(listener)


def test_a_bus_that_only_fails_was_never_heard() -> None:
    """Readiness must not take an error for an answer; a listener that was just made has its time all the same."""
    clock = FakeClock()
    feed = ScriptedFeed([unavailable()] * 3)
    listener = Listener(
        feed=feed, deliver=print, recover=print, clock=clock, journal=MemoryJournal(), silence_seconds=3
    )
    listen(listener, seconds=1)
    clock.advance(3)
    assert is_heard(listener)
    clock.advance(1)
    assert not is_heard(listener)


def test_a_failed_delivery_counts_as_received() -> None:
    """A bug in the broadcast is in the journal; the bus still counts as received."""
    clock = FakeClock()

    def deliver(_: Sequence[Announcement]) -> None:
        raise ValueError("a bug")

    listener = Listener(
        feed=ScriptedFeed([[news(1)]]), deliver=deliver, recover=print, clock=clock, journal=MemoryJournal()
    )
    clock.advance(60)
    listen(listener, seconds=0.1)
    assert is_heard(listener)


def test_a_listener_ends_with_the_receive_that_is_under_way() -> None:
    """Nothing that was taken from the bus is thrown away."""
    assert (
        listen(
            Listener(feed=ScriptedFeed(), deliver=print, recover=print, clock=FakeClock(), journal=MemoryJournal()), 30
        )
        == 40
    )
