"""The rendered pages of shops, kept with the products that they show.

A page of products that :class:`KeptPages` keeps carries its HTML, so HTML is as fresh as JSON, within the same bound of
memory. Large pages are rendered one at a time, product by product, so that other tasks run between.
"""

from __future__ import annotations

import asyncio

from attrs import define, field

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.page_body import PageBody
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_adapters.http.pages.shop_html import RenderedShop, ShopHtml
from linkhub_core.wire.shop_query import DEFAULT_LIMIT


@define(eq=False)
class KeptShops:
    """Rendered shops, from memory or from the page of their products. Used on one event loop.

    Args:
        pages: the first pages.
        html: renders them.
    """

    pages: KeptPages
    html: ShopHtml
    _large: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def first(self, seller_handle: str) -> tuple[RenderedShop, str | None]:
        """The page of a shop, and the cursor of its products.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        body, _ = await self.pages.first(seller_handle, DEFAULT_LIMIT)
        shop = body.rendered
        if not isinstance(shop, RenderedShop):
            shop = await self.render(seller_handle, body)
            body.keep(shop)
        return shop, body.cursor

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
        return self.html.render(seller_handle, products, body.last_key, body.etag, is_first_page=is_first_page)
