"""Whether a shop has changed since it was read: what a kept page is valid for."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

__all__ = ["ShopStamps"]


class ShopStamps(Protocol):
    """Gives a stamp that changes with a shop, at next to no cost and without waiting.

    Take the stamp, then read the shop: the answer is valid as long as :meth:`current` gives an equal stamp.
    """

    @property
    def max_age_seconds(self) -> float:
        """How old such an answer may be at most; 0 where the stamp differs as soon as a change can be read."""
        ...

    def current(self, seller_handle: str) -> Hashable | None:
        """The stamp of the shop now; None if it is not known: then no page may be kept.

        It differs from every earlier one after a change that readers can see, at the latest ``max_age_seconds`` after
        it. It may differ without a change, too.
        """
        ...
