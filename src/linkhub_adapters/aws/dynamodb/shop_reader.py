"""Reads of shops in the products table: newest first, by change, and whole.

    read                       from                      read units of 4 kB (consistent) or 8 kB (not)
    -------------------------  ------------------------  -----------------------------------------------------------
    a page                     the table                 the page and one product more, and all tombstones between them
    a page with ``since``      the index, then products  100 bytes for each change since 5 minutes earlier. After 2,000
                                                         the table is read, newest first, until the page is full
    changes after a cursor     the index, then products  100 bytes for each change; without one, one unit
    scan of a shop             the table                 the shop
    scan of all shops          the table                 the table to find the sellers, then each shop
    scan, unannounced          the table                 all of it, not consistently: half the price, and a process that
                                                         announces reads again

The index is sorted by stamp, which is DynamoDB's time, and holds ``updated_at``, the saver's time, which ``since`` is
compared with. So ``since`` is exact while the saver's clock is at most :data:`MAX_CLOCK_LEAD` ahead of DynamoDB's.
DynamoDB refuses requests that are signed with a clock 5 minutes off. Items without a stamp are not in the index: they
are older than every cursor. While the table holds more items than the index, ``since`` reads the table whole and finds
them, too.

A page costs no reading of its own for the first tombstones. Then each call reads twice as many rows as the one before,
up to :data:`MAX_ROWS`. After :data:`MAX_TOMBSTONES` the page ends early: it names the row after which the next page
starts. The index holds ``availability``, so ``since`` does not read tombstones.

A table without this index (without any, or with the earlier one on ``updated_at``, which still answers ``since``) is
read whole for each of these questions, in bounded memory. So is a table whose index this process may not read.

Every name in an expression is an alias, because some names are reserved words.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from attrs import define, field

from linkhub_adapters.aws.client.errors import code_of, is_index_missing
from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_items import (
    is_linkhubs_time,
    product_from_item,
    product_key,
    product_key_of,
    stamp_of,
    stamp_value,
    stored_from_item,
)
from linkhub_adapters.aws.dynamodb.table_cursors import TableCursors
from linkhub_adapters.aws.resources import STAMP_INDEX, UPDATED_AT_INDEX
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Availability, ProductKey, ProductRecord, StoredProduct
from linkhub_core.model.change_stamps import StampPosition, page_position
from linkhub_core.model.rules import RuleBroken
from linkhub_core.ports import Change, Changes, UnknownCursor, Unreadable
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

MANY = 2_000
MAX_ROWS = 200
MAX_TOMBSTONES = 3_000
MAX_CLOCK_LEAD = timedelta(minutes=5, seconds=10)

_ALIAS = re.compile(r"#\w+")
_OF_SELLER = "#seller_handle = :seller_handle"
# A time that another service wrote may have another form, which sorts elsewhere than its moment; its day does not.
_PERHAPS_CHANGED = (
    "#updated_at > :day OR attribute_not_exists(#updated_at) OR attribute_type(#updated_at, :number)"
    " OR attribute_type(#updated_at, :null)"
)
# Without listing_version, availability is another service's.
_VISIBLE = (
    "attribute_not_exists(#listing_version) OR attribute_not_exists(#availability) OR #availability <> :withdrawn"
)
_WITHDRAWN = {"S": Availability.WITHDRAWN.value}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Entry = tuple[int, str]
"""The stamp and the video of a product: the order of changes."""


class _NoIndex(Exception):
    """The table does not have the index, or this process may not read it."""


@define(kw_only=True, eq=False)
class ShopReader:
    """Reads the table named ``table``. It remembers which indexes cannot be used: none can be added to a table."""

    calls: DynamoDbCalls
    table: str
    cursors: TableCursors
    _unusable: set[str] = field(factory=set, init=False)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """Products for readers, read consistently.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        items = await self.calls.get(self.table, [product_key(key) for key in keys])
        return dict(zip(map(product_key_of, items), await self._stored(items), strict=True))

    async def _stored(self, items: Sequence[Item]) -> Sequence[StoredProduct | Unreadable]:
        """Items for readers; on a thread, because a page of large ones takes long."""
        return await self.calls.calls.elsewhere(lambda: [stored_from_item(item) for item in items])

    # --- pages

    async def page(self, query: PageQuery) -> Page:
        """A page of a shop by descending ``video_id``; the first one with a cursor.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        cursor = None
        await self.cursors.learn()
        if query.gives_cursor and self.cursors.are_given:
            cursor = self.cursors.at(query.seller_handle, page_position(self.cursors.now_ms()))
        if query.since is not None:
            later = await self._later(query.seller_handle, query.since)
            if later is not None:
                return await self._page_of(later, query, cursor)
        return await self._newest(query, cursor)

    async def _newest(self, query: PageQuery, cursor: str | None) -> Page:
        """Read the table; ``since`` is a filter here, and everything below it is read."""
        wanted = query.limit + 1  # one more says whether there is another page
        condition, visible = _OF_SELLER, f"({_VISIBLE})"
        values = {":seller_handle": {"S": query.seller_handle}, ":withdrawn": _WITHDRAWN}
        if query.before is not None:
            condition += " AND #video_id < :before"
            values[":before"] = {"S": query.before}
        asked: dict[str, Any] = {"ScanIndexForward": False, "ConsistentRead": True}
        if query.since is None:
            asked["Limit"] = wanted  # rows of any kind: filters come after it
        else:
            visible += f" AND ({_PERHAPS_CHANGED})"
            values |= {":day": {"S": _day_before(query.since)}, ":number": {"S": "N"}, ":null": {"S": "NULL"}}
        asked = self._asked(values, KeyConditionExpression=condition, FilterExpression=visible, **asked)
        products: list[StoredProduct] = []
        unreadable: list[Unreadable] = []
        tombstones = 0
        while True:
            reply = await self.calls.make(self.calls.dynamodb.query, **asked, ReturnConsumedCapacity="TOTAL")
            _sort(await self._stored(reply["Items"]), query.since, products, unreadable)
            last = reply.get("LastEvaluatedKey") if len(products) < wanted else None
            asked["ExclusiveStartKey"] = last
            if query.since is None:
                tombstones += reply["ScannedCount"] - reply["Count"]
                asked["Limit"] = max(wanted, min(2 * asked["Limit"], MAX_ROWS))
            if last is None or tombstones >= MAX_TOMBSTONES:
                break
        return Page(
            products=products[: query.limit],
            has_more=len(products) > query.limit or last is not None,
            unreadable=unreadable,
            cursor=cursor,
            ended_at=None if last is None else product_key_of(last),
        )

    async def _page_of(self, changed: set[ProductKey], query: PageQuery, cursor: str | None) -> Page:
        """Read products until the page is full or no key is left; a deleted one takes no place on it."""
        left = sorted((key for key in changed if query.before is None or key.video_id < query.before), reverse=True)
        products: list[StoredProduct] = []
        unreadable: list[Unreadable] = []
        while left and len(products) <= query.limit:
            room = query.limit + 1 - len(products)
            keys, left = left[:room], left[room:]
            found = await self.read(keys)
            _sort([found[key] for key in keys if key in found], query.since, products, unreadable)
        has_more = len(products) > query.limit
        return Page(products=products[: query.limit], has_more=has_more, unreadable=unreadable, cursor=cursor)

    async def _later(self, seller_handle: str, since: datetime) -> set[ProductKey] | None:
        """The keys of products that may have changed after ``since``; none without an index, or for more than 2,000."""
        earliest = max(0, (since - MAX_CLOCK_LEAD - _EPOCH) // timedelta(milliseconds=1))
        text = timestamp_text(since)
        for index, condition, value in (
            (STAMP_INDEX, "#stamp > :since", stamp_value(earliest)),
            (UPDATED_AT_INDEX, "#updated_at > :since", {"S": text}),
        ):
            if index == STAMP_INDEX and self.cursors.has_unstamped:
                continue
            keys: set[ProductKey] = set()
            values = {":seller_handle": {"S": seller_handle}, ":since": value}
            try:
                async for items in self._index_pages(
                    index, values, KeyConditionExpression=f"{_OF_SELLER} AND {condition}"
                ):
                    keys.update(key for item in items if _may_be_later(item, text) and (key := _key_of(item)))
                    if len(keys) > MANY:
                        return None
            except _NoIndex:
                continue
            return keys
        return None

    # --- changes

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """Products whose stamp is behind a cursor, oldest first.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        await self.cursors.learn()
        position, now_ms = self.cursors.position_of(after), self.cursors.now_ms()
        if position is None:
            return UnknownCursor()
        position, entries = await self._entries_after(seller_handle, position, limit, now_ms)
        has_more, entries = len(entries) > limit, entries[:limit]
        keys = [ProductKey(seller_handle, video_id) for _, video_id in entries]
        found = await self.read(keys) if keys else {}
        products = [
            (found[key], self.cursors.at(seller_handle, position.of_change(stamp_ms, key.video_id, now_ms)))
            for key, (stamp_ms, _) in zip(keys, entries, strict=True)
            if key in found
        ]
        end = position.of_change(*entries[-1], now_ms) if has_more else position.at_end(now_ms)
        return Changes(
            changes=[Change(row, cursor) for row, cursor in products if isinstance(row, StoredProduct)],
            cursor=self.cursors.at(seller_handle, end),
            has_more=has_more,
            unreadable=[row for row, _ in products if isinstance(row, Unreadable)],
        )

    async def _entries_after(
        self, seller_handle: str, position: StampPosition, limit: int, now_ms: int
    ) -> tuple[StampPosition, Sequence[_Entry]]:
        """The next entries, ``limit`` and one more, and the position that they follow: the given one, or an earlier."""
        restart = position.restart
        if restart is not None:
            entries = await self._entries(seller_handle, restart, limit + 1)
            if len(entries) <= limit or position.is_settled(now_ms):
                return restart, entries
        return position, await self._entries(seller_handle, position, limit + 1)

    async def _entries(self, seller_handle: str, position: StampPosition, most: int) -> Sequence[_Entry]:
        """The first ``most`` entries behind a position."""
        start = (position.stamp_ms, position.video_id)
        values = {":seller_handle": {"S": seller_handle}, ":stamp": stamp_value(position.stamp_ms)}
        entries: list[_Entry] = []
        try:
            condition = f"{_OF_SELLER} AND #stamp >= :stamp"
            async for items in self._index_pages(STAMP_INDEX, values, KeyConditionExpression=condition, Limit=most):
                entries = first_entries(most, start, entries, items)
                # Entries with the same stamp come in no order: all of them have to be read.
                if len(entries) == most and items and stamp_of(items[-1]) > entries[-1][0]:
                    break
        except _NoIndex:
            asked = {"ProjectionExpression": "#seller_handle, #video_id, #stamp", "ConsistentRead": True}
            asked |= {"KeyConditionExpression": _OF_SELLER, "FilterExpression": "#stamp >= :stamp"}
            entries = []
            async for items in self._pages("query", values, **asked):
                entries = first_entries(most, start, entries, items)
        return entries

    # --- scans

    async def scan(self, *, seller_handle: str | None, unannounced: bool) -> AsyncIterator[ProductRecord | Unreadable]:
        """Products in the order of their keys; the unannounced ones of all shops in no order.

        Raises:
            ServiceUnavailable: DynamoDB did not answer.
        """
        asked: dict[str, Any] = {"ConsistentRead": True}
        if unannounced:
            asked = {"FilterExpression": "attribute_exists(#unannounced_revision)"}
            await self.cursors.learn()
        if seller_handle is None and unannounced:
            async for record in self._records(self._pages("scan", {}, **asked)):
                yield record
            return
        for seller in [seller_handle] if seller_handle is not None else await self._sellers():
            pages = self._pages("query", {":seller_handle": {"S": seller}}, KeyConditionExpression=_OF_SELLER, **asked)
            async for record in self._records(pages):
                yield record

    async def _records(self, pages: AsyncIterator[list[Item]]) -> AsyncIterator[ProductRecord | Unreadable]:
        async for items in pages:
            for item in items:
                yield self.record(item)

    def record(self, item: Item) -> ProductRecord | Unreadable:
        """The product of an item; one with a debt has the cursor of its event."""
        if "unannounced_revision" not in item:
            return product_from_item(item)
        return product_from_item(item, cursor=self.cursors.of_event(item["seller_handle"]["S"], stamp_of(item)))

    async def _sellers(self) -> Sequence[str]:
        pages = self._pages("scan", {}, ProjectionExpression="#seller_handle", ConsistentRead=True)
        return sorted({item["seller_handle"]["S"] async for items in pages for item in items})

    # --- requests

    async def _index_pages(
        self, index: str, values: Mapping[str, AttributeValue], **asked: Any
    ) -> AsyncIterator[list[Item]]:
        if index in self._unusable:
            raise _NoIndex
        try:
            async for items in self._pages("query", values, IndexName=index, ConsistentRead=True, **asked):
                yield items
        except ServiceUnavailable as error:
            if not is_index_missing(error) and code_of(error) != "AccessDeniedException":
                raise
            self._unusable.add(index)
            raise _NoIndex from error

    def _pages(
        self, operation: Literal["query", "scan"], values: Mapping[str, AttributeValue], **asked: Any
    ) -> AsyncIterator[list[Item]]:
        return self.calls.pages(operation, **self._asked(values, **asked))

    def _asked(self, values: Mapping[str, AttributeValue], **asked: Any) -> dict[str, Any]:
        """The parameters of a call, with an alias for each name in the expressions."""
        expressions = " ".join(text for name, text in asked.items() if name.endswith("Expression"))
        if values:
            asked["ExpressionAttributeValues"] = values
        if aliases := set(_ALIAS.findall(expressions)):
            asked["ExpressionAttributeNames"] = {alias: alias.removeprefix("#") for alias in aliases}
        return {"TableName": self.table, **asked}


