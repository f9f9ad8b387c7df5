"""The pages of shops and of their products.

| address                               | answer                                                                    |
|---------------------------------------|---------------------------------------------------------------------------|
| ``/shop/{handle}``                    | the shop, also an empty one; ``?lastKey=``: a later page, without scripts |
| ``/shop/{handle}/products/{videoId}`` | the product over its shop; 404 if there is none, 410 if it was withdrawn  |

While the store does not answer, both are the page without products and a 503: its scripts try again.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import responses
from linkhub_adapters.http.api.page_body import PageBody, etag_of
from linkhub_adapters.http.api.problems import FailedRequest
from linkhub_adapters.http.api.products import once
from linkhub_adapters.http.pages.kept_shops import KeptShops
from linkhub_adapters.http.pages.product_view import ProductView
from linkhub_core.errors import InvalidQuery, TransientError
from linkhub_core.wire import json_text
from linkhub_core.wire.shop_query import parse_seller


@frozen(kw_only=True)
class ShopPages:
    """The routes.

    Args:
        shops: the rendered shops.
        failed: called for each request that a store did not answer.
        retry_after_seconds: the ``Retry-After`` of a 503.
    """

    shops: KeptShops
    failed: Callable[[FailedRequest], None]
    retry_after_seconds: int

    async def show_shop(self, request: Request) -> Response:
        """``GET /shop/{handle}``."""
        seller_handle = seller_of(request)
        last_key = once(request, "lastKey")
        if not last_key:
            return await self.show_first_page(request, seller_handle)
        try:
            return await self._later_page(request, seller_handle, last_key)
        except TransientError as error:
            return self._unavailable(request, seller_handle, error)

    async def show_first_page(self, request: Request, seller_handle: str) -> Response:
        """The page of a shop, for the route and for the short way to it."""
        try:
            shop, cursor = await self.shops.first(seller_handle)
        except TransientError as error:
            return self._unavailable(request, seller_handle, error)
        return await responses.respond(request, shop, ending=self.shops.html.ending(cursor))

    async def show_product(self, request: Request) -> Response:
        """``GET /shop/{handle}/products/{videoId}``."""
        seller_handle = seller_of(request)
        try:
            return await self._product(request, seller_handle, request.path_params["videoId"])
        except TransientError as error:
            return self._unavailable(request, seller_handle, error)

    async def _later_page(self, request: Request, seller_handle: str, last_key: str) -> Response:
        found = await self.shops.pages.browse.page(seller_handle, last_key=last_key)
        shop = await self.shops.render(seller_handle, PageBody.of_page(found.page), is_first_page=False)
        return await responses.respond(request, shop, ending=self.shops.html.ending(None))

    async def _product(self, request: Request, seller_handle: str, video_id: str) -> Response:
        shop, cursor = await self.shops.first(seller_handle)
        html = self.shops.html
        try:
            stored = await self.shops.pages.browse.product(seller_handle, video_id)
        except InvalidQuery:
            stored = None
        if stored is None or stored.is_withdrawn:
            absent = html.absent_page(shop, cursor, is_withdrawn=stored is not None)
            headers = {"cache-control": "no-store"}
            return Response(absent, 404 if stored is None else 410, headers, media_type="text/html")
        product = ProductView.of(seller_handle, json_text.parse(stored.document.decode()))
        page = html.product_page(shop, product, f"{shop.etag}{etag_of([stored])}")
        return await responses.respond(request, page, ending=html.ending(cursor))

    def _unavailable(self, request: Request, seller_handle: str, error: TransientError) -> Response:
        self.failed(FailedRequest(method=request.method, path=request.scope["path"], status=503, error=error))
        headers = {"cache-control": "no-store", "retry-after": str(self.retry_after_seconds)}
        html = self.shops.html
        page = html.without_products(seller_handle).content + html.ending(None)
        return Response(page, 503, headers, media_type="text/html")


def seller_of(request: Request) -> str:
    """The handle of the path; one that no seller can have is a 404."""
    try:
        return parse_seller(request.path_params["handle"])
    except InvalidQuery as error:
        raise HTTPException(404, f"There is no such shop: its handle {error.problem}.") from error
