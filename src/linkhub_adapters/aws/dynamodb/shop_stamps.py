"""The stamps of shops on DynamoDB: the second, and how many announcements of the shop this process has received.

DynamoDB does not report that a table has changed. So a page is kept for the rest of a second, and until an announcement
of its shop arrives. Announcements are counted in a fixed number of slots, by a hash of the seller: shops that share one
are read once more than necessary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from attrs import Factory, define

from linkhub_core.model.announcement import Announcement

SLOTS = 4_096


@define(eq=False, kw_only=True)
class DynamoDbShopStamps:
    """A :class:`~linkhub_core.ports.ShopStamps`; ``monotonic`` gives seconds."""

    max_age_seconds: float = 1.0
    monotonic: Callable[[], float] = time.monotonic
    _heard: list[int] = Factory(lambda: [0] * SLOTS)

    def current(self, seller_handle: str) -> tuple[int, int]:
        """See the port."""
        return int(self.monotonic() / self.max_age_seconds), self._heard[hash(seller_handle) % SLOTS]

    def received(self, announcements: Iterable[Announcement]) -> None:
        """Announcements have arrived: what was read of their shops before is out of date."""
        for announcement in announcements:
            self._heard[hash(announcement.key.seller_handle) % SLOTS] += 1
