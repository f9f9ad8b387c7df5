"""The shops of the products table.

    question       calls                                         read units
    -------------  --------------------------------------------  -----------------------------------------------------
    a handle       a Scan of one row behind the shop before      one for 4 kB of that row
    both counts    a Query of the index, without its entries     one for about 80 rows
    the newest     a page of one product                         as a page of a shop

A Scan goes through the shops in the order of a hash. It starts behind the greatest key that a shop can have, so it
reads no second row of the shop. Rows without a stamp are not in the index: while the table holds more items than the
index, and without the index, counts read the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from linkhub_adapters.aws.client.errors import code_of, is_index_missing
from linkhub_adapters.aws.client.gather_all import gather_all
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.resources import STAMP_INDEX
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Availability
from linkhub_core.ports import Shop
from linkhub_core.wire.shop_query import PageQuery, is_seller

_BEHIND_ALL = {"S": "\U0010ffff"}
_IN_INDEX = "attribute_not_exists(availability) OR availability <> :withdrawn"
# Without listing_version, availability is another service's.
_IN_TABLE = f"attribute_not_exists(listing_version) OR {_IN_INDEX}"


@define(kw_only=True, eq=False)
class DynamoDbShopDirectory:
    """A :class:`~linkhub_core.ports.ShopDirectory` of the products table."""

    products: DynamoDbProductStore
    _is_index_unusable: bool = field(default=False, init=False)

    async def handles(self, *, after: str | None, limit: int) -> Sequence[str]:
        """See the port."""
        handles: list[str] = []
        while len(handles) < limit and (after := await self._next(after)) is not None:
            if is_seller(after):
                handles.append(after)
        return handles

    async def _next(self, after: str | None) -> str | None:
        calls, asked = self.products.calls, self._asked(Limit=1, ConsistentRead=True)
        asked["ProjectionExpression"] = "seller_handle"
        if after is not None:
            asked["ExclusiveStartKey"] = {"seller_handle": {"S": after}, "video_id": _BEHIND_ALL}
        async for items in calls.pages("scan", **asked):
            for item in items:
                return str(item["seller_handle"]["S"])
        return None

    async def describe(self, seller_handles: Sequence[str]) -> Sequence[Shop]:
        """See the port."""
        await self.products.cursors.learn()
        shops = await gather_all(map(self._describe, seller_handles))
        return [shop for shop in shops if shop.products or shop.withdrawn]

    async def _describe(self, seller_handle: str) -> Shop:
        rows, visible = await self._count(seller_handle)
        page = await self.products.page(PageQuery(seller_handle=seller_handle, limit=1))
        return Shop(
            seller_handle=seller_handle,
            products=visible,
            withdrawn=rows - visible,
            newest=next(iter(page.products), None),
        )

    async def _count(self, seller_handle: str) -> tuple[int, int]:
        """How many rows a shop has, and how many of them are visible."""
        if not self._is_index_unusable and not self.products.cursors.has_unstamped:
            try:
                return await self._counted(seller_handle, IndexName=STAMP_INDEX, FilterExpression=_IN_INDEX)
            except ServiceUnavailable as error:
                if not is_index_missing(error) and code_of(error) != "AccessDeniedException":
                    raise
                self._is_index_unusable = True
        return await self._counted(seller_handle, FilterExpression=_IN_TABLE)

    async def _counted(self, seller_handle: str, **asked: Any) -> tuple[int, int]:
        values = {":seller_handle": {"S": seller_handle}, ":withdrawn": {"S": Availability.WITHDRAWN.value}}
        asked |= {"KeyConditionExpression": "seller_handle = :seller_handle", "Select": "COUNT"}
        rows = visible = 0
        calls = self.products.calls
        async for reply in calls.replies("query", **self._asked(**asked, ExpressionAttributeValues=values)):
            rows, visible = rows + reply["ScannedCount"], visible + reply["Count"]
        return rows, visible

    def _asked(self, **parameters: Any) -> dict[str, Any]:
        return {"TableName": self.products.table, **parameters}
