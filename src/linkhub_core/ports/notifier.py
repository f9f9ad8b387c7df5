"""The bus of announcements: from the process that saved a product to every process that has subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from linkhub_core.model.announcement import Announcement
from linkhub_core.model.half_report import HalfReport


class Notifier(Protocol):
    """Delivers announcements and reports at least once: the same one may come again, and receivers drop it."""

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """Hand over announcements; when this returns, each process with subscribers will get them.

        Raises:
            ServiceUnavailable: some may have been handed over, some not; handing over all again is safe.
        """
        ...

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """Hand over reports of halves that wait long, for the owners of the workers; no feed receives them.

        A bus that no other service can subscribe to does nothing.

        Raises:
            ServiceUnavailable: as :meth:`notify`.
        """
        ...


class AnnouncementFeed(Protocol):
    """The announcements that one process with subscribers gets, from the moment that the feed was opened.

    The bus of a store that numbers its changes is ordered: announcements come after those of each ``notify`` that had
    returned before theirs was called, also to a feed that lost some. The cursors on events rely on it: an event carries
    the number just below the shop's lowest change that was not announced when its product was saved, so all changes up
    to that number were given to the bus before. The bus of a store that stamps its changes may deliver out of order,
    within the margin of :mod:`linkhub_core.model.change_stamps`.
    """

    async def receive(self) -> Sequence[Announcement]:
        """The next announcements, in the order of the bus; empty if none came within the adapter's waiting time.

        Raises:
            ServiceUnavailable: the bus cannot be reached; nothing is lost by asking again.
            AnnouncementsLost: the bus dropped some before this listener took them; asking again goes on behind them.
        """
        ...
