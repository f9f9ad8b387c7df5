"""The table of routes, with a shortcut to what every client loads: the first page of a shop, as JSON and as HTML.

The shortcut and the route answer by the same function; the shortcut only saves the walk through the table and the
parsing of parameters. It is behind all middlewares, so headers, CORS and errors are the same. A request that it does
not recognise goes through the table.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.products import first_page
from linkhub_core.errors import InvalidQuery
from linkhub_core.wire.shop_query import is_seller, parse_limit, parse_seller

_FIRST_PAGE: Final = re.compile(r"(?:/api/v1/shop/([A-Za-z0-9._-]+)/products|/shop/([A-Za-z0-9._-]+))")
# A longer address is no first page, and must not fill the cache of addresses.
_MAX_PATH_CHARACTERS: Final = 86
_MAX_QUERY_BYTES: Final = 8
_LIMIT: Final = re.compile(rb"(?:limit=([0-9]{0,2}))?")


ShowHtml = Callable[[Request, str], Awaitable[Response]]


class ShopRouter(Router):
    """Starlette's router, and the shortcut.

    Args:
        routes: the table.
        pages: answers the shortcut.
        show_html: answers that to the HTML of a shop.
    """

    def __init__(self, routes: Sequence[BaseRoute], pages: KeptPages, show_html: ShowHtml) -> None:
        super().__init__(routes)
        self._pages = pages
        self._show_html = show_html

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        asked = _first_page_asked_for(scope)
        if asked is None:
            await super().__call__(scope, receive, send)
            return
        seller_handle, limit = asked
        if limit is None:
            answer = await self._show_html(Request(scope), seller_handle)
        else:
            answer = await first_page(self._pages, Request(scope), seller_handle, limit)
        await answer(scope, receive, send)


def _first_page_asked_for(scope: Scope) -> tuple[str, int | None] | None:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    path, query = scope["path"], scope["query_string"]
    if len(path) > _MAX_PATH_CHARACTERS or len(query) > _MAX_QUERY_BYTES:
        return None
    return _first_page_of(path, query)


@lru_cache(maxsize=4_096)
def _first_page_of(path: str, query: bytes) -> tuple[str, int | None] | None:
    """The shop whose first page is asked for, and the limit, which HTML does not have; None for other requests."""
    found, limit = _FIRST_PAGE.fullmatch(path), _LIMIT.fullmatch(query)
    if found is None or limit is None:
        return None
    if found[2] is not None:
        return (found[2], None) if not query and is_seller(found[2]) else None
    try:
        return parse_seller(found[1]), parse_limit(limit[1].decode() if limit[1] else None)
    except InvalidQuery:
        return None
