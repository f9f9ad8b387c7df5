"""Products in a DynamoDB table, keyed by seller and video, with a local secondary index on ``updated_at``.

Every read that answers a reader is consistent, so that a reader who polls, or comes back with ``since``, misses nothing
that was saved. ``since`` reads keys from the index, which has entries of 100 bytes, and only then the products.

A reply can be lost after its write went through, and botocore then sends the call again. So where a condition fails
and what stands there is exactly what was to be written, the write counts as ours. Two savers that write the very same
record in the same millisecond both take it for theirs; both announce it, and receivers drop the copy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence, Set

from attrs import define, evolve, field

from linkhub_adapters.aws.client.errors import DYNAMODB
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.foreign_products import (
    ADDED,
    is_adoption,
    is_partly_foreign,
    refreshed_attributes,
    still_foreign,
)
from linkhub_adapters.aws.dynamodb.partiql import Applied, Condition, Outcome, Statement, Unmet, execute, insert, update
from linkhub_adapters.aws.dynamodb.product_items import (
    OPTIONAL,
    product_from_item,
    product_item,
    product_key,
    product_key_of,
)
from linkhub_adapters.aws.dynamodb.shop_queries import ShopQueries
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import (
    Changes,
    Conflict,
    Created,
    CreateOutcome,
    Exists,
    Marked,
    MarkOutcome,
    Revised,
    ReviseOutcome,
    Revision,
    UnknownCursor,
    Unreadable,
)
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

__all__ = ["DynamoDbProductStore"]

MAX_ROUNDS = 10


@define(kw_only=True, eq=False)
class DynamoDbProductStore:
    """A :class:`~linkhub_core.ports.ProductStore` in the table named ``table``."""

    calls: DynamoDbCalls
    table: str
    _queries: ShopQueries = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._queries = ShopQueries(calls=self.calls, table=self.table)

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        """See the port."""
        items = await self.calls.get(self.table, [product_key(key) for key in keys])
        return {product_key_of(item): product_from_item(item) for item in items}

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        items = await self.calls.get(self.table, [product_key(key) for key in keys])
        return dict(zip(map(product_key_of, items), await self._queries.stored(items), strict=True))

    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        """See the port."""
        outcomes: dict[ProductKey, CreateOutcome] = {}
        for _ in range(MAX_ROUNDS):
            waiting = [record for record in records if record.key not in outcomes]
            if not waiting:
                return [outcomes[record.key] for record in records]
            outcomes |= await self._create(waiting)
        raise ServiceUnavailable(DYNAMODB, f"products of {self.table} came and went {MAX_ROUNDS} times")

    async def _create(self, records: Sequence[ProductRecord]) -> Mapping[ProductKey, CreateOutcome]:
        """One round; those that were there for the INSERT and gone for the read are left out."""
        results = await execute(self.calls, [insert(self.table, product_item(record)) for record in records])
        refused = [record for record, result in zip(records, results, strict=True) if not isinstance(result, Applied)]
        stored = await self.find([record.key for record in refused])
        outcomes: dict[ProductKey, CreateOutcome] = {record.key: Created() for record in records}
        for record in refused:
            there = stored.get(record.key)
            if there is None:
                del outcomes[record.key]
            elif there != record:
                outcomes[record.key] = there if isinstance(there, Unreadable) else Exists(there)
        return outcomes

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        statements = [self._refresh(one) if one.is_silent else self._replace(one) for one in revisions]
        outcomes = await execute(self.calls, statements)
        return [_revised(revision, outcome) for revision, outcome in zip(revisions, outcomes, strict=True)]

    def _replace(self, revision: Revision) -> Statement:
        item, key = product_item(revision.after), product_key(revision.after.key)
        if is_adoption(revision):
            return update(self.table, key, {name: item[name] for name in ADDED}, [], _as_read(revision.before))
        kept = key if revision.after.shown else {*key, "shown"}
        values = {name: value for name, value in item.items() if name not in kept}
        removed = [name for name in OPTIONAL if name not in item]
        return update(self.table, key, values, removed, _as_read(revision.before))

    def _refresh(self, revision: Revision) -> Statement:
        """Set the versions alone: the debt, which another process may clear meanwhile, is not touched."""
        item = product_item(revision.after)
        values = {name: item[name] for name in refreshed_attributes(revision)}
        return update(self.table, product_key(revision.after.key), values, [], _as_read(revision.before))

    async def mark_announced(self, records: Sequence[ProductRecord]) -> Sequence[MarkOutcome]:
        """See the port."""
        outcomes = await execute(self.calls, [self._clear(record) for record in records])
        return [_marked(record, outcome) for record, outcome in zip(records, outcomes, strict=True)]

    def _clear(self, record: ProductRecord) -> Statement:
        due = Condition("unannounced_revision", {"N": str(record.unannounced_revision)})
        values = {"shown": {"BOOL": True}}
        return update(self.table, product_key(record.key), values, ["unannounced_revision"], [*_as_read(record), due])

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        if query.since is not None:
            changed = await self._queries.changed(query.seller_handle, query.since)
            if changed is not None:
                return await self._page_of(changed, query)
        return await self._queries.newest(query)

    async def _page_of(self, changed: Set[ProductKey], query: PageQuery) -> Page:
        """Read products until the page is full or no key is left; one that is gone by now has no place on it."""
        left = sorted((key for key in changed if query.before is None or key.video_id < query.before), reverse=True)
        products: list[StoredProduct] = []
        unreadable: list[Unreadable] = []
        while left and len(products) < query.limit:
            room = query.limit - len(products)
            keys, left = left[:room], left[room:]
            found = await self.read(keys)
            for product in [found[key] for key in keys if key in found]:
                if isinstance(product, Unreadable):
                    unreadable.append(product)
                elif query.since is None or product.updated_at > timestamp_text(query.since):
                    products.append(product)
        return Page(products=products, has_more=bool(left), unreadable=unreadable)

    async def changes(
        self,
        seller_handle: str,  # noqa: ARG002  this store gives no cursors yet
        after: Cursor,  # noqa: ARG002
        limit: int,  # noqa: ARG002
    ) -> Changes | UnknownCursor:
        """See the port."""
        return UnknownCursor()

    async def prepare_announcements(
        self, records: Sequence[ProductRecord]
    ) -> Sequence[ProductRecord | Conflict | Unreadable]:
        """See the port."""
        return records

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        async for record in self._queries.scan(seller_handle=seller_handle, unannounced=unannounced):
            yield record


def _as_read(record: ProductRecord) -> list[Condition]:
    """The :attr:`~linkhub_core.model.ProductRecord.identity` of a product as conditions."""
    if record.revision == 0:
        return still_foreign(record)
    # Another service may have written created_at in another form; the versions of its halves identify it.
    created_at = (
        [] if is_partly_foreign(record) else [Condition("created_at", {"S": timestamp_text(record.created_at)})]
    )
    return [
        *created_at,
        Condition("revision", {"N": str(record.revision)}),
        Condition("caption_version", {"S": str(record.caption_version)}),
        Condition("thumbnails_version", {"S": str(record.thumbnails_version)}),
    ]


def _revised(revision: Revision, outcome: Outcome) -> ReviseOutcome:
    if isinstance(outcome, Applied):
        return Revised()
    conflict = _conflict(outcome)
    if isinstance(conflict, Conflict) and conflict.record and _is_written(revision, conflict.record):
        return Revised()
    return conflict


def _is_written(revision: Revision, stored: ProductRecord) -> bool:
    """Whether what is stored is what was to be written: an attempt whose reply was lost wrote it.

    Of a silent revision the versions count: it does not matter which process wrote them, nor what became of the debt.
    ``shown`` is not compared, because saves do not reset it.
    """
    if revision.is_silent:
        return stored.identity == revision.after.identity
    if revision.after.revision == 1:  # a first revision is created: no lost reply of a change explains it
        return False
    return evolve(stored, shown=revision.after.shown) == revision.after


def _marked(record: ProductRecord, outcome: Outcome) -> MarkOutcome:
    if isinstance(outcome, Applied):
        return Marked()
    conflict = _conflict(outcome)
    stored = conflict.record if isinstance(conflict, Conflict) else None
    return Marked() if stored is not None and stored.identity == record.identity else conflict


def _conflict(outcome: Outcome) -> Conflict | Unreadable:
    item = outcome.item if isinstance(outcome, Unmet) else None
    stored = product_from_item(item) if item else None
    return stored if isinstance(stored, Unreadable) else Conflict(stored)
