"""Closing many connections spread over a moment, so that their clients do not all reach the next process at once.

Rule 1. All are closed, in order and evenly; the first at once, the last before the time is over.
Rule 2. If the coroutine is cancelled, all remaining connections are closed immediately.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_STEP_SECONDS: Final = 0.05


async def close_staggered(connections: Sequence[T], close: Callable[[T], object], spread_seconds: float) -> None:
    """Close connections, some every 50 ms.

    Args:
        connections: those to close.
        close: closes one, which may be closed already.
        spread_seconds: over how many seconds; 0 closes all before anything else happens.
    """
    steps = max(1, round(spread_seconds / _STEP_SECONDS))
    closed = 0
    try:
        for step in range(1, steps + 1):
            due = -(-len(connections) * step // steps)
            for connection in connections[closed:due]:
                close(connection)
            closed = due
            if closed == len(connections):
                return
            await asyncio.sleep(spread_seconds / steps)
    finally:
        for connection in connections[closed:]:
            close(connection)
