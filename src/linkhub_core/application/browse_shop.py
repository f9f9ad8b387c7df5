"""Browse a shop: a page, a product, or the changes after a cursor or a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from linkhub_core.errors import InvalidQuery
from linkhub_core.model import ProductKey
from linkhub_core.model.journal_entries import RowSkipped
from linkhub_core.model.rules import RuleBroken
from linkhub_core.model.stored_product import StoredProduct, Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.journal import Journal, SilentJournal
from linkhub_core.ports.product_store import Changes, ProductReader, UnknownCursor
from linkhub_core.wire.cursor import Cursor, parse_cursor
from linkhub_core.wire.shop_query import (
    Page,
    PageQuery,
    decode_last_key,
    next_since,
    parse_limit,
    parse_seller,
    parse_since,
)

MAX_MISSED = 100


def parse_key(seller_handle: str, video_id: str) -> ProductKey:
    """The key that the parts of a path name.

    Raises:
        InvalidQuery: one of them is outside its alphabet.
    """
    try:
        return ProductKey(parse_seller(seller_handle), video_id)
    except RuleBroken as broken:
        raise InvalidQuery("video_id", str(broken)) from None


@frozen(kw_only=True)
class ShopPage:
    """A page, and the ``timestamp`` to send as the next ``since``."""

    seller_handle: str
    since: datetime | None
    page: Page
    timestamp: datetime


@frozen(kw_only=True)
class BrowseShop:
    """Reads the product store for clients. Rows that cannot be read are left out, and recorded in the journal."""

    products: ProductReader
    clock: Clock
    journal: Journal = SilentJournal()

    async def page(
        self, seller_handle: str, *, limit: str | None = None, last_key: str | None = None, since: str | None = None
    ) -> ShopPage:
        """One page of a shop, from the parameters of a query string.

        Raises:
            InvalidQuery: a parameter breaks a rule.
            ServiceUnavailable: the store does not answer.
        """
        return await self.read(self.query(seller_handle, limit=limit, last_key=last_key, since=since))

    @staticmethod
    def query(
        seller_handle: str, *, limit: str | None = None, last_key: str | None = None, since: str | None = None
    ) -> PageQuery:
        """The page that these parameters ask for.

        Raises:
            InvalidQuery: a parameter breaks a rule.
        """
        return PageQuery(
            seller_handle=parse_seller(seller_handle),
            limit=parse_limit(limit),
            before=decode_last_key(last_key, seller_handle),
            since=parse_since(since),
        )

    async def read(self, query: PageQuery) -> ShopPage:
        """The page of a query.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        timestamp = self.timestamp()
        page = await self.page_of(query)
        return ShopPage(seller_handle=query.seller_handle, since=query.since, page=page, timestamp=timestamp)

    def timestamp(self) -> datetime:
        """The next ``since`` of a client. Take it before the read: changes during the read are later."""
        return next_since(self.clock.now())

    async def product(self, seller_handle: str, video_id: str) -> StoredProduct | None:
        """One product, or none.

        Raises:
            InvalidQuery: the handle or the id is outside its alphabet.
            ServiceUnavailable: the store does not answer.
            StoreRefused: the product's row cannot be read.
        """
        key = parse_key(seller_handle, video_id)
        found = (await self.products.read([key])).get(key)
        if isinstance(found, Unreadable):
            self._record([found])
            raise found.refusal("products")
        return found

    async def missed(self, seller_handle: str, since: datetime) -> Sequence[StoredProduct] | None:
        """The products of a shop that changed after ``since``, oldest change first; None if they are more than 100.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        page = await self.page_of(PageQuery(seller_handle=seller_handle, limit=MAX_MISSED, since=since))
        if page.has_more:
            return None
        return sorted(page.products, key=lambda product: (product.updated_at, product.video_id))

    async def changes(
        self,
        seller_handle: str,
        *,
        cursor: str,
        limit: str | None = None,
        last_key: str | None = None,
        since: str | None = None,
    ) -> Changes | UnknownCursor:
        """The changes of a shop after a cursor, from the parameters of a query string.

        Raises:
            InvalidQuery: a parameter breaks a rule, the cursor is empty or another shop's, or ``last_key`` or ``since``
                is there, too.
            ServiceUnavailable: the store does not answer.
        """
        seller_handle = parse_seller(seller_handle)
        if last_key or since:
            raise InvalidQuery("cursor", f"cannot be combined with {'lastKey' if last_key else 'since'}")
        after = parse_cursor(cursor, seller_handle)
        if after is None:
            raise InvalidQuery("cursor", "must not be empty")
        return await self.changes_after(after, limit=parse_limit(limit))

    async def changes_after(self, after: Cursor, *, limit: int = MAX_MISSED) -> Changes | UnknownCursor:
        """The changes of the cursor's shop after it, oldest first. Rows that cannot be read are recorded.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        found = await self.products.changes(after.seller_handle, after, limit)
        if isinstance(found, Changes):
            self._record(found.unreadable)
        return found

    async def page_of(self, query: PageQuery) -> Page:
        """The page of the store; its rows that cannot be read are recorded.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        page = await self.products.page(query)
        self._record(page.unreadable)
        return page

    def _record(self, rows: Sequence[Unreadable]) -> None:
        if rows:
            self.journal.record(
                [
                    RowSkipped(
                        store="products", seller_handle=row.seller_handle, video_id=row.video_id, problem=row.problem
                    )
                    for row in rows
                ]
            )
