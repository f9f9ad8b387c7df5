"""The deadlines of many sessions, the earliest first.

A heap of times and keys. A session's deadline changes with each heartbeat; its old entry stays in the heap until it is
the earliest, and is then skipped, because the session's present deadline differs. So a change costs O(log n), and a
session needs no timer and no scan.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator

from attrs import define, field

__all__ = ["Deadlines"]

_SPARE_ENTRIES = 64


@define(eq=False)
class Deadlines:
    """The deadlines of sessions.

    Args:
        due_of: the present deadline of a session by its key; ``math.inf`` if there is no such session.
    """

    due_of: Callable[[str], float]
    _heap: list[tuple[float, str]] = field(factory=list, init=False)

    def __len__(self) -> int:
        """The number of entries, old ones included."""
        return len(self._heap)

    def add(self, due: float, key: str) -> None:
        """Add the new deadline of a session; an infinite one is never due."""
        if due < math.inf:
            heapq.heappush(self._heap, (due, key))

    def earliest(self) -> float:
        """The earliest deadline; infinite without any."""
        while self._heap and self.due_of(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else math.inf

    def pop_due(self, now: float) -> Iterator[str]:
        """Remove and yield the sessions whose deadline is over."""
        while self.earliest() <= now:
            yield heapq.heappop(self._heap)[1]

    def compact(self, session_count: int) -> None:
        """Remove old entries if most are old: the number of sessions bounds the heap."""
        if len(self._heap) > 4 * session_count + _SPARE_ENTRIES:
            self._heap = sorted({entry for entry in self._heap if self.due_of(entry[1]) == entry[0]})
