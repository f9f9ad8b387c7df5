"""An event loop in virtual time: when everybody waits, its clock leaps to the next thing that is due.

Code that sleeps, beats and times out on asyncio runs on it unchanged; an hour takes as long as what happens in it. No
thread, no socket and no real clock takes part, so a run depends on nothing but its inputs.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Standstill(RuntimeError):
    """Everybody waits for something that will never happen."""


class _Leaping(selectors.SelectSelector):
    """A selector that never waits: it advances the time by the requested wait."""

    def __init__(self) -> None:
        super().__init__()
        self.present = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Standstill("every task waits, and nothing is scheduled")
        self.present += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that starts at 0 s and takes no time."""

    def __init__(self) -> None:
        self._leaping = _Leaping()
        super().__init__(self._leaping)

    def time(self) -> float:
        """The virtual present, in seconds."""
        return self._leaping.present


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` to its end in virtual time, and cancel what it left running.

    Raises:
        Standstill: everybody waits for something that will never happen.
    """
    loop = VirtualTimeLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        if left := asyncio.all_tasks(loop):
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
