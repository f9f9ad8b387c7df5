"""The list of shops for operators: how many products each has, and the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_core.ports.shop_directory import Shop, ShopDirectory
from linkhub_core.wire import json_text
from linkhub_core.wire.shop_query import decode_last_shop, encode_last_shop, parse_limit


@frozen(kw_only=True)
class ShopList:
    """A page of shops; ``last`` is the handle behind which the next page starts, None on the last page."""

    shops: Sequence[Shop]
    last: str | None

    @property
    def document(self) -> Mapping[str, Any]:
        """The page as JSON."""
        last_key = None if self.last is None else encode_last_shop(self.last)
        pagination = {"hasMore": last_key is not None, "lastEvaluatedKey": last_key, "count": len(self.shops)}
        return {"shops": list(map(shop_document, self.shops)), "pagination": pagination}


def shop_document(shop: Shop) -> Mapping[str, Any]:
    """A shop as JSON."""
    newest = None
    if shop.newest is not None:
        product = json_text.parse(shop.newest.document.decode())
        newest = {name: product[name] for name in ("video_id", "title", "created_at", "updated_at")}
    return {
        "seller_handle": shop.seller_handle,
        "products": shop.products,
        "withdrawn": shop.withdrawn,
        "newest_product": newest,
    }


@frozen(kw_only=True)
class ListShops:
    """Lists shops page by page, in the order of the store."""

    directory: ShopDirectory

    async def page(self, *, limit: str | None, last_key: str | None) -> ShopList:
        """A page, from the parameters of a query string.

        Raises:
            InvalidQuery: a parameter breaks a rule.
            ServiceUnavailable: the store does not answer.
        """
        return await self.read(after=decode_last_shop(last_key), limit=parse_limit(limit))

    async def read(self, *, after: str | None, limit: int) -> ShopList:
        """At most ``limit`` shops behind a handle.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        handles = await self.directory.handles(after=after, limit=limit + 1)
        wanted = handles[:limit]
        return ShopList(shops=await self.directory.describe(wanted), last=wanted[-1] if len(handles) > limit else None)

    async def has_any(self) -> bool:
        """Whether the store has any product; the cost is that of one row.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        return bool(await self.directory.handles(after=None, limit=1))
