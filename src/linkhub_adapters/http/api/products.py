"""The two routes that read a shop. The core checks their parameters."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from linkhub_adapters.http.api import problems, responses
from linkhub_adapters.http.api.encoded_body import EncodedBody
from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.page_body import PageBody, etag_of
from linkhub_core.application import BrowseShop
from linkhub_core.errors import InvalidQuery
from linkhub_core.ports import UnknownCursor
from linkhub_core.wire import codec, json_text

_CURSOR_UNKNOWN: Final = "This server did not give this cursor. Load the first page and go on from its cursor."


async def list_products(pages: KeptPages, request: Request) -> Response:
    """``GET /api/v1/shop/{handle}/products``: one page, newest first, or what changed after a cursor."""
    seller_handle = request.path_params["handle"]
    limit, last_key, since, cursor = (once(request, name) for name in ("limit", "lastKey", "since", "cursor"))
    if cursor is not None:
        timestamp = pages.browse.timestamp()
        found = await pages.browse.changes(seller_handle, cursor=cursor, limit=limit, last_key=last_key, since=since)
        if isinstance(found, UnknownCursor):
            return problems.problem(request.scope, 410, _CURSOR_UNKNOWN, kind=problems.UNKNOWN_CURSOR)
        return await _answer(request, PageBody.of_changes(found), seller_handle, timestamp)
    query = pages.browse.query(seller_handle, limit=limit, last_key=last_key, since=since)
    if query.gives_cursor:
        return await first_page(pages, request, query.seller_handle, query.limit)
    shop = await pages.browse.read(query)
    return await _answer(
        request, PageBody.of_page(shop.page), query.seller_handle, shop.timestamp, since if query.since else None
    )


async def first_page(pages: KeptPages, request: Request, seller_handle: str, limit: int) -> Response:
    """The first page of a shop, for the route and for the short way to it.

    Raises:
        ServiceUnavailable: the store does not answer.
    """
    body, timestamp = await pages.first(seller_handle, limit)
    return await _answer(request, body, seller_handle, timestamp)


async def _answer(
    request: Request, body: PageBody, seller_handle: str, timestamp: datetime, since: str | None = None
) -> Response:
    metadata = {"sellerHandle": seller_handle, "since": since, "timestamp": codec.timestamp_text(timestamp)}
    if body.cursor is not None:
        metadata["cursor"] = body.cursor
    tail = b',"metadata":%b}' % json_text.dump(metadata)
    return await responses.respond(request, body, ending=tail)


async def show_product(browse: BrowseShop, request: Request) -> Response:
    """``GET /api/v1/shop/{handle}/products/{videoId}``: the product itself, or a 410 if it was withdrawn."""
    product = await browse.product(request.path_params["handle"], request.path_params["videoId"])
    if product is None:
        return problems.unknown_product(request.scope)
    if product.is_withdrawn:
        return problems.problem(request.scope, 410, "The seller has withdrawn this product.", kind=problems.WITHDRAWN)
    return await responses.respond(request, EncodedBody(parts=(product.document,), etag=etag_of([product])))


def once(request: Request, name: str) -> str | None:
    """A parameter of the query string. An empty one counts as absent; two with values are an error."""
    values = [value for value in request.query_params.getlist(name) if value]
    if len(values) > 1:
        raise InvalidQuery(name, "is there more than once")
    return values[0] if values else None
