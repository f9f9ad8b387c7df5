"""The contract of stores for rows that another service wrote."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from attrs import evolve

from linkhub_core.model import OLDER_THAN_ANY_EVENT, Half, Kind, ProductRecord, WaitingHalf
from linkhub_core.ports import (
    Conflict,
    Dropped,
    Equal,
    Exists,
    Marked,
    Newer,
    Partner,
    ProductStore,
    Revised,
    Revision,
    Staged,
    StagingStore,
    Superseded,
)
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_record, a_waiting
from linkhub_core.testing.readable import readable, scanned
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.shop_query import PageQuery

PlantProduct = Callable[[ProductRecord], Awaitable[None]]
PlantRow = Callable[[WaitingHalf], Awaitable[None]]


def a_foreign_product() -> ProductRecord:
    """A product that another service saved and announced at noon."""
    return a_record(
        revision=0,
        caption_version=OLDER_THAN_ANY_EVENT,
        thumbnails_version=OLDER_THAN_ANY_EVENT,
        updated_at=NOON,
        unannounced_revision=None,
        shown=True,
    )


def a_foreign_row(*halves: Half) -> WaitingHalf:
    """A row of another service with one half or two, written at noon."""
    first, *others = halves or (a_half(),)
    return evolve(a_waiting(first, other=others[0] if others else None), is_foreign=True)


def _improved(record: ProductRecord, title: str) -> Revision:
    caption = a_caption(title=title)
    version = a_half(minute=9, content=caption).version
    after = evolve(record, revision=record.revision + 1, unannounced_revision=record.revision + 1)
    return Revision(before=record, after=evolve(after, caption=caption, caption_version=version))


class ForeignProductContract:
    """Subclass it with fixtures: ``product_store`` gives an empty store.

    ``plant`` gives a function that puts a product as another service does.
    """

    pytestmark = pytest.mark.asyncio

    async def test_it_is_found_and_shown_as_revision_0(self, product_store: ProductStore, plant: PlantProduct) -> None:
        """By its key, on a page and in a scan; it has no unannounced revision."""
        record = a_foreign_product()
        await plant(record)
        assert await product_store.find([KEY]) == {KEY: record}
        assert (await product_store.page(PageQuery(seller_handle=KEY.seller_handle))).products == [
            stored_product(record)
        ]
        assert await scanned(product_store.scan()) == [record]
        assert await scanned(product_store.scan(unannounced=True)) == []

    async def test_one_improvement_is_saved(self, product_store: ProductStore, plant: PlantProduct) -> None:
        """Of two consumers that read revision 0, the second conflicts and can then revise the newer state."""
        await plant(a_foreign_product())
        first, second = (_improved(a_foreign_product(), title) for title in ("one", "two"))
        assert await product_store.revise([first]) == [Revised()]
        assert await product_store.revise([second]) == [Conflict(first.after)]
        assert await product_store.mark_announced([first.after]) == [Marked()]
        announced = evolve(first.after, unannounced_revision=None)
        assert await product_store.revise([_improved(announced, "two")]) == [Revised()]

    async def test_an_adopted_product_is_improved(self, product_store: ProductStore, plant: PlantProduct) -> None:
        """Adoption creates no unannounced revision; for a row with a revision it conflicts."""
        record = a_foreign_product()
        await plant(record)
        adoption = Revision(before=record, after=evolve(record, revision=1))
        assert await product_store.revise([adoption]) == [Revised()]
        assert await product_store.find([KEY]) == {KEY: adoption.after}
        improvement = _improved(adoption.after, "one")
        assert await product_store.revise([improvement]) == [Revised()]
        assert await product_store.revise([adoption]) == [Conflict(improvement.after)]

    async def test_an_improvement_may_owe_nothing(self, product_store: ProductStore, plant: PlantProduct) -> None:
        """A quiet import writes contents and versions, as any improvement does."""
        await plant(a_foreign_product())
        improved = _improved(a_foreign_product(), "one")
        quiet = evolve(improved, after=evolve(improved.after, unannounced_revision=None, shown=True))
        assert await product_store.revise([quiet]) == [Revised()]
        assert await product_store.find([KEY]) == {KEY: quiet.after}

    async def test_no_product_is_created_over_it(self, product_store: ProductStore, plant: PlantProduct) -> None:
        """``create`` returns Exists."""
        await plant(a_foreign_product())
        assert await product_store.create([a_record()]) == [Exists(a_foreign_product())]


class ForeignStagingContract:
    """Subclass it with fixtures: ``staging_store`` gives an empty store.

    ``plant`` gives a function that puts a row as another service does.
    """

    pytestmark = pytest.mark.asyncio

    async def _read(self, store: StagingStore) -> WaitingHalf:
        return readable((await store.waiting([KEY]))[KEY])

    async def test_a_row_is_read_with_every_half(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """By its key and in a scan."""
        row = a_foreign_row(a_half(), a_half(Kind.THUMBNAIL))
        await plant(row)
        found = await self._read(staging_store)
        assert (found.halves, found.is_foreign, found.expires_at) == (row.halves, True, row.expires_at)
        assert await scanned(staging_store.scan()) == [found]

    async def test_both_halves_are_the_partner_of_either(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """A newer half leaves a row with both halves unchanged."""
        await plant(a_foreign_row(a_half(), a_half(Kind.THUMBNAIL)))
        row = await self._read(staging_store)
        for half in (a_half(minute=9), a_half(Kind.THUMBNAIL, minute=9)):
            assert await staging_store.stage([a_waiting(half)]) == [Partner(row)]
        assert await self._read(staging_store) == row

    async def test_one_half_is_replaced_by_a_newer_one(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """Afterwards the row is not foreign."""
        await plant(a_foreign_row())
        assert await staging_store.stage([a_waiting(a_half(minute=9))]) == [Staged()]
        row = await self._read(staging_store)
        assert (row.half, row.is_foreign) == (a_half(minute=9), False)

    async def test_one_half_survives_older_ones_and_copies(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """The row is not foreign afterwards, and its expiry never moves back."""
        await plant(a_foreign_row(a_half(minute=-1)))
        before = await self._read(staging_store)
        assert await staging_store.stage([a_waiting(a_half(minute=-9), expires_at=NOON)]) == [Superseded()]
        row = await self._read(staging_store)
        assert (row.half, row.is_foreign, row.expires_at) == (before.half, False, before.expires_at)
        assert await staging_store.stage([before]) == [Equal()]

    async def test_the_other_kind_is_the_partner(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """As in any row."""
        await plant(a_foreign_row())
        row = await self._read(staging_store)
        assert await staging_store.stage([a_waiting(a_half(Kind.THUMBNAIL))]) == [Partner(row)]

    async def test_two_halves_are_dropped_only_together(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """``drop`` with one half, or another version, keeps the row."""
        await plant(a_foreign_row(a_half(), a_half(Kind.THUMBNAIL)))
        row = await self._read(staging_store)
        assert row.other is not None
        assert await staging_store.drop([row.half]) == [Newer(row)]
        assert await staging_store.drop([row.other]) == [Newer(row)]
        assert await staging_store.drop([evolve(row, half=a_half(minute=-9))]) == [Newer(row)]
        assert await staging_store.drop([row]) == [Dropped()]
        assert await staging_store.waiting([KEY]) == {}

    async def test_a_row_of_one_half_is_dropped_with_it(self, staging_store: StagingStore, plant: PlantRow) -> None:
        """As any row does."""
        await plant(a_foreign_row())
        row = await self._read(staging_store)
        assert await staging_store.drop([row.half]) == [Dropped()]
