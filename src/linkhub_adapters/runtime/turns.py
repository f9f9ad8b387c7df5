"""Long work in turns: it holds the event loop for a few milliseconds at a time, and other tasks run in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from attrs import define, field

TURN_SECONDS = 0.004

T = TypeVar("T")


@define
class Turns:
    """The turns of one task. ``seconds`` is a clock that only rises."""

    seconds: Callable[[], float] = time.perf_counter
    _began: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._began = self.seconds()

    async def end_if_over(self) -> None:
        """Let other tasks run, if this turn has taken ``TURN_SECONDS``. Call it after each small part of the work."""
        if self.seconds() - self._began >= TURN_SECONDS:
            await asyncio.sleep(0)
            self._began = self.seconds()


async def in_turns(values: AsyncIterator[T], turns: Turns | None = None) -> AsyncIterator[T]:
    """The values; other tasks run in between, however fast they come and whatever the reader does with each."""
    turns = turns or Turns()
    async for value in values:
        yield value
        await turns.end_if_over()
