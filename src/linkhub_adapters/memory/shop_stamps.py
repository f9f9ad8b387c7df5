"""The stamps of shops in memory: what the store counts."""

from __future__ import annotations

from attrs import frozen

from linkhub_adapters.memory.product_store import MemoryProductStore

__all__ = ["MemoryShopStamps"]


@frozen
class MemoryShopStamps:
    """A :class:`~linkhub_core.ports.ShopStamps` of a store; products that a test puts in its rows are not counted."""

    store: MemoryProductStore
    max_age_seconds: float = 0.0

    def current(self, seller_handle: str) -> int:
        """See the port."""
        return self.store.writes[seller_handle]
