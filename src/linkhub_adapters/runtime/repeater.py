"""Something that is done again and again: the sweeper, and the taking of figures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import define

from linkhub_adapters.runtime.backoff import Backoff, stopped_within
from linkhub_core.ports import Journal

__all__ = ["Repeater"]


@define(kw_only=True)
class Repeater:
    """Calls ``action`` at once and then every ``interval_seconds``; one that fails is tried again sooner."""

    activity: str
    action: Callable[[], Awaitable[object]]
    journal: Journal
    interval_seconds: float

    async def run(self, stop: asyncio.Event) -> None:
        """Repeat until ``stop`` is set; an action under way is finished first."""
        patience = Backoff(activity=self.activity, journal=self.journal)
        while not stop.is_set():
            try:
                await self.action()
            except Exception as error:  # noqa: BLE001  the loop outlives whatever its action does
                await patience.failed(error, stop)
            else:
                patience.succeeded()
                await stopped_within(stop, self.interval_seconds)
