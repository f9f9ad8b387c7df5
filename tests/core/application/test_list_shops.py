"""The list of shops: pages of the directory."""

from __future__ import annotations

from linkhub_adapters.memory import MemoryProductStore, MemoryShopDirectory
from linkhub_core.application import ListShops
from linkhub_core.application.list_shops import shop_document
from linkhub_core.testing.builders import a_key, a_record, a_tombstone
from linkhub_core.wire.shop_query import encode_last_shop


async def test_a_full_last_page_is_the_last() -> None:
    """There is more only where one more shop exists; a shop of tombstones has no newest product."""
    store = MemoryProductStore()
    await store.create([a_record(a_key(1, "a")), a_tombstone(a_record(a_key(1, "b")))])
    shops = ListShops(directory=MemoryShopDirectory(products=store))
    first = await shops.page(limit="1", last_key=None)
    assert ([shop.seller_handle for shop in first.shops], first.last) == (["a"], "a")
    second = await shops.page(limit="1", last_key=encode_last_shop("a"))
    assert second.last is None
    assert list(map(shop_document, second.shops)) == [
        {"seller_handle": "b", "products": 0, "withdrawn": 1, "newest_product": None}
    ]


async def test_whether_there_is_any_product() -> None:
    """A tombstone is one."""
    store = MemoryProductStore()
    shops = ListShops(directory=MemoryShopDirectory(products=store))
    assert await shops.has_any() is False
    await store.create([a_tombstone(a_record(a_key(1, "b")))])
    assert await shops.has_any() is True
