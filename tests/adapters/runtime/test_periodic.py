"""The repeater: at once, then again and again; what fails is tried again sooner."""

from __future__ import annotations

import asyncio

import pytest
from attrs import define, field

from linkhub_adapters.runtime import Repeater
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.testing.flaky import unavailable
from tests.support import virtual_time


@define(eq=False)
class Action:
    """An action that notes when it was called, takes ``seconds``, and fails as its ``failures`` say."""

    seconds: float = 0.0
    failures: list[Exception] = field(factory=list)
    times: list[float] = field(factory=list)
    done: int = 0

    async def __call__(self) -> None:
        self.times.append(round(asyncio.get_running_loop().time(), 3))
        await asyncio.sleep(self.seconds)
        if self.failures:
            raise self.failures.pop(0)
        self.done += 1


def repeat(action: Action, journal: MemoryJournal, *, seconds: float, interval_seconds: float = 100.0) -> float:
    """Run a repeater for a while, and tell when it had ended."""
    repeater = Repeater(activity="sweep", action=action, journal=journal, interval_seconds=interval_seconds)

    async def main() -> float:
        stop = asyncio.Event()
        running = asyncio.create_task(repeater.run(stop))
        await asyncio.sleep(seconds)
        stop.set()
        await running
        return asyncio.get_running_loop().time()

    return virtual_time.run(main())


def test_an_action_is_done_at_once_and_then_at_every_interval() -> None:
    """A process that was just started does not wait for an hour with what a crash has left."""
    action = Action()
    repeat(action, MemoryJournal(), seconds=350)
    assert action.times == [0, 100, 200, 300]


@pytest.mark.parametrize("error", [unavailable(), RuntimeError("a bug")])
def test_an_action_that_fails_is_tried_again_sooner(error: Exception) -> None:
    """After doubling pauses; once it works the interval counts again."""
    action, journal = Action(failures=[error] * 3), MemoryJournal()
    repeat(action, journal, seconds=150)
    assert action.times == [0, 0.2, 0.6, 1.4, 101.4]
    assert [entry.activity for entry in journal.of(ActivityFailed)] == ["sweep"] * 3


def test_an_action_under_way_is_finished_before_the_end() -> None:
    """A sweep is not cut in two."""
    action = Action(seconds=30)
    assert repeat(action, MemoryJournal(), seconds=10) == 30
    assert action.done == 1


def test_the_wait_for_the_next_turn_is_cut_short_by_the_stop() -> None:
    """A stop ends a wait of an hour at once."""
    assert repeat(Action(), MemoryJournal(), seconds=10) == 10
