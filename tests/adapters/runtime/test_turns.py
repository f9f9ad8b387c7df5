"""Long work in turns: other tasks run in between, by the time that was taken and not by the number of parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from linkhub_adapters.runtime.turns import TURN_SECONDS, Turns, in_turns


def _rising_by(seconds: float) -> Callable[[], float]:
    """A clock that has moved by so much whenever it is read."""
    reads = iter(range(1_000))
    return lambda: next(reads) * seconds


async def _numbers() -> AsyncIterator[int]:
    for number in range(12):
        yield number


@pytest.mark.parametrize(("part_of_a_turn", "turns_of_others"), [(1.1, 12), (0.26, 3), (0.0, 0)])
async def test_others_run_between_parts(part_of_a_turn: float, turns_of_others: int) -> None:
    """After each part that takes a whole turn, after four that take a quarter, and never during no time."""
    others = 0

    async def other() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    turns = Turns(_rising_by(TURN_SECONDS * part_of_a_turn))
    assert [number async for number in in_turns(_numbers(), turns)] == list(range(12))
    task.cancel()
    assert others == turns_of_others
