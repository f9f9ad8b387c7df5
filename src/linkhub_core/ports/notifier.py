"""How the news of a product travels: from whoever saved it to every process that has viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from linkhub_core.model.announcement import Announcement

__all__ = ["AnnouncementFeed", "Notifier"]


class Notifier(Protocol):
    """Takes news. At least once: the same announcement may come again, and receivers drop it."""

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """Hand over announcements; when it returns, every process with viewers will get them.

        Raises:
            ServiceUnavailable: some may have been handed over, some not; handing over all again is safe.
        """
        ...


class AnnouncementFeed(Protocol):
    """The news as one process with viewers hears it, from the moment that the feed was opened."""

    async def receive(self) -> Sequence[Announcement]:
        """The next announcements, in order of arrival; empty when none came within the adapter's waiting time.

        Raises:
            ServiceUnavailable: the bus cannot be reached; nothing is lost by asking again.
            AnnouncementsLost: the bus has forgotten some before this listener came for them; asking again goes on from
            there.
        """
        ...
