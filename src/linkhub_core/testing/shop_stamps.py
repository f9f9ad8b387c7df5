"""The contract of :class:`~linkhub_core.ports.ShopStamps` for stores that know their changes exactly."""

from __future__ import annotations

import pytest
from attrs import evolve

from linkhub_core.ports import ProductStore, Revised, ShopStamps
from linkhub_core.testing.builders import KEY, a_half, a_key, a_record, a_revision

SELLER = KEY.seller_handle


class ShopStampsContract:
    """Subclass it with fixtures ``product_store`` (an empty store) and ``shop_stamps`` (of that store)."""

    pytestmark = pytest.mark.asyncio

    async def test_a_change_that_readers_see_moves_the_stamp(
        self, product_store: ProductStore, shop_stamps: ShopStamps
    ) -> None:
        """A new product and each revision, the first of a shop included; no stamp comes twice."""
        stamps = [shop_stamps.current(SELLER)]
        await product_store.create([a_record()])
        stamps.append(shop_stamps.current(SELLER))
        for revision in (2, 3):
            await product_store.revise([a_revision(a_record(revision=revision), a_record(revision=revision - 1))])
            stamps.append(shop_stamps.current(SELLER))
        assert len(set(stamps)) == 4

    async def test_what_readers_do_not_see_leaves_the_stamp(
        self, product_store: ProductStore, shop_stamps: ShopStamps
    ) -> None:
        """Reading, an announcement that is paid, a write that conflicts, a silent one, and another shop's changes."""
        await product_store.create([a_record()])
        stamp = shop_stamps.current(SELLER)
        await product_store.find([KEY])
        await product_store.mark_announced([a_record()])
        await product_store.create([a_record(revision=7)])
        await product_store.revise([a_revision(a_record(revision=9), a_record(revision=8))])
        silent = evolve(a_record(), caption_version=a_half(minute=88).version)
        assert await product_store.revise([a_revision(silent)]) == [Revised()]
        await product_store.create([a_record(a_key(1, "another"))])
        assert shop_stamps.current(SELLER) == stamp
        assert shop_stamps.max_age_seconds == 0
