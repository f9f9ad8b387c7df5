"""Products in a DynamoDB table, keyed by seller and video, with a local secondary index on ``updated_at``.

Every read that answers a reader is consistent, so that a reader who polls, or comes back with ``since``, misses nothing
that was saved. ``since`` reads keys from the index, which has entries of 100 bytes, and only then the products.

A reply can be lost after its write went through, and botocore then sends the call again. So where a condition fails
and what stands there is exactly what was to be written, the write counts as ours. Two savers that write the very same
record in the same millisecond both take it for theirs; both announce it, and receivers drop the copy.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence, Set

from attrs import define, field

from linkhub_adapters.aws.dynamodb_calls import DynamoDbCalls
from linkhub_adapters.aws.errors import DYNAMODB
from linkhub_adapters.aws.partiql import Applied, Condition, Outcome, Statement, execute, insert, update
from linkhub_adapters.aws.product_items import OPTIONAL, product_from_item, product_item, product_key, product_key_of
from linkhub_adapters.aws.shop_queries import ShopQueries
from linkhub_core.catalog import Page, PageQuery
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports import Conflict, Created, CreateOutcome, Exists, Revised, ReviseOutcome, Unreadable

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

    async def revise(self, records: Sequence[ProductRecord]) -> Sequence[ReviseOutcome]:
        """See the port."""
        outcomes = await execute(self.calls, [self._replace(record) for record in records])
        return [_revised(record, outcome) for record, outcome in zip(records, outcomes, strict=True)]

    def _replace(self, record: ProductRecord) -> Statement:
        item, key = product_item(record), product_key(record.key)
        values = {name: value for name, value in item.items() if name not in key}
        removed = [name for name in OPTIONAL if name not in item]
        return update(self.table, key, values, removed, [Condition("revision", {"N": str(record.revision - 1)})])

    async def mark_announced(self, revisions: Sequence[tuple[ProductKey, int]]) -> None:
        """See the port."""
        await execute(self.calls, [self._clear(key, revision) for key, revision in revisions])

    def _clear(self, key: ProductKey, revision: int) -> Statement:
        conditions = [Condition("unannounced_revision", {"N": str(revision)})]
        return update(self.table, product_key(key), {}, ["unannounced_revision"], conditions)

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
        records: list[ProductRecord] = []
        unreadable: list[Unreadable] = []
        while left and len(records) < query.limit:
            room = query.limit - len(records)
            keys, left = left[:room], left[room:]
            found = await self.find(keys)
            rows = [found[key] for key in keys if key in found]
            records += [row for row in rows if isinstance(row, ProductRecord)]
            unreadable += [row for row in rows if isinstance(row, Unreadable)]
        return Page(records=records, has_more=bool(left), unreadable=unreadable)

    async def scan(
        self, *, seller_handle: str | None = None, unannounced: bool = False
    ) -> AsyncIterator[ProductRecord | Unreadable]:
        """See the port."""
        async for record in self._queries.scan(seller_handle=seller_handle, unannounced=unannounced):
            yield record


def _revised(record: ProductRecord, outcome: Outcome) -> ReviseOutcome:
    if isinstance(outcome, Applied):
        return Revised()
    stored = product_from_item(outcome.item) if outcome.item else None
    if isinstance(stored, Unreadable):
        return stored
    # A first revision is created, not revised: a lost reply of ours does not explain that it is there.
    return Revised() if stored == record and record.revision > 1 else Conflict(stored)
