"""The shops of the products in memory."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.memory.product_store import MemoryProductStore
from linkhub_core.ports import Shop
from linkhub_core.wire.shop_query import PageQuery


@frozen(kw_only=True)
class MemoryShopDirectory:
    """A :class:`~linkhub_core.ports.ShopDirectory` of a store, in the order of the handles. It looks at every row."""

    products: MemoryProductStore

    async def handles(self, *, after: str | None, limit: int) -> Sequence[str]:
        """See the port."""
        handles = {key.seller_handle for key in (*self.products.rows, *self.products.unreadable)}
        return sorted(handle for handle in handles if after is None or handle > after)[:limit]

    async def describe(self, seller_handles: Sequence[str]) -> Sequence[Shop]:
        """See the port."""
        shops = [await self._describe(handle) for handle in seller_handles]
        return [shop for shop in shops if shop.products or shop.withdrawn]

    async def _describe(self, seller_handle: str) -> Shop:
        rows = [row async for row in self.products.scan(seller_handle=seller_handle)]
        withdrawn = sum(getattr(row, "is_withdrawn", False) for row in rows)
        page = await self.products.page(PageQuery(seller_handle=seller_handle, limit=1))
        return Shop(
            seller_handle=seller_handle,
            products=len(rows) - withdrawn,
            withdrawn=withdrawn,
            newest=next(iter(page.products), None),
        )
