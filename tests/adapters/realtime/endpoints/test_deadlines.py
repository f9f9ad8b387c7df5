"""Deadlines of many sessions: the earliest first, old ones passed over, no more than a multiple of the sessions."""

from __future__ import annotations

import math

from linkhub_adapters.realtime.endpoints.deadlines import Deadlines


def make() -> tuple[Deadlines, dict[str, float]]:
    """Deadlines, and the sessions' own times."""
    due: dict[str, float] = {}
    return Deadlines(lambda key: due.get(key, math.inf)), due


def test_what_is_due_comes_in_order() -> None:
    """And only that."""
    deadlines, due = make()
    for key, time in (("b", 2.0), ("a", 1.0), ("c", 3.0), ("never", math.inf)):
        due[key] = time
        deadlines.add(time, key)
    assert deadlines.earliest() == 1.0
    assert list(deadlines.pop_due(2.0)) == ["a", "b"]
    assert deadlines.earliest() == 3.0


def test_an_old_time_is_passed_over() -> None:
    """A session that was moved, or is gone, is due at no old time."""
    deadlines, due = make()
    for key in ("moved", "gone"):
        due[key] = 1.0
        deadlines.add(1.0, key)
    due["moved"] = 5.0
    deadlines.add(5.0, "moved")
    del due["gone"]
    assert list(deadlines.pop_due(4.0)) == []
    assert list(deadlines.pop_due(5.0)) == ["moved"]
    assert deadlines.earliest() == math.inf


def test_old_entries_are_bounded() -> None:
    """Sessions that come and go leave nothing for long."""
    deadlines, due = make()
    for number in range(10_000):
        due["s"] = float(number)
        deadlines.add(due["s"], "s")
        deadlines.compact(len(due))
    assert len(deadlines) <= 4 + 64
    assert list(deadlines.pop_due(10_000)) == ["s"]
