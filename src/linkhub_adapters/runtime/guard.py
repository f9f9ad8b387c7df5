"""A guard: it checks at intervals whether the storage of the process is still there, and ends the process if not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import frozen

from linkhub_adapters.runtime.backoff import stopped_within
from linkhub_core.errors import StoreLost, TransientError

__all__ = ["Guard"]


@frozen(kw_only=True)
class Guard:
    """Calls ``check`` every ``interval_seconds``. What may pass is left to readiness.

    Args:
        check: raises ``StoreLost`` if this process cannot go on.
        lost: called with that error before the process ends.
        interval_seconds: the pause between two checks.
    """

    check: Callable[[], Awaitable[object]]
    lost: Callable[[StoreLost], None]
    interval_seconds: float = 1.0

    async def run(self, stop: asyncio.Event) -> None:
        """Check until ``stop`` is set.

        Raises:
            StoreLost: what the check raised.
        """
        while not await stopped_within(stop, self.interval_seconds):
            try:
                await self.check()
            except StoreLost as error:
                self.lost(error)
                raise
            except TransientError:
                continue
