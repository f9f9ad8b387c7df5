"""The contract of :class:`~linkhub_core.ports.ShopDirectory`."""

from __future__ import annotations

import pytest

from linkhub_core.ports import ProductStore, Shop, ShopDirectory
from linkhub_core.testing.builders import a_key, a_record, a_tombstone
from linkhub_core.testing.readable import Spoil, optional_fixture
from linkhub_core.wire.codec import stored_product

SELLERS = ("A", "a", "a.b", "a_b", "nalu-fashion", "z" * 64)


async def _fill(store: ProductStore, *counts: int) -> None:
    """Put a shop with so many products for each count."""
    for seller, count in zip(SELLERS, counts, strict=False):
        await store.create([a_record(a_key(number, seller)) for number in range(count)])


class ShopDirectoryContract:
    """Subclass it with fixtures ``product_store`` (an empty store) and ``shop_directory`` (of that store).

    Optional: a fixture ``spoil``, as in :class:`~linkhub_core.testing.ProductStoreContract`.
    """

    pytestmark = pytest.mark.asyncio

    async def test_every_shop_is_listed_once(self, product_store: ProductStore, shop_directory: ShopDirectory) -> None:
        """Page by page of any size, whatever the number of its products; a page behind the last shop is empty."""
        assert await shop_directory.handles(after=None, limit=1) == []
        await _fill(product_store, 1, 2, 3, 1, 2, 3)
        every = await shop_directory.handles(after=None, limit=50)
        assert sorted(every) == sorted(SELLERS)
        for limit in (1, 2, 4, 6):
            pages = [await shop_directory.handles(after=None, limit=limit)]
            while pages[-1]:
                pages.append(await shop_directory.handles(after=pages[-1][-1], limit=limit))
            assert [handle for page in pages for handle in page] == every
            assert {len(page) for page in pages[:-2]} <= {limit}

    async def test_a_page_starts_behind_a_shop_that_is_gone(
        self, product_store: ProductStore, shop_directory: ShopDirectory
    ) -> None:
        """Every handle is a place, whether it has products or not: each other shop is before or behind it."""
        await _fill(product_store, 1, 2, 1)
        every = await shop_directory.handles(after=None, limit=50)
        later = await shop_directory.handles(after="gone", limit=50)
        assert later == every[len(every) - len(later) :]

    async def test_the_figures_of_shops(self, product_store: ProductStore, shop_directory: ShopDirectory) -> None:
        """Visible products, tombstones apart, and the newest visible one; in the order asked, without absent shops."""
        await _fill(product_store, 3, 2)
        await product_store.create([a_tombstone(a_record(a_key(9, SELLERS[0])))])
        await product_store.create([a_tombstone(a_record(a_key(number, SELLERS[2]))) for number in range(2)])
        newest = [stored_product(a_record(a_key(number, seller))) for number, seller in ((2, "A"), (1, "a"))]
        assert await shop_directory.describe([SELLERS[2], SELLERS[1], "gone", SELLERS[0]]) == [
            Shop(seller_handle=SELLERS[2], products=0, withdrawn=2, newest=None),
            Shop(seller_handle=SELLERS[1], products=2, withdrawn=0, newest=newest[1]),
            Shop(seller_handle=SELLERS[0], products=3, withdrawn=1, newest=newest[0]),
        ]
        assert SELLERS[2] in await shop_directory.handles(after=None, limit=50)
        assert await shop_directory.describe([]) == []

    async def test_a_row_that_cannot_be_read_hides_nothing(
        self, product_store: ProductStore, shop_directory: ShopDirectory, request: pytest.FixtureRequest
    ) -> None:
        """Its shop is listed, and the newest product is the newest readable one."""
        spoil: Spoil = optional_fixture(request, "spoil", "rows that cannot be read are not tested")
        await _fill(product_store, 2, 1)
        await spoil(a_key(5, SELLERS[0]))
        assert sorted(await shop_directory.handles(after=None, limit=50)) == ["A", "a"]
        (shop,) = await shop_directory.describe(["A"])
        assert shop.products >= 2
        assert (shop.withdrawn, shop.newest) == (0, stored_product(a_record(a_key(1, "A"))))
