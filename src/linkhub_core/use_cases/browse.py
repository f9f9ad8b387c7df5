"""Browse a shop: one page, one product, or what a viewer missed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from attrs import frozen

from linkhub_core.catalog import (
    Page,
    PageQuery,
    decode_cursor,
    next_since,
    parse_limit,
    parse_seller,
    parse_since,
)
from linkhub_core.entries import RowSkipped
from linkhub_core.errors import InvalidQuery
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.journal import Journal, SilentJournal
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.unreadable import Unreadable
from linkhub_core.rules import RuleBroken
from linkhub_core.use_cases.settle import readable

__all__ = ["BrowseShop", "ShopPage"]

MAX_MISSED = 100


@frozen(kw_only=True)
class ShopPage:
    """A page as a reader asked for it, and the ``timestamp`` to send as the next ``since``."""

    seller_handle: str
    since: datetime | None
    page: Page
    timestamp: datetime


@frozen(kw_only=True)
class BrowseShop:
    """Answers readers from the product store. Rows that cannot be read are left out, and recorded in the journal."""

    products: ProductStore
    clock: Clock
    journal: Journal = SilentJournal()

    async def page(
        self,
        seller_handle: str,
        *,
        limit: str | None = None,
        last_key: str | None = None,
        since: str | None = None,
    ) -> ShopPage:
        """One page of a shop, from parameters as they stand in a query string.

        Raises:
            InvalidQuery: a parameter breaks a rule.
            ServiceUnavailable: the store does not answer.
        """
        query = PageQuery(
            seller_handle=parse_seller(seller_handle),
            limit=parse_limit(limit),
            before=decode_cursor(last_key, seller_handle),
            since=parse_since(since),
        )
        # Stamped before the read: what is saved while we read must be later than what we hand out.
        timestamp = next_since(self.clock.now())
        page = await self._page(query)
        return ShopPage(seller_handle=query.seller_handle, since=query.since, page=page, timestamp=timestamp)

    async def product(self, seller_handle: str, video_id: str) -> ProductRecord | None:
        """One product, or none.

        Raises:
            InvalidQuery: the handle or the id is outside its alphabet.
            ServiceUnavailable: the store does not answer.
            StoreRefused: the product's row cannot be read.
        """
        try:
            key = ProductKey(parse_seller(seller_handle), video_id)
        except RuleBroken as broken:
            raise InvalidQuery("video_id", str(broken)) from None
        found = (await self.products.find([key])).get(key)
        if isinstance(found, Unreadable):
            self._record([found])
        return readable(found)

    async def missed(self, seller_handle: str, since: datetime) -> Sequence[ProductRecord] | None:
        """What changed in a shop after ``since``, oldest change first; none when it is more than 100 products.

        Raises:
            ServiceUnavailable: the store does not answer.
        """
        page = await self._page(PageQuery(seller_handle=seller_handle, limit=MAX_MISSED, since=since))
        if page.has_more:
            return None
        return sorted(page.records, key=lambda record: (record.updated_at, record.key.video_id))

    async def _page(self, query: PageQuery) -> Page:
        page = await self.products.page(query)
        self._record(page.unreadable)
        return page

    def _record(self, rows: Sequence[Unreadable]) -> None:
        if rows:
            self.journal.record(
                [
                    RowSkipped(
                        store="products",
                        seller_handle=row.seller_handle,
                        video_id=row.video_id,
                        problem=row.problem,
                    )
                    for row in rows
                ]
            )
