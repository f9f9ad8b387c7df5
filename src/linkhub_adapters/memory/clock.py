"""A clock that stands still until it is moved: time in a test is what the test says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from attrs import define

__all__ = ["FakeClock"]


@define
class FakeClock:
    """A clock at ``present``. Sleeping moves it on and gives others their turn, but takes no time."""

    present: datetime = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The present that was set."""
        return self.present

    async def sleep(self, seconds: float) -> None:
        """Move on by ``seconds`` at once."""
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``, or back where they are negative."""
        self.present += timedelta(seconds=seconds)
