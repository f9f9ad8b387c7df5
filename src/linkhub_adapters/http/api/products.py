"""The two routes that read a shop. The core reads their parameters and says what is wrong with them."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import entity_tags as conditional
from linkhub_adapters.http.api import problems
from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.page_body import Listing, etag_of
from linkhub_core.application import BrowseShop
from linkhub_core.errors import InvalidQuery
from linkhub_core.wire import codec, json_text

__all__ = ["first_page", "list_products", "show_product"]


async def list_products(pages: KeptPages, request: Request) -> Response:
    """``GET /api/v1/shop/{handle}/products``: one page, newest first."""
    since = _once(request, "since")
    query = pages.browse.query(
        request.path_params["handle"], limit=_once(request, "limit"), last_key=_once(request, "lastKey"), since=since
    )
    if query.since is None and query.before is None:
        return await first_page(pages, request, query.seller_handle, query.limit)
    shop = await pages.browse.read(query)
    return _answer(request, Listing.of(shop.page), query.seller_handle, shop.timestamp, since if query.since else None)


async def first_page(pages: KeptPages, request: Request, seller_handle: str, limit: int) -> Response:
    """The first page of a shop, for the route and for the short way to it.

    Raises:
        ServiceUnavailable: the store does not answer.
    """
    listing, timestamp = await pages.first(seller_handle, limit)
    return _answer(request, listing, seller_handle, timestamp, None)


def _answer(request: Request, listing: Listing, seller_handle: str, timestamp: datetime, since: str | None) -> Response:
    metadata = {"sellerHandle": seller_handle, "since": since, "timestamp": codec.timestamp_text(timestamp)}
    tail = b',"metadata":%b}' % json_text.dump(metadata)
    if len(listing.parts) > 1:
        return conditional.respond_in_slices(request, [*listing.parts, tail], etag=listing.etag)
    return conditional.respond(request, listing.parts[0] + tail, etag=listing.etag)


async def show_product(browse: BrowseShop, request: Request) -> Response:
    """``GET /api/v1/shop/{handle}/products/{videoId}``: the product itself."""
    product = await browse.product(request.path_params["handle"], request.path_params["videoId"])
    if product is None:
        return problems.problem(
            request.scope, 404, "This shop has no product of that video.", kind=problems.UNKNOWN_PRODUCT
        )
    return conditional.respond(request, product.document, etag=etag_of([product]))


def _once(request: Request, name: str) -> str | None:
    """A parameter of the query string. An empty one counts as absent; two with values are a fault of the client."""
    values = [value for value in request.query_params.getlist(name) if value]
    if len(values) > 1:
        raise InvalidQuery(name, "stands more than once")
    return values[0] if values else None
