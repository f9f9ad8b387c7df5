"""The listener: hands what a bus brings to whoever shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from attrs import define, field

from linkhub_adapters.runtime.backoff import Backoff
from linkhub_core.errors import AnnouncementsLost, ServiceUnavailable
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import AnnouncementFeed, Clock, Journal
from linkhub_core.wire.shop_query import next_since

__all__ = ["Listener"]


@define(kw_only=True)
class Listener:
    """Takes announcements from a feed and gives what came together to ``deliver``, which must not wait.

    Where the feed has lost some, ``recover`` is told since when: viewers then get it from the store.

    The bus counts as heard whenever it answered, be it with nothing; :meth:`check` is what readiness asks. A listener
    that has just been made has ``silence_seconds`` to hear something: far longer than a receive waits.
    """

    feed: AnnouncementFeed
    deliver: Callable[[Sequence[Announcement]], None]
    recover: Callable[[datetime], None]
    clock: Clock
    journal: Journal
    silence_seconds: float = 15.0
    _heard_at: float = field(init=False)

    @_heard_at.default
    def _made_at(self) -> float:
        return self.clock.now().timestamp()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until ``stop`` is set."""
        patience = Backoff(activity="listen", journal=self.journal)
        while not stop.is_set():
            try:
                await self._hear()
            except Exception as error:  # noqa: BLE001  the loop outlives whatever a bus does
                await patience.failed(error, stop)
            else:
                patience.succeeded()

    async def _hear(self) -> None:
        try:
            announcements = await self.feed.receive()
        except AnnouncementsLost as lost:
            self._heard_at = self.clock.now().timestamp()
            told = ActivityFailed(activity="listen", problem=str(lost), transient=True, retry_seconds=0.0)
            self.journal.record([told])
            self.recover(next_since(self.clock.now() - timedelta(seconds=lost.seconds)))
        else:
            self._heard_at = self.clock.now().timestamp()
            self.deliver(announcements)

    def silent_seconds(self) -> float:
        """How long the bus has not answered, in seconds; before its first answer, how long it was waited for."""
        return self.clock.now().timestamp() - self._heard_at

    async def check(self) -> None:
        """Do nothing as long as the bus answers.

        Raises:
            ServiceUnavailable: it has not for more than ``silence_seconds``: viewers of this process hear of nothing.
        """
        silent_seconds = self.silent_seconds()
        if silent_seconds > self.silence_seconds:
            raise ServiceUnavailable("the bus of announcements", f"it has not answered for {silent_seconds:.0f} s")
