"""A bus of announcements within one process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import define, field

from linkhub_core.model.announcement import Announcement

__all__ = ["MemoryAnnouncementFeed", "MemoryAnnouncements"]


@define(eq=False)
class MemoryAnnouncementFeed:
    """What one listener has not taken yet. Bounded: a listener that sleeps loses the oldest, as on any bus."""

    wait_seconds: float
    most: int
    pending: list[Announcement] = field(factory=list)
    arrived: asyncio.Event = field(factory=asyncio.Event)

    def put(self, announcements: Sequence[Announcement]) -> None:
        """Add announcements; beyond ``most`` the oldest go."""
        self.pending += announcements
        del self.pending[: -self.most]
        self.arrived.set()

    async def receive(self) -> Sequence[Announcement]:
        """See :class:`~linkhub_core.ports.AnnouncementFeed`."""
        try:
            async with asyncio.timeout(self.wait_seconds):
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
        """Hand the announcements to every open feed."""
        for feed in self.feeds:
            feed.put(announcements)

    def open_feed(self, *, wait_seconds: float = 1.0, most: int = 10_000) -> MemoryAnnouncementFeed:
        """Listen from now on.

        Args:
            wait_seconds: how long a ``receive`` waits for the first announcement.
            most: how many announcements are kept for a listener that does not take them.
        """
        feed = MemoryAnnouncementFeed(wait_seconds, most)
        self.feeds.append(feed)
        return feed
