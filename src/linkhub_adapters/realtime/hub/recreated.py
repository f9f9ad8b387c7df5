"""Announcements of a product with another life than the one announced last: the store decides which life is current.

An announcement whose life is the stored one is broadcast; any other is late, of a product that was deleted, and is
dropped. Announcements that wait for a read are decided in their order. If another life of a product was broadcast
during the read, the read may be older than that life, and the announcement waits for the next read. A read that fails
is tried again for some seconds. If the store, or its row, cannot be read then, or if too many announcements wait, they
are broadcast: an old product on a page is a smaller fault than a missing new one.

While an announcement of a shop waits, later events of the shop must have no cursor: their holders were not given it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from attrs import define, field

from linkhub_core.model import Announcement, ProductKey, StoredProduct
from linkhub_core.ports import ProductReader, Unreadable

MAX_WAITING: Final = 1_000
RETRY_SECONDS: Sequence[float] = (0.5, 1.0, 2.0, 4.0)
"""The pauses before a read that failed is tried again."""


@define(eq=False, kw_only=True)
class RecreatedProducts:
    """Decides about announcements of another life.

    Args:
        products: the store.
        known_life: the life of a product that was broadcast last, or None.
        broadcast: takes an announcement that is current.
        report: takes what a read, or ``broadcast``, raised.
    """

    products: ProductReader
    known_life: Callable[[ProductKey], int | None]
    broadcast: Callable[[Announcement], None]
    report: Callable[[Exception], None]
    _waiting: list[Announcement] = field(factory=list, init=False)
    _waiting_in_shop: Counter[str] = field(factory=Counter, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    def decide(self, announcement: Announcement) -> None:
        """Broadcast an announcement if its life is the stored one. One read serves all that wait."""
        if len(self._waiting) >= MAX_WAITING:
            self._try_to_broadcast(announcement)
            return
        self._waiting.append(announcement)
        self._waiting_in_shop[announcement.key.seller_handle] += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._decide_all())

    def is_waiting(self, seller_handle: str) -> bool:
        """Whether an announcement of this shop waits."""
        return seller_handle in self._waiting_in_shop

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
                        continue
                    self._forget(key.seller_handle)
                    if _is_current(announcement, stored):
                        self._try_to_broadcast(announcement)
                        known[key] = self.known_life(key)
                self._waiting = overtaken + self._waiting
        finally:
            self._task = None

    def _forget(self, seller_handle: str) -> None:
        self._waiting_in_shop[seller_handle] -= 1
        if not self._waiting_in_shop[seller_handle]:
            del self._waiting_in_shop[seller_handle]

    async def _find(self, keys: set[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable] | None:
        for pause_seconds in (*RETRY_SECONDS, None):
            try:
                return await self.products.read(list(keys))
            except Exception as error:  # noqa: BLE001  the announcements are decided, whatever the store raises
                self.report(error)
            if pause_seconds is not None:
                await asyncio.sleep(pause_seconds)
        return None

    def _try_to_broadcast(self, announcement: Announcement) -> None:
        try:
            self.broadcast(announcement)
        except Exception as error:  # noqa: BLE001  one that cannot be encoded must not stop the others
            self.report(error)


def _is_current(announcement: Announcement, stored: Mapping[ProductKey, StoredProduct | Unreadable] | None) -> bool:
    """Whether the life of an announcement is the stored one; None if the read failed."""
    if stored is None:
        return True
    product = stored.get(announcement.key)
    if isinstance(product, Unreadable):
        return True
    return product is not None and product.created_at == announcement.created_at
