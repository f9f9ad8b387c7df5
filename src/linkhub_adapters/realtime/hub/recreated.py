"""Announcements of a product that has another life than the one announced last: the store decides which one counts.

An announcement whose life is the stored one goes to the viewers; any other is late news of a product that was deleted,
and is dropped. Announcements that wait for a read are decided in their order. If another life of a product was shown
while the read was under way, the read may be older than that life, and the announcement waits for the next one. A read
that fails is tried again for some seconds. If the store, or its row, cannot be read then, or if too many wait for it,
they go to the viewers: an old product on a page is a smaller fault than a new one that is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import define, field

from linkhub_core.model import ProductKey
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import ProductReader, Unreadable

__all__ = ["RecreatedProducts"]

MAX_WAITING: Final = 1_000
RETRY_SECONDS: Sequence[float] = (0.5, 1.0, 2.0, 4.0)
"""The pauses before a read that failed is tried again."""


@define(eq=False, kw_only=True)
class RecreatedProducts:
    """Decides about announcements of another life.

    Args:
        products: the store.
        known_life: the life of a product that was shown last, or None.
        show: takes an announcement that counts.
        report: takes what a read, or ``show``, raised.
    """

    products: ProductReader
    known_life: Callable[[ProductKey], int | None]
    show: Callable[[Announcement], None]
    report: Callable[[Exception], None]
    _waiting: list[Announcement] = field(factory=list, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def decide(self, announcement: Announcement) -> None:
        """Show an announcement if its life is the stored one. One read serves all that wait."""
        if len(self._waiting) >= MAX_WAITING:
            self._try_to_show(announcement)
            return
        self._waiting.append(announcement)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._decide_all())

    def cancel(self) -> None:
        """Stop the read that is under way."""
        if self._task is not None:
            self._task.cancel()

    async def _decide_all(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                known = {announcement.key: self.known_life(announcement.key) for announcement in waiting}
                stored = await self._find(set(known))
                overtaken = []
                for announcement in waiting:
                    key = announcement.key
                    if self.known_life(key) != known[key]:
                        overtaken.append(announcement)
                    elif _counts(announcement, stored):
                        self._try_to_show(announcement)
                        known[key] = self.known_life(key)
                self._waiting = overtaken + self._waiting
        finally:
            self._task = None

    async def _find(self, keys: set[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable] | None:
        for pause_seconds in (*RETRY_SECONDS, None):
            try:
                return await self.products.read(list(keys))
            except Exception as error:  # noqa: BLE001  the announcements are decided, whatever the store raises
                self.report(error)
            if pause_seconds is not None:
                await asyncio.sleep(pause_seconds)
        return None

    def _try_to_show(self, announcement: Announcement) -> None:
        try:
            self.show(announcement)
        except Exception as error:  # noqa: BLE001  one that cannot be encoded keeps no other from the viewers
            self.report(error)


def _counts(announcement: Announcement, stored: Mapping[ProductKey, StoredProduct | Unreadable] | None) -> bool:
    """Whether the life of an announcement is the stored one; None if the read failed."""
    if stored is None:
        return True
    product = stored.get(announcement.key)
    if isinstance(product, Unreadable):
        return True
    return product is not None and product.created_at == announcement.created_at
