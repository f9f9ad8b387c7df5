"""The two routes that read a shop. The core reads their parameters and says what is wrong with them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http import conditional, problems
from linkhub_core import catalog, codec, json_text
from linkhub_core.errors import InvalidQuery
from linkhub_core.use_cases import BrowseShop

__all__ = ["list_products", "show_product"]


async def list_products(browse: BrowseShop, request: Request) -> Response:
    """``GET /api/v1/shop/{handle}/products``: one page, newest first."""
    since = _once(request, "since")
    shop = await browse.page(
        request.path_params["handle"], limit=_once(request, "limit"), last_key=_once(request, "lastKey"), since=since
    )
    listing = json_text.dump(
        {
            "products": [codec.product_document(record) for record in shop.page.records],
            "pagination": _pagination(shop.page),
        }
    )
    metadata = {
        "sellerHandle": shop.seller_handle,
        "since": since if shop.since else None,
        "timestamp": codec.timestamp_text(shop.timestamp),
    }
    # The tag leaves out metadata.timestamp, which differs on each call: with it no answer would ever be a 304. A client
    # that gets a 304 goes on with its older timestamp as the next `since`. That is safe: it asks for a longer past,
    # and gets again, at worst, what it knows already.
    body = b'%b,"metadata":%b}' % (listing[:-1], json_text.dump(metadata))
    return conditional.respond(request, body, etag=conditional.strong_etag(listing))


async def show_product(browse: BrowseShop, request: Request) -> Response:
    """``GET /api/v1/shop/{handle}/products/{videoId}``: the product itself."""
    record = await browse.product(request.path_params["handle"], request.path_params["videoId"])
    if record is None:
        return problems.problem(
            request.scope, 404, "This shop has no product of that video.", kind=problems.UNKNOWN_PRODUCT
        )
    body = codec.encode_product(record)
    return conditional.respond(request, body, etag=conditional.strong_etag(body))


def _pagination(page: catalog.Page) -> dict[str, Any]:
    last_key = page.last_key
    return {
        "hasMore": page.has_more,
        "lastEvaluatedKey": None if last_key is None else catalog.encode_cursor(last_key),
        "count": len(page.records),
    }


def _once(request: Request, name: str) -> str | None:
    """A parameter of the query string that may stand at most once: two that differ would leave us to guess."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise InvalidQuery(name, "stands more than once")
    return values[0] if values else None
