"""The bus listener: takes announcements from a bus and passes them to the hub."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from attrs import define, field

from linkhub_adapters.runtime.waiting import Backoff
from linkhub_core.errors import AnnouncementsLost, ServiceUnavailable
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.ports import AnnouncementFeed, Clock, Journal
from linkhub_core.wire.shop_query import next_since


@define(kw_only=True)
class Listener:
    """Passes announcements from a feed to ``deliver``, each received batch in one call, which must not block.

    If the feed has lost announcements, it calls ``recover`` with the time of the first lost one: the subscribers then
    get them from the store. :meth:`check` is the readiness check: each answer of the bus counts, also an empty one.
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
        backoff = Backoff(activity="listen", journal=self.journal)
        while not stop.is_set():
            try:
                await self._hear()
            except Exception as error:  # noqa: BLE001  the loop survives any failure of the bus
                await backoff.failed(error, stop)
            else:
                backoff.succeeded()

    async def _hear(self) -> None:
        try:
            announcements = await self.feed.receive()
        except AnnouncementsLost as lost:
            self._heard_at = self.clock.now().timestamp()
            entry = ActivityFailed(activity="listen", problem=str(lost), transient=True, retry_seconds=0.0)
            self.journal.record([entry])
            self.recover(next_since(self.clock.now() - timedelta(seconds=lost.seconds)))
        else:
            self._heard_at = self.clock.now().timestamp()
            self.deliver(announcements)

    def silent_seconds(self) -> float:
        """The seconds since the last answer of the bus, or since the start."""
        return self.clock.now().timestamp() - self._heard_at

    async def check(self) -> None:
        """Check that the bus answers.

        Raises:
            ServiceUnavailable: no answer for more than ``silence_seconds``, far longer than a receive waits.
        """
        silent_seconds = self.silent_seconds()
        if silent_seconds > self.silence_seconds:
            raise ServiceUnavailable("the bus of announcements", f"it has not answered for {silent_seconds:.0f} s")
