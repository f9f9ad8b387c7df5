"""Saying goodbye to many: spread over a moment, so that they do not all come to the next process at the same instant.

Rule 1. All are closed, in order and evenly; the first at once, the last before the time is over.
Rule 2. Whoever has no time left for that cancels it, and the rest is closed at once: nobody is left without a goodbye.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

__all__ = ["say_goodbye"]

T = TypeVar("T")

_STEP_SECONDS: Final = 0.05


async def say_goodbye(leaving: Sequence[T], close: Callable[[T], object], spread_seconds: float) -> None:
    """Close all that leave, some every 50 ms.

    Args:
        leaving: whom to close.
        close: closes one, who may have left meanwhile.
        spread_seconds: over how many seconds; 0 closes all before anything else happens.
    """
    steps = max(1, round(spread_seconds / _STEP_SECONDS))
    closed = 0
    try:
        for step in range(1, steps + 1):
            due = -(-len(leaving) * step // steps)
            for one in leaving[closed:due]:
                close(one)
            closed = due
            if closed == len(leaving):
                return
            await asyncio.sleep(spread_seconds / steps)
    finally:
        for one in leaving[closed:]:
            close(one)
