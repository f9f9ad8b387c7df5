"""The rendered parts of shops, kept as long as the first page of products is the same.

Rule 1. What is kept answers only for the entity tag of the page that :class:`KeptPages` gives now, so HTML is as fresh
        as JSON.
Rule 2. All kept parts together have at most ``max_bytes``.
Rule 3. Large pages are rendered one at a time, product by product, so that other tasks run between.
"""

from __future__ import annotations

import asyncio
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.http.api.bounded_cache import BoundedCache
from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.page_body import PageBody
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_adapters.http.pages.shop_html import RenderedShop, ShopHtml
from linkhub_core.wire.shop_query import DEFAULT_LIMIT

_MAX_BYTES: Final = 33_554_432


@frozen
class _Kept:
    etag: str
    shop: RenderedShop

    @property
    def size_bytes(self) -> int:
        return self.shop.size_bytes


def _cache() -> BoundedCache[str, _Kept]:
    return BoundedCache(_MAX_BYTES)


@define(eq=False)
class KeptShops:
    """Rendered shops, from memory or from the page of their products. Used on one event loop.

    Args:
        pages: the first pages.
        html: renders them.
    """

    pages: KeptPages
    html: ShopHtml
    _kept: BoundedCache[str, _Kept] = field(factory=_cache, init=False)
    _large: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def first(self, seller_handle: str) -> tuple[RenderedShop, PageBody]:
        """The parts of a shop's pages, and the page of products that they show.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        body, _ = await self.pages.first(seller_handle, DEFAULT_LIMIT)
        kept = self._kept.get(seller_handle)
        if kept is None or kept.etag != body.etag:
            kept = _Kept(body.etag, await self.render(seller_handle, body))
            self._kept.keep(seller_handle, kept)
        return kept.shop, body

    async def render(self, seller_handle: str, body: PageBody, *, is_first_page: bool = True) -> RenderedShop:
        """Render a page of products."""
        if not body.is_large:
            products = [ProductView.of(seller_handle, document) for document in body.documents()]
        else:
            async with self._large:
                products = []
                for document in body.documents():
                    products.append(ProductView.of(seller_handle, document))
                    await asyncio.sleep(0)
        return self.html.render(seller_handle, products, body.last_key, is_first_page=is_first_page)
