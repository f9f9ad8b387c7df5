"""The shops in the file: each handle is one step into an index, each count a walk through a part of one.

A count takes 0.12 s for a million products, both counts of a shop 0.25 s. Counts kept by triggers would take none, but
would cost a write with each save.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.product_store import SqliteProductStore
from linkhub_core.ports import Shop
from linkhub_core.wire.shop_query import PageQuery, is_seller

NEXT = "SELECT min(seller_handle) FROM products WHERE seller_handle > ?"
COUNTS = """
SELECT
  (SELECT count(*) FROM products INDEXED BY products_changed WHERE seller_handle = ?1),
  (SELECT count(*) FROM products INDEXED BY products_visible WHERE seller_handle = ?1 AND withdrawn = 0)
"""


@frozen(kw_only=True)
class SqliteShopDirectory:
    """A :class:`~linkhub_core.ports.ShopDirectory` of the file, in the order of the handles."""

    database: SqliteDatabase

    async def handles(self, *, after: str | None, limit: int) -> Sequence[str]:
        """See the port."""
        return await self.database.read_for_client(lambda connection: _handles(connection, after or "", limit))

    async def describe(self, seller_handles: Sequence[str]) -> Sequence[Shop]:
        """See the port."""
        shops = [await self._describe(handle) for handle in seller_handles]
        return [shop for shop in shops if shop.products or shop.withdrawn]

    async def _describe(self, seller_handle: str) -> Shop:
        rows, visible = await self.database.read_for_client(
            lambda connection: connection.execute(COUNTS, (seller_handle,)).fetchone()
        )
        store = SqliteProductStore(database=self.database)
        page = await store.page(PageQuery(seller_handle=seller_handle, limit=1))
        return Shop(
            seller_handle=seller_handle,
            products=visible,
            withdrawn=rows - visible,
            newest=next(iter(page.products), None),
        )


def _handles(connection: sqlite3.Connection, after: str, limit: int) -> Sequence[str]:
    handles: list[str] = []
    while len(handles) < limit:
        after = connection.execute(NEXT, (after,)).fetchone()[0]
        if after is None:
            break
        if is_seller(after):
            handles.append(after)
    return handles
