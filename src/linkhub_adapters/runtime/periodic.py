"""Periodic activities: a repeater for work such as the sweep, and a guard that ends a process without its storage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import frozen

from linkhub_adapters.runtime.waiting import Backoff, stopped_within
from linkhub_core.errors import StoreLost, TransientError
from linkhub_core.ports import Journal


@frozen(kw_only=True)
class Repeater:
    """Calls ``action`` at once and then every ``interval_seconds``; a failed one is repeated after a back-off."""

    activity: str
    action: Callable[[], Awaitable[object]]
    journal: Journal
    interval_seconds: float

    async def run(self, stop: asyncio.Event) -> None:
        """Repeat until ``stop`` is set; a running action is completed first."""
        backoff = Backoff(activity=self.activity, journal=self.journal)
        while not stop.is_set():
            try:
                await self.action()
            except Exception as error:  # noqa: BLE001  the loop survives any failure of its action
                await backoff.failed(error, stop)
            else:
                backoff.succeeded()
                await stopped_within(stop, self.interval_seconds)


@frozen(kw_only=True)
class Guard:
    """Calls ``check`` every ``interval_seconds`` and ends the process if its storage is lost.

    Transient errors are left to readiness.

    Args:
        check: raises ``StoreLost`` if this process cannot continue.
        lost: called with that error before the process ends.
        interval_seconds: the pause between two checks.
    """

    check: Callable[[], Awaitable[object]]
    lost: Callable[[StoreLost], None]
    interval_seconds: float = 1.0

    async def run(self, stop: asyncio.Event) -> None:
        """Check until ``stop`` is set.

        Raises:
            StoreLost: raised by the check.
        """
        while not await stopped_within(stop, self.interval_seconds):
            try:
                await self.check()
            except StoreLost as error:
                self.lost(error)
                raise
            except TransientError:
                continue
