"""How shops are read in the products table: newest first, by what changed, and whole.

    question            asked of        cost, in read units of 4 kB (consistent) or 8 kB (not)
    ------------------  --------------  ---------------------------------------------------------------------------
    newest              the table       what the page holds, and one product more
    changed             the index       100 bytes for each change; nothing new costs one unit at most. After 2,000
                                        changes the table is read instead, newest first, until the page is full
    scan, a shop        the table       the shop
    scan, all shops     both            100 bytes a product to find the sellers, then each shop
    scan, unannounced   the table       all of it, not consistently: half the price, and who announces reads again

Every name in an expression is an alias: some names are reserved words.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Literal, TypeVar

from attrs import define, field

from linkhub_adapters.aws.client.errors import is_index_missing
from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_items import product_from_item, product_key_of
from linkhub_adapters.aws.dynamodb.product_json import stored_from_item
from linkhub_adapters.aws.resources import UPDATED_AT_INDEX
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.rules import RuleBroken
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = ["ShopQueries"]

T = TypeVar("T")

MANY = 2_000
_ALIAS = re.compile(r"#\w+")
_UNANNOUNCED = "attribute_exists(#unannounced_revision)"
# A time that another service wrote may have another form, which sorts elsewhere than its moment; its day does not.
_PERHAPS_CHANGED = (
    "#updated_at > :day OR attribute_not_exists(#updated_at) OR attribute_type(#updated_at, :number)"
    " OR attribute_type(#updated_at, :null)"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@define(kw_only=True, eq=False)
class ShopQueries:
    """Reads the table named ``table``. It remembers when a table turns out to have no index."""

    calls: DynamoDbCalls
    table: str
    _has_index: bool = field(default=True, init=False)

    async def newest(self, query: PageQuery) -> Page:
        """A page by descending ``video_id``; ``since`` is a filter here, and everything below it is read.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        wanted = query.limit + 1  # the one more tells whether there is another page
        condition, values = "#seller_handle = :seller_handle", {":seller_handle": {"S": query.seller_handle}}
        if query.before is not None:
            condition += " AND #video_id < :before"
            values[":before"] = {"S": query.before}
        asked = {"KeyConditionExpression": condition, "ScanIndexForward": False, "ConsistentRead": True}
        if query.since is None:
            asked["Limit"] = wanted  # a page of DynamoDB's; where rows cannot be read, there are more pages
        else:
            asked["FilterExpression"] = _PERHAPS_CHANGED
            values |= {":day": {"S": _day_before(query.since)}, ":number": {"S": "N"}, ":null": {"S": "NULL"}}
        products: list[StoredProduct] = []
        unreadable: list[Unreadable] = []
        async for items in self._pages("query", values, **asked):
            for product in await self.stored(items):
                if isinstance(product, Unreadable):
                    unreadable.append(product)
                elif query.since is None or product.updated_at > timestamp_text(query.since):
                    products.append(product)
            if len(products) >= wanted:
                break
        return Page(products=products[: query.limit], has_more=len(products) > query.limit, unreadable=unreadable)

    async def stored(self, items: Sequence[Item]) -> Sequence[StoredProduct | Unreadable]:
        """Items for readers; written as JSON on a thread, because a page of large ones takes long."""
        return await self.calls.calls.elsewhere(lambda: [stored_from_item(item) for item in items])

    async def changed(self, seller_handle: str, since: datetime) -> Set[ProductKey] | None:
        """The keys of what changed in a shop after ``since``; none without an index, or if more than 2,000 did.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        # A product's whole milliseconds are later than a moment just when they are later than its whole milliseconds.
        values = {":seller_handle": {"S": seller_handle}, ":since": {"S": timestamp_text(since)}}
        condition = "#seller_handle = :seller_handle AND #updated_at > :since"
        return await self._from_index(_sound_key_of, "query", values, most=MANY, KeyConditionExpression=condition)

    async def scan(self, *, seller_handle: str | None, unannounced: bool) -> AsyncIterator[ProductRecord | Unreadable]:
        """Products in the order of their keys; the unannounced ones of all shops in no order.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        asked = {"FilterExpression": _UNANNOUNCED} if unannounced else {"ConsistentRead": True}
        if seller_handle is None and unannounced:
            async for record in _records(self._pages("scan", {}, **asked)):
                yield record
            return
        for seller in [seller_handle] if seller_handle is not None else await self._sellers():
            values = {":seller_handle": {"S": seller}}
            pages = self._pages("query", values, KeyConditionExpression="#seller_handle = :seller_handle", **asked)
            async for record in _records(pages):
                yield record

    async def _sellers(self) -> Sequence[str]:
        sellers = await self._from_index(_seller_of, "scan", {})
        if sellers is None:
            pages = self._pages("scan", {}, ProjectionExpression="#seller_handle", ConsistentRead=True)
            sellers = {_seller_of(item) async for items in pages for item in items}
        return sorted(sellers)

    # --- requests

    async def _from_index(
        self,
        pick: Callable[[Item], T | None],
        operation: Literal["query", "scan"],
        values: Mapping[str, AttributeValue],
        *,
        most: float = inf,
        **asked: Any,
    ) -> Set[T] | None:
        """What ``pick`` takes from each entry of the index; none without an index, or if it is more than ``most``."""
        if not self._has_index:
            return None
        pages = self._pages(operation, values, IndexName=UPDATED_AT_INDEX, ConsistentRead=True, **asked)
        try:
            picked: set[T] = set()
            async for items in pages:
                picked.update(one for item in items if (one := pick(item)) is not None)
                if len(picked) > most:
                    return None
        except ServiceUnavailable as error:
            if not is_index_missing(error):
                raise
            self._has_index = False  # it cannot come later: a local index is made with its table
            return None
        return picked

    def _pages(
        self, operation: Literal["query", "scan"], values: Mapping[str, AttributeValue], **asked: Any
    ) -> AsyncIterator[list[Item]]:
        """Ask, with an alias for every name that the expressions speak of."""
        expressions = " ".join(text for name, text in asked.items() if name.endswith("Expression"))
        if values:
            asked["ExpressionAttributeValues"] = values
        if aliases := set(_ALIAS.findall(expressions)):
            asked["ExpressionAttributeNames"] = {alias: alias.removeprefix("#") for alias in aliases}
        return self.calls.pages(operation, TableName=self.table, **asked)


def _day_before(moment: datetime) -> str:
    """A text before that of every moment later than this one, in whatever form of ISO 8601 and at whatever offset."""
    return timestamp_text(max(moment, _EPOCH) - timedelta(days=1))[:10]


def _sound_key_of(item: Item) -> ProductKey | None:
    """The key of an entry of the index; none if it breaks the rules of keys, so no product of linkhub's has it."""
    try:
        return product_key_of(item)
    except RuleBroken:
        return None


def _seller_of(item: Item) -> str:
    seller: str = item["seller_handle"]["S"]
    return seller


async def _records(pages: AsyncIterator[list[Item]]) -> AsyncIterator[ProductRecord | Unreadable]:
    async for items in pages:
        for item in items:
            yield product_from_item(item)
