"""When something is due for each of many sessions: the earliest first.

A heap of times and keys. A session's time changes with each heartbeat, and its old entry stays in the heap until it is
the earliest; it is then passed over, because the session's own time is another one. So a change costs O(log n), and no
timer or scan belongs to a session.
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
        due_of: gives the time of a session by its key, as it is now; ``math.inf`` if there is no such session.
    """

    due_of: Callable[[str], float]
    _heap: list[tuple[float, str]] = field(factory=list, init=False)

    def __len__(self) -> int:
        """How many entries there are, old ones included."""
        return len(self._heap)

    def add(self, due: float, key: str) -> None:
        """Note the new time of a session; an infinite one is never due."""
        if due < math.inf:
            heapq.heappush(self._heap, (due, key))

    def earliest(self) -> float:
        """The first time at which something is due; infinite if nothing is."""
        while self._heap and self.due_of(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else math.inf

    def pop_due(self, now: float) -> Iterator[str]:
        """Remove and give the sessions for which something is due at ``now``."""
        while self.earliest() <= now:
            yield heapq.heappop(self._heap)[1]

    def compact(self, session_count: int) -> None:
        """Remove old entries if most are old, so that the heap is bounded by the number of sessions."""
        if len(self._heap) > 4 * session_count + _SPARE_ENTRIES:
            self._heap = sorted({entry for entry in self._heap if self.due_of(entry[1]) == entry[0]})
