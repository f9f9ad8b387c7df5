"""The contract of listings in a product store: what rows keep, what readers see, and tombstones."""

from __future__ import annotations

from decimal import Decimal

import orjson
import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from linkhub_core.model import Availability, Listing, ProductRecord
from linkhub_core.ports import Conflict, Created, Marked, ProductStore, Revised
from linkhub_core.testing.builders import (
    KEY,
    NOON,
    a_caption,
    a_half,
    a_key,
    a_listed,
    a_record,
    a_revision,
    a_tombstone,
)
from linkhub_core.testing.cursors import first_cursor, numbered, read_after, videos
from linkhub_core.testing.readable import readable, scanned
from linkhub_core.testing.strategies import model_values
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.shop_query import PageQuery

SELLER = KEY.seller_handle
PRICE = Decimal("999999999999999.999999")  # no float has all its digits


async def _stored(store: ProductStore) -> ProductRecord:
    return readable((await store.find([KEY]))[KEY])


async def _page(store: ProductStore, limit: int = 50, before: str | None = None) -> list[str]:
    page = await store.page(PageQuery(seller_handle=SELLER, limit=limit, before=before))
    return [product.video_id for product in page.products]


class ListingContract:
    """Subclass it with a fixture ``product_store`` that gives an empty store."""

    pytestmark = pytest.mark.asyncio

    @pytest.mark.parametrize(
        "listed",
        [
            a_listed(),
            a_listed(availability=Availability.SOLD_OUT),
            a_listed(title="as listed", price=PRICE),
            a_listed(a_record(caption=a_caption(price=None)), price=Decimal(0)),
            a_listed(title=""),
            a_tombstone(title="hidden"),
        ],
        ids=["as-parsed", "sold-out", "title-and-price", "a-price-for-none", "empty-title", "withdrawn"],
    )
    async def test_a_listing_is_stored_beside_what_was_parsed(
        self, product_store: ProductStore, listed: ProductRecord
    ) -> None:
        """By ``create`` and by ``revise``; readers get the title, the price and the availability of the listing."""
        imported = evolve(listed, key=a_key(1))
        assert await product_store.create([imported, a_record()]) == [Created(), Created()]
        after = evolve(listed, revision=2, unannounced_revision=2, caption_version=a_record().caption_version)
        before = a_record(caption=listed.caption)
        outcome = await product_store.revise([a_revision(after, before)])
        assert outcome == [Revised()]
        assert await product_store.find([KEY, a_key(1)]) == {KEY: after, a_key(1): imported}
        assert await product_store.read([KEY]) == {KEY: stored_product(after)}
        document = orjson.loads((await product_store.read([KEY]))[KEY].document)  # type: ignore[union-attr]
        availability = listed.listing.availability
        assert document.get("availability", "in_stock") == availability
        assert ("availability" in document) is (availability is not Availability.IN_STOCK)
        assert document["title"] == listed.listed_caption.title
        swept = [one for one in await scanned(product_store.scan(unannounced=True)) if one.key == KEY]
        assert swept == [after]

    async def test_every_listing_comes_back(self, product_store: ProductStore) -> None:
        """Each title and price that the rules allow."""
        listings: list[Listing] = []

        @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(model_values(Listing))
        def collect(listing: Listing) -> None:
            listings.append(listing)

        collect()
        records = [
            evolve(a_tombstone(a_record(a_key(number)), minute=number), listing=listing)
            for number, listing in enumerate(listings)
        ]
        await product_store.create(records)
        assert await product_store.find([record.key for record in records]) == {one.key: one for one in records}

    async def test_a_save_is_conditional_on_the_version_of_the_listing(self, product_store: ProductStore) -> None:
        """Saves and payments, with the same revision and versions of halves; also where no listing was set."""
        stored = a_listed(title="stored")
        await product_store.create([stored])
        for other in (a_record(), a_listed(minute=1, title="stored")):
            after = evolve(a_record(revision=2), caption_version=other.caption_version)
            assert await product_store.revise([a_revision(after, other)]) == [Conflict(stored)]
            silent = evolve(other, caption_version=a_half(minute=88).version)
            assert await product_store.revise([a_revision(silent, other)]) == [Conflict(stored)]
            assert await product_store.mark_announced([other]) == [Conflict(stored)]
        await product_store.create([a_record(a_key(1))])
        unset = a_record(a_key(1))
        assert await product_store.mark_announced([a_listed(unset)]) == [Conflict(unset)]

    async def test_a_silent_save_moves_what_the_listing_covers(self, product_store: ProductStore) -> None:
        """The parsed title is stored; the document, the revision, the debt and the stamps stay."""
        stored = a_listed(title="as listed")
        await product_store.create([stored])
        await product_store.mark_announced([stored])
        before = await read_after(product_store, await first_cursor(product_store))
        after = evolve(stored, caption=a_caption(title="newer"), caption_version=a_half(minute=88).version)
        assert await product_store.revise([a_revision(after, stored)]) == [Revised()]
        expected = evolve(after, unannounced_revision=None, shown=True)
        assert await _stored(product_store) == expected
        assert await product_store.read([KEY]) == {KEY: stored_product(expected)}
        assert videos(await read_after(product_store, before.cursor)) == videos(before)
        bare = a_listed(expected, minute=99)
        visible = evolve(bare, revision=2, unannounced_revision=2)
        assert await product_store.revise([a_revision(visible, expected)]) == [Revised()]
        assert (await _stored(product_store)).listed_caption.title == "newer"

    async def test_a_silent_save_improves_a_tombstone(self, product_store: ProductStore) -> None:
        """It moves contents and the hidden listing; it is no change, and the product stays hidden."""
        stored = evolve(a_tombstone(), unannounced_revision=None)
        await product_store.create([stored])
        before = await read_after(product_store, await first_cursor(product_store))
        late = evolve(stored, caption=a_caption(title="late"), caption_version=a_half(minute=88).version)
        assert await product_store.revise([a_revision(late, stored)]) == [Revised()]
        retitled = a_tombstone(late, minute=5, title="hidden")
        assert await product_store.revise([a_revision(retitled, late)]) == [Revised()]
        assert await _stored(product_store) == retitled
        assert await _page(product_store) == []
        assert videos(await read_after(product_store, before.cursor)) == videos(before)

    async def test_a_withdrawn_product_is_read_by_its_key_alone(self, product_store: ProductStore) -> None:
        """It is on no page; ``read`` and ``scan`` give the tombstone."""
        hidden = a_tombstone(a_record(a_key(1)))
        await product_store.create([a_record(a_key(0)), hidden, a_record(a_key(2))])
        assert await _page(product_store) == numbered(2, 0)
        assert await _page(product_store, limit=1) == numbered(2)
        assert await _page(product_store, before=a_key(2).video_id) == numbered(0)
        since = await product_store.page(
            PageQuery(seller_handle=SELLER, since=NOON.replace(year=NOON.year - 1), limit=50)
        )
        assert [product.video_id for product in since.products] == numbered(2, 0)
        (read,) = (await product_store.read([a_key(1)])).values()
        assert read == stored_product(hidden)
        assert [one.key for one in await scanned(product_store.scan(seller_handle=SELLER))] == [
            a_key(number) for number in range(3)
        ]

    async def test_the_withdrawing_save_resets_shown(self, product_store: ProductStore) -> None:
        """The payment of a removal does not set it, so the product comes back as one that is not shown."""
        await product_store.create([a_record()])
        await product_store.mark_announced([a_record()])
        shown = await _stored(product_store)
        withdrawn = a_tombstone(evolve(shown, revision=2, unannounced_revision=2, shown=False))
        assert await product_store.revise([a_revision(withdrawn, shown)]) == [Revised()]
        assert await _stored(product_store) == withdrawn
        assert await product_store.mark_announced([withdrawn]) == [Marked()]
        paid = evolve(withdrawn, unannounced_revision=None)
        assert await _stored(product_store) == paid
        back = a_listed(evolve(paid, revision=3, unannounced_revision=3), minute=9)
        assert await product_store.revise([a_revision(back, paid)]) == [Revised()]
        assert await product_store.mark_announced([back]) == [Marked()]
        assert await _stored(product_store) == evolve(back, unannounced_revision=None, shown=True)

    async def test_removals_are_among_the_changes(self, product_store: ProductStore) -> None:
        """In their order and under the limit; the cursor of each names its place."""
        records = [a_record(a_key(number)) for number in range(4)]
        await product_store.create(records)
        cursor = (await read_after(product_store, await first_cursor(product_store))).cursor
        seen = [change.product.video_id for change in (await read_after(product_store, cursor)).changes]
        for number in (2, 0):
            before = records[number]
            after = a_tombstone(evolve(before, revision=2, unannounced_revision=2))
            assert await product_store.revise([a_revision(after, before)]) == [Revised()]
        found = await read_after(product_store, cursor)
        assert videos(found)[-2:] == numbered(2, 0)
        assert list(found.removed) == numbered(2, 0)
        assert [product.video_id for product in found.products] == [one for one in seen if one in numbered(1, 3)]
        if not seen:
            first = await read_after(product_store, cursor, limit=1)
            assert (list(first.removed), first.has_more) == (numbered(2), True)
            assert list((await read_after(product_store, first.cursor)).removed) == numbered(0)

    async def test_pages_stay_full_behind_a_thousand_tombstones(self, product_store: ProductStore) -> None:
        """A page holds the products on both sides of the tombstones."""
        tombstones = [a_tombstone(a_record(a_key(number), unannounced_revision=None)) for number in range(1, 1001)]
        visible = [a_record(a_key(number)) for number in (0, 1001)]
        for begin in range(0, 1000, 100):
            await product_store.create(tombstones[begin : begin + 100])
        await product_store.create(visible)
        page = await product_store.page(PageQuery(seller_handle=SELLER, limit=2))
        assert ([product.video_id for product in page.products], page.has_more) == (numbered(1001, 0), False)
        first = await product_store.page(PageQuery(seller_handle=SELLER, limit=1))
        assert ([product.video_id for product in first.products], first.has_more) == (numbered(1001), True)