def _sort(
    rows: Sequence[StoredProduct | Unreadable],
    since: datetime | None,
    products: list[StoredProduct],
    unreadable: list[Unreadable],
) -> None:
    """Add visible products that changed after ``since`` to ``products``, and rows that cannot be read to the others."""
    # A product's whole milliseconds are later than a moment just if they are later than its whole milliseconds.
    text = "" if since is None else timestamp_text(since)
    for row in rows:
        if isinstance(row, Unreadable):
            unreadable.append(row)
        elif row.updated_at > text and not row.is_withdrawn:
            products.append(row)


def first_entries(most: int, start: _Entry, entries: Sequence[_Entry], items: Sequence[Item]) -> list[_Entry]:
    """The first entries behind ``start``, with those of more items; linkhub has no key that breaks the rules."""
    more = [(stamp_of(item), key.video_id) for item in items if (key := _key_of(item))]
    return sorted([*entries, *(entry for entry in more if entry > start)])[:most]


def _may_be_later(item: Item, text: str) -> bool:
    """Whether an entry of an index may be of a visible product that changed later; else the product itself says so."""
    if item.get("availability") == _WITHDRAWN:
        return False
    updated_at = item.get("updated_at", {}).get("S", "")
    return not is_linkhubs_time(updated_at) or updated_at > text


def _day_before(moment: datetime) -> str:
    """A text before that of every later moment, in any form of ISO 8601 and with any offset."""
    return timestamp_text(max(moment, _EPOCH) - timedelta(days=1))[:10]


def _key_of(item: Item) -> ProductKey | None:
    try:
        return product_key_of(item)
    except RuleBroken:
        return None
