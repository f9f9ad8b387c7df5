"""How the loops wait: the clock of the machine, the stop, and the back-off between failed attempts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from attrs import define

from linkhub_core.errors import LinkhubError, TransientError
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import Journal

FIRST_RETRY_SECONDS = 0.2
MAX_RETRY_SECONDS = 10.0


class SystemClock:
    """A :class:`~linkhub_core.ports.Clock` with the real time."""

    def now(self) -> datetime:
        """The current time in UTC, to the microsecond."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds``."""
        await asyncio.sleep(seconds)


async def stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    """Wait for ``stop`` for at most ``seconds``; return whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True


@define(kw_only=True)
class Backoff:
    """The pauses of one loop. They double from 0.2 s to 10 s while its activity fails; a success resets them."""

    activity: str
    journal: Journal
    _failures: int = 0

    def succeeded(self) -> None:
        """Reset the pauses."""
        self._failures = 0

    async def failed(self, error: Exception, stop: asyncio.Event) -> None:
        """Write a journal entry, then wait before the next attempt, or until ``stop`` is set."""
        self._failures += 1
        retry_seconds = backoff_seconds(
            self._failures, first_seconds=FIRST_RETRY_SECONDS, max_seconds=MAX_RETRY_SECONDS
        )
        entry = ActivityFailed(
            activity=self.activity,
            problem=str(error) if isinstance(error, LinkhubError) else repr(error),
            transient=isinstance(error, TransientError),
            retry_seconds=retry_seconds,
        )
        self.journal.record([entry])
        await stopped_within(stop, retry_seconds)
