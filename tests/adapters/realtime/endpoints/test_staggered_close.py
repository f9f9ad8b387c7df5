"""The staggered close: evenly spread, never late, and of every client. In virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from linkhub_adapters.realtime.endpoints.staggered_close import close_staggered
from tests.support import virtual_time


def goodbyes(count: int, spread_seconds: float, *, cancelled_after: float | None = None) -> list[tuple[int, float]]:
    """The closed clients, and their times."""
    closed: list[tuple[int, float]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        saying = close_staggered(list(range(count)), lambda one: closed.append((one, loop.time())), spread_seconds)
        try:
            async with asyncio.timeout(cancelled_after):
                await saying
        except TimeoutError:
            assert loop.time() == cancelled_after

    virtual_time.run(main())
    return closed


@pytest.mark.parametrize("count", [1, 3, 40, 41, 1_000])
def test_all_are_closed_once_in_order_and_within_the_time(count: int) -> None:
    """The first at once."""
    closed = goodbyes(count, 2.0)
    assert [one for one, _ in closed] == list(range(count))
    moments = [moment for _, moment in closed]
    assert moments[0] == 0
    assert moments == sorted(moments)
    assert moments[-1] < 2.0


def test_they_are_spread_evenly() -> None:
    """A thousand over two seconds are 25 each 50 ms."""
    moments = Counter(moment for _, moment in goodbyes(1_000, 2.0))
    assert set(moments.values()) == {25}
    assert sorted(moments) == pytest.approx([step * 0.05 for step in range(40)])


def test_without_a_spread_all_are_closed_at_once() -> None:
    """Closing no client takes no time either."""
    assert goodbyes(3, 0) == [(0, 0), (1, 0), (2, 0)]
    assert goodbyes(0, 2.0) == []


def test_what_is_cut_short_closes_the_rest_at_once() -> None:
    """So that a process without time still says goodbye to everybody."""
    closed = goodbyes(100, 10.0, cancelled_after=1.01)
    assert [one for one, _ in closed] == list(range(100))
    assert Counter(moment for _, moment in closed)[1.01] == 89
