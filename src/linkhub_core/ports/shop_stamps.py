"""Stamps that change with a shop: a cached page is valid while the stamp of its shop is equal."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol


class ShopStamps(Protocol):
    """Gives the stamps of shops, quickly and without waiting.

    Take the stamp, then read the shop. The page is valid while :meth:`current` gives an equal stamp.
    """

    @property
    def max_age_seconds(self) -> float:
        """The longest time for which an outdated page is taken for valid; 0 if a stamp changes with its shop."""
        ...

    def current(self, seller_handle: str) -> Hashable | None:
        """The present stamp of a shop; None if it is unknown, so that no page may be cached.

        After a visible change it differs from all earlier stamps, at the latest ``max_age_seconds`` later. It may also
        differ without a change.
        """
        ...
