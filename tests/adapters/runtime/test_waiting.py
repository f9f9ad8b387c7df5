"""The machine's clock, the wait for a stop, and the pauses between failed attempts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from linkhub_adapters.runtime.waiting import Backoff, SystemClock, stopped_within
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.testing.flaky import unavailable
from tests.support import virtual_time


def test_a_wait_ends_at_its_time_or_at_the_stop() -> None:
    """The result says which of the two it was."""

    async def main() -> list[tuple[bool, float]]:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        ends = [(await stopped_within(stop, 5), loop.time())]
        loop.call_later(3, stop.set)
        ends.append((await stopped_within(stop, 5), loop.time()))
        ends.append((await stopped_within(stop, 5), loop.time()))
        return ends

    assert virtual_time.run(main()) == [(False, 5), (True, 8), (True, 8)]


def test_a_failure_is_logged_before_the_wait() -> None:
    """The journal entry has the time of the next attempt."""
    journal = MemoryJournal()

    async def main() -> None:
        await Backoff(activity="receive", journal=journal).failed(unavailable("SQS"), asyncio.Event())

    virtual_time.run(main())
    assert journal.entries == [
        ActivityFailed(
            activity="receive", problem="SQS is unavailable: made by a test", transient=True, retry_seconds=0.2
        )
    ]


def test_a_thousand_failures_wait_no_longer_than_ten_seconds() -> None:
    """And the arithmetic does not overflow."""
    journal = MemoryJournal()

    async def main() -> None:
        patience = Backoff(activity="receive", journal=journal)
        for _ in range(1100):
            await patience.failed(RuntimeError(), asyncio.Event())

    virtual_time.run(main())
    assert max(entry.retry_seconds for entry in journal.of(ActivityFailed)) == 10


def test_the_present_is_in_utc() -> None:
    """It lies between two readings of the machine's clock."""
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC


def test_sleeping_takes_the_loops_time() -> None:
    """As long as was asked for."""

    async def main() -> float:
        await SystemClock().sleep(3600)
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) == 3600
