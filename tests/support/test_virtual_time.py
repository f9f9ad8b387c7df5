"""Virtual time: long waits take no time, and a deadlock is an error."""

from __future__ import annotations

import asyncio

import pytest

from tests.support import virtual_time


def test_an_hour_passes_at_once_and_is_an_hour() -> None:
    """A sleeper wakes at the time at which it wanted to."""

    async def sleep() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert virtual_time.run(sleep()) == pytest.approx(3600)


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    """Time runs for all together."""
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async def main() -> None:
        await asyncio.gather(*(sleep(seconds) for seconds in (30, 10, 20)))

    virtual_time.run(main())
    assert woken == [10, 20, 30]


def test_a_time_out_strikes_in_virtual_time() -> None:
    """asyncio's own time-outs follow the loop's clock."""

    async def wait() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert virtual_time.run(wait()) == pytest.approx(20)


def test_a_standstill_is_an_error() -> None:
    """Waiting for what will never happen ends at once."""

    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(virtual_time.Standstill):
        virtual_time.run(wait())


def test_what_is_left_running_is_cancelled() -> None:
    """No task outlives the run."""
    ends: list[str] = []

    async def linger() -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def main() -> None:
        lingering = asyncio.create_task(linger())
        await asyncio.sleep(1)
        assert not lingering.done()

    virtual_time.run(main())
    assert ends == ["cancelled"]
