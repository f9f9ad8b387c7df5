"""The machine's own clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from linkhub_adapters.runtime import SystemClock
from tests.support import virtual_time


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
