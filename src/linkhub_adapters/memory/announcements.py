"""The bus of one process: a notifier that fills the feeds which are open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from attrs import define, field

from linkhub_core.model import Announcement, HalfReport


@define(eq=False)
class MemoryAnnouncementFeed:
    """An :class:`~linkhub_core.ports.AnnouncementFeed` that keeps up to ``most`` announcements between two calls."""

    receive_wait_seconds: float
    most: int
    pending: list[Announcement] = field(factory=list)
    arrived: asyncio.Event = field(factory=asyncio.Event)

    def put(self, announcements: Sequence[Announcement]) -> None:
        """Add announcements; drop the oldest beyond ``most``."""
        self.pending += announcements
        del self.pending[: -self.most]
        self.arrived.set()

    async def receive(self) -> Sequence[Announcement]:
        """See the port."""
        try:
            async with asyncio.timeout(self.receive_wait_seconds):
                await self.arrived.wait()
        except TimeoutError:
            return []
        taken, self.pending = self.pending, []
        self.arrived.clear()
        return taken


@define(eq=False)
class MemoryAnnouncements:
    """A :class:`~linkhub_core.ports.Notifier` whose feeds live in the same process."""

    feeds: list[MemoryAnnouncementFeed] = field(factory=list)

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        for feed in self.feeds:
            feed.put(announcements)

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port: no other service can subscribe."""

    @asynccontextmanager
    async def open_feed(
        self, *, receive_wait_seconds: float = 1.0, most: int = 10_000
    ) -> AsyncIterator[MemoryAnnouncementFeed]:
        """Open a feed of the announcements from now on.

        Args:
            receive_wait_seconds: how long ``receive`` waits for the first announcement.
            most: how many announcements a feed keeps that nothing receives; the oldest are dropped first.
        """
        feed = MemoryAnnouncementFeed(receive_wait_seconds, most)
        self.feeds.append(feed)
        try:
            yield feed
        finally:
            self.feeds.remove(feed)
