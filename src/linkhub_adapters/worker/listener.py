"""The listener: hands what a bus brings to whoever shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from attrs import define

from linkhub_adapters.worker.patience import Patience
from linkhub_core.announcement import Announcement
from linkhub_core.ports import AnnouncementFeed, Clock, Journal

__all__ = ["Listener"]


@define(kw_only=True)
class Listener:
    """Takes announcements from a feed and gives what came together to ``deliver``, which must not wait.

    The bus counts as heard whenever it answered, be it with nothing: :meth:`silent_seconds` tells readiness how long
    ago that was.
    """

    feed: AnnouncementFeed
    deliver: Callable[[Sequence[Announcement]], None]
    clock: Clock
    journal: Journal
    _heard_at: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop`` is set."""
        patience = Patience(activity="listen", journal=self.journal)
        while not stop.is_set():
            try:
                announcements = await self.feed.receive()
                self._heard_at = self.clock.now().timestamp()
                self.deliver(announcements)
            except Exception as error:  # noqa: BLE001  the loop outlives whatever a bus does
                await patience.failed(error, stop)
            else:
                patience.succeeded()

    def silent_seconds(self) -> float | None:
        """How long the bus has not answered, in seconds; none before its first answer."""
        return None if self._heard_at is None else self.clock.now().timestamp() - self._heard_at
