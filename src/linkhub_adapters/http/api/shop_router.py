"""The table of routes, with a shortcut to the address that every client loads: the first page of a shop.

The shortcut and the route answer by the same function; the shortcut only saves the walk through the table and the
parsing of parameters. It is behind all middlewares, so headers, CORS and errors are the same. A request that it does
not recognise goes through the table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute, Router
from starlette.types import Receive, Scope, Send

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.products import first_page
from linkhub_core.errors import InvalidQuery
from linkhub_core.wire.shop_query import parse_limit, parse_seller

_FIRST_PAGE: Final = re.compile(r"/api/v1/shop/([A-Za-z0-9._-]+)/products")
# A longer address is no first page, and must not fill the cache of addresses.
_MAX_PATH_CHARACTERS: Final = 86
_MAX_QUERY_BYTES: Final = 8
_LIMIT: Final = re.compile(rb"(?:limit=([0-9]{0,2}))?")


class ShopRouter(Router):
    """Starlette's router, and the shortcut.

    Args:
        routes: the table.
        pages: answers the shortcut.
    """

    def __init__(self, routes: Sequence[BaseRoute], pages: KeptPages) -> None:
        super().__init__(routes)
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        asked = _first_page_asked_for(scope)
        if asked is None:
            await super().__call__(scope, receive, send)
            return
        answer = await first_page(self._pages, Request(scope), *asked)
        await answer(scope, receive, send)


def _first_page_asked_for(scope: Scope) -> tuple[str, int] | None:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    path, query = scope["path"], scope["query_string"]
    if len(path) > _MAX_PATH_CHARACTERS or len(query) > _MAX_QUERY_BYTES:
        return None
    return _first_page_of(path, query)


@lru_cache(maxsize=4_096)
def _first_page_of(path: str, query: bytes) -> tuple[str, int] | None:
    """The shop whose first page is asked for, and the limit; None for all other requests."""
    found, limit = _FIRST_PAGE.fullmatch(path), _LIMIT.fullmatch(query)
    if found is None or limit is None:
        return None
    try:
        return parse_seller(found[1]), parse_limit(limit[1].decode() if limit[1] else None)
    except InvalidQuery:
        return None
