"""The contract of :class:`~linkhub_core.ports.ProductStore`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from linkhub_core.model import Caption, Kind, ProductKey, ProductRecord, ThumbnailSet, Version
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Conflict, Created, Exists, Marked, ProductStore, Revised, Unreadable
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_key, a_record, a_revision
from linkhub_core.testing.extremes import MOMENTS, extreme_captions, extreme_thumbnail_sets
from linkhub_core.testing.readable import Spoil, optional_fixture, readable, scanned
from linkhub_core.testing.strategies import captions, keys, thumbnail_sets
from linkhub_core.wire.codec import digest_of, encode_product, stored_product
from linkhub_core.wire.shop_query import PageQuery

SELLER = KEY.seller_handle


async def _fill(store: ProductStore, count: int) -> list[ProductRecord]:
    """Store ``count`` products of one shop, each updated a minute after the last; return them newest first."""
    records = [a_record(a_key(number), updated_at=NOON + timedelta(minutes=number)) for number in range(count)]
    await store.create(records)
    return records[::-1]


def stored(records: Iterable[ProductRecord]) -> list[StoredProduct]:
    """The records as readers get them."""
    return [stored_product(record) for record in records]


class ProductStoreContract:
    """Subclass it with a fixture ``product_store`` that gives an empty store.

    Optional: a fixture ``spoil`` that gives a :data:`~linkhub_core.testing.readable.Spoil`, a coroutine function that
    writes an unreadable row under a key. Without it the tests of unreadable rows are skipped.
    """

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def spoil(self, request: pytest.FixtureRequest) -> Spoil:
        """Writes an unreadable row."""
        spoil: Spoil = optional_fixture(request, "spoil", "rows that cannot be read are not tested")
        return spoil

    async def test_a_new_product_is_created(self, product_store: ProductStore) -> None:
        """A new product is stored and read back unchanged, with its unannounced revision."""
        record = a_record()
        assert await product_store.create([record]) == [Created()]
        assert await product_store.find([record.key]) == {record.key: record}

    async def test_an_existing_product_is_not_replaced(self, product_store: ProductStore) -> None:
        """``create`` of an existing product changes nothing and returns the stored one."""
        record = a_record()
        await product_store.create([record])
        other = evolve(record, caption=a_caption(title="another"), revision=7)
        assert await product_store.create([other]) == [Exists(record)]
        assert await product_store.find([record.key]) == {record.key: record}

    async def test_a_revision_follows_the_one_before(self, product_store: ProductStore) -> None:
        """``revise`` replaces the product by its next revision."""
        first = a_record()
        second = evolve(
            a_record(revision=2), caption=a_caption(title="second", price=None), updated_at=NOON + timedelta(hours=1)
        )
        await product_store.create([first])
        assert await product_store.revise([a_revision(second)]) == [Revised()]
        assert await product_store.find([first.key]) == {first.key: second}

    async def test_a_revision_of_another_state_conflicts(self, product_store: ProductStore) -> None:
        """A revision of another state changes nothing and returns the stored product, or None."""
        stored = a_record(a_key(1))
        await product_store.create([stored])
        late = a_revision(a_record(a_key(1), revision=3), evolve(stored, revision=2))
        early = a_revision(a_record(a_key(1)), evolve(stored, revision=0))
        unknown = a_revision(a_record(a_key(2), revision=2))
        assert await product_store.revise([late, unknown]) == [Conflict(stored), Conflict(None)]
        assert await product_store.revise([early]) == [Conflict(stored)]
        assert await product_store.find([a_key(1), a_key(2)]) == {stored.key: stored}

    async def test_of_concurrent_revisions_one_is_written(self, product_store: ProductStore) -> None:
        """Of concurrent revisions one is written; the others get the stored product."""
        await product_store.create([a_record()])
        rivals = [a_record(revision=2, caption=a_caption(title=f"rival {number}")) for number in range(5)]
        outcomes = [
            one for (one,) in await asyncio.gather(*(product_store.revise([a_revision(rival)]) for rival in rivals))
        ]
        stored = readable((await product_store.find([KEY]))[KEY])
        assert outcomes.count(Revised()) == 1
        assert outcomes.count(Conflict(stored)) == 4
        assert stored == rivals[outcomes.index(Revised())]

    async def test_of_concurrent_creations_one_is_written(self, product_store: ProductStore) -> None:
        """Of concurrent creations one is written; the others get the stored product."""
        rivals = [a_record(caption=a_caption(title=f"rival {number}")) for number in range(5)]
        outcomes = [one for (one,) in await asyncio.gather(*(product_store.create([rival]) for rival in rivals))]
        stored = readable((await product_store.find([KEY]))[KEY])
        assert outcomes.count(Created()) == 1
        assert outcomes.count(Exists(stored)) == 4

    async def test_an_announced_revision_is_cleared(self, product_store: ProductStore) -> None:
        """``mark_announced`` clears the debt of this revision and sets ``shown``; nothing else changes."""
        record = a_record()
        cleared = evolve(record, unannounced_revision=None, shown=True)
        await product_store.create([record])
        assert await product_store.mark_announced([record]) == [Marked()]
        assert await product_store.mark_announced([record]) == [Marked()]
        assert await product_store.find([record.key]) == {record.key: cleared}

    async def test_a_stale_or_unknown_announcement_clears_nothing(self, product_store: ProductStore) -> None:
        """``mark_announced`` of an older revision keeps the newer debt; an unknown key creates no product."""
        await product_store.create([a_record()])
        second = a_record(revision=2)
        await product_store.revise([a_revision(second)])
        outcomes = await product_store.mark_announced([a_record(), a_record(a_key(9))])
        assert outcomes == [Conflict(second), Conflict(None)]
        assert await product_store.find([KEY, a_key(9)]) == {KEY: second}

    async def test_a_batch_has_its_outcomes_in_order(self, product_store: ProductStore) -> None:
        """130 products in one call, some of which exist: the outcomes are in the order of the batch."""
        batch = [a_record(a_key(number)) for number in range(130)]
        there = {record.key: evolve(record, caption=a_caption(title="before")) for record in batch[::3]}
        await product_store.create(list(there.values()))
        outcomes = await product_store.create(batch)
        assert outcomes == [Exists(there[record.key]) if record.key in there else Created() for record in batch]
        expected = {record.key: there.get(record.key, record) for record in batch}
        assert await product_store.find([record.key for record in batch]) == expected
        await product_store.mark_announced(list(expected.values()))
        assert [record async for record in product_store.scan(unannounced=True)] == []

    async def test_the_same_video_at_two_sellers_is_two_products(self, product_store: ProductStore) -> None:
        """Sellers do not share products."""
        mine, theirs = a_record(a_key(1)), a_record(a_key(1, "another-seller"))
        assert await product_store.create([mine, theirs]) == [Created(), Created()]
        page = await product_store.page(PageQuery(seller_handle="another-seller"))
        assert page.products == stored([theirs])

    async def test_a_page_is_newest_first_and_has_more(self, product_store: ProductStore) -> None:
        """Pages are in descending order of video; ``has_more`` is true only if another product follows."""
        newest_first = await _fill(product_store, 5)
        page = await product_store.page(PageQuery(seller_handle=SELLER, limit=4))
        assert (list(page.products), page.has_more) == (stored(newest_first[:4]), True)
        page = await product_store.page(PageQuery(seller_handle=SELLER, limit=5))
        assert (list(page.products), page.has_more, page.last_key) == (stored(newest_first), False, None)
        page = await product_store.page(PageQuery(seller_handle="no-such-seller", limit=5))
        assert (list(page.products), page.has_more) == ([], False)

    async def test_walking_the_pages_gives_each_product_once(self, product_store: ProductStore) -> None:
        """From page to page every product is returned once, in order."""
        newest_first = await _fill(product_store, 7)
        walked: list[StoredProduct] = []
        before: str | None = None
        while True:
            page = await product_store.page(PageQuery(seller_handle=SELLER, limit=3, before=before))
            walked += page.products
            if page.last_key is None:
                break
            before = page.last_key.video_id
        assert walked == stored(newest_first)

    async def test_since_returns_later_changes(self, product_store: ProductStore) -> None:
        """``since`` returns products with a later ``updated_at``, in the order of pages, with ``has_more``."""
        newest_first = await _fill(product_store, 6)
        later = NOON + timedelta(minutes=2)
        page = await product_store.page(PageQuery(seller_handle=SELLER, limit=2, since=later))
        assert (list(page.products), page.has_more) == (stored(newest_first[:2]), True)
        rest = PageQuery(seller_handle=SELLER, limit=2, since=later, before=newest_first[1].key.video_id)
        page = await product_store.page(rest)
        assert (list(page.products), page.has_more) == (stored(newest_first[2:3]), False)
        page = await product_store.page(PageQuery(seller_handle=SELLER, since=NOON + timedelta(minutes=5)))
        assert (list(page.products), page.has_more) == ([], False)

    async def test_since_is_exact_to_the_millisecond(self, product_store: ProductStore) -> None:
        """A product updated exactly at ``since`` is not returned; for one millisecond earlier it is."""
        moment = datetime.fromisoformat("2026-01-15T12:00:00.500+00:00")
        await product_store.create([a_record(updated_at=moment)])
        seen = [
            len((await product_store.page(PageQuery(seller_handle=SELLER, since=moment + delta))).products)
            for delta in (timedelta(), timedelta(microseconds=-1), timedelta(microseconds=1))
        ]
        assert seen == [0, 1, 0]

    async def test_a_revised_product_is_found_by_since(self, product_store: ProductStore) -> None:
        """``since`` returns a product after its revision."""
        await _fill(product_store, 3)
        revised = a_record(a_key(0), revision=2, updated_at=NOON + timedelta(hours=1))
        before = a_record(a_key(0), updated_at=NOON)
        await product_store.revise([a_revision(revised, before)])
        page = await product_store.page(PageQuery(seller_handle=SELLER, since=NOON + timedelta(minutes=30)))
        assert list(page.products) == stored([revised])

    async def test_a_scan_goes_through_all_products_in_the_order_of_their_keys(
        self, product_store: ProductStore
    ) -> None:
        """A scan returns all products, or those of a shop, once, by seller and video."""
        shops = ["b-shop", "a.shop", "A_shop"]
        records = [a_record(a_key(number, shops[number % 3])) for number in range(230)]
        await product_store.create(records)
        ordered = sorted(records, key=lambda record: record.key)
        assert [record async for record in product_store.scan()] == ordered
        one_shop = [record for record in ordered if record.key.seller_handle == "a.shop"]
        assert [record async for record in product_store.scan(seller_handle="a.shop")] == one_shop

    async def test_a_scan_finds_unannounced_products(self, product_store: ProductStore) -> None:
        """``unannounced`` returns only products with a debt."""
        newest_first = await _fill(product_store, 4)
        await product_store.mark_announced([record for record in newest_first if record.key != a_key(1)])
        assert [record.key for record in await scanned(product_store.scan(unannounced=True))] == [a_key(1)]

    async def test_a_scan_of_a_shop_finds_unannounced_products(self, product_store: ProductStore) -> None:
        """``seller_handle`` and ``unannounced`` apply together."""
        mine, theirs = [a_record(a_key(number)) for number in range(3)], [a_record(a_key(0, "zz"))]
        await product_store.create([*mine, *theirs])
        await product_store.mark_announced([mine[1]])
        scan = product_store.scan(seller_handle=SELLER, unannounced=True)
        assert sorted([record.key for record in await scanned(scan)]) == [a_key(0), a_key(2)]

    async def test_a_scan_goes_on_while_products_change(self, product_store: ProductStore) -> None:
        """Products that are announced during a scan neither end it nor repeat rows."""
        records = await _fill(product_store, 230)
        seen = []
        async for row in product_store.scan(unannounced=True):
            record = readable(row)
            seen.append(record.key)
            await product_store.mark_announced([record])
        assert sorted(seen) == sorted(record.key for record in records)

    async def test_readers_get_the_stored_json(self, product_store: ProductStore) -> None:
        """``read`` and ``page`` return the bytes that the codec writes; unknown keys are left out."""
        first, second = a_record(a_key(1)), a_record(a_key(2), caption=a_caption(title="Ñandú 👗", price=None))
        await product_store.create([first, second])
        read = await product_store.read([first.key, a_key(9)])
        assert read == {first.key: stored_product(first)}
        page = await product_store.page(PageQuery(seller_handle=SELLER))
        assert [product.document for product in page.products] == [encode_product(second), encode_product(first)]
        assert not page.unreadable

    async def test_similar_handles_are_different_shops(self, product_store: ProductStore) -> None:
        """A handle that is a prefix of another, or differs in case, is another shop."""
        shops = ["shop", "shop-2", "shop.", "Shop", "shop_"]
        await product_store.create([a_record(a_key(number, shop)) for number, shop in enumerate(shops)])
        for since in (None, NOON - timedelta(days=1)):
            for number, shop in enumerate(shops):
                page = await product_store.page(PageQuery(seller_handle=shop, since=since))
                assert [product.key for product in page.products] == [a_key(number, shop)]

    async def test_a_page_starts_below_any_id(self, product_store: ProductStore) -> None:
        """``before`` may name a product that does not exist."""
        await product_store.create([a_record(a_key(number)) for number in (1, 3, 5)])
        page = await product_store.page(PageQuery(seller_handle=SELLER, before=a_key(4).video_id))
        assert [product.key for product in page.products] == [a_key(3), a_key(1)]
        page = await product_store.page(PageQuery(seller_handle=SELLER, before=a_key(1).video_id))
        assert (list(page.products), page.has_more) == ([], False)

    async def test_has_more_with_since_is_exact(self, product_store: ProductStore) -> None:
        """If few of many products changed, a page is filled, and ``has_more`` counts changed products only."""
        await _fill(product_store, 60)
        changed = [a_record(a_key(n), revision=2, updated_at=NOON + timedelta(hours=9)) for n in (1, 20, 40, 59)]
        await product_store.revise([a_revision(record) for record in changed])
        for limit, more in ((3, True), (4, False), (5, False)):
            query = PageQuery(seller_handle=SELLER, limit=limit, since=NOON + timedelta(hours=8))
            page = await product_store.page(query)
            assert (list(page.products), page.has_more) == (stored(changed[::-1][:limit]), more)

    async def test_extreme_values_are_read_back_unchanged(self, product_store: ProductStore) -> None:
        """Prices to the last decimal, unusual texts, the largest and smallest numbers are read back unchanged."""
        fields_of_each: list[dict[str, Any]] = [{"caption": caption} for caption in extreme_captions()]
        fields_of_each += [{"thumbnails": thumbnails} for thumbnails in extreme_thumbnail_sets()]
        fields_of_each += [{"created_at": moment, "updated_at": moment} for moment in MOMENTS]
        records = [a_record(a_key(number), **fields) for number, fields in enumerate(fields_of_each)]
        await product_store.create(records)
        found = await product_store.find([record.key for record in records])
        read = await product_store.read([record.key for record in records])
        for record in records:
            assert found[record.key] == record
            assert read[record.key] == stored_product(record)

    async def test_empty_batches_do_nothing(self, product_store: ProductStore) -> None:
        """An empty batch gives an empty result."""
        assert await product_store.create([]) == []
        assert await product_store.revise([]) == []
        assert await product_store.find([]) == {}
        assert await product_store.read([]) == {}
        await product_store.mark_announced([])
        assert [record async for record in product_store.scan()] == []

    async def test_valid_products_are_read_back_unchanged(self, product_store: ProductStore) -> None:
        """Any valid product is read back unchanged."""
        samples: dict[ProductKey, ProductRecord] = {}

        @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(keys(), captions(), thumbnail_sets())
        def collect(key: ProductKey, caption: Caption, thumbnails: ThumbnailSet) -> None:
            samples[key] = a_record(
                key,
                caption=caption,
                caption_version=Version.at(NOON, digest_of(caption)),
                thumbnails=thumbnails,
                thumbnails_version=Version.at(NOON, digest_of(thumbnails)),
            )

        collect()
        await product_store.create(list(samples.values()))
        assert await product_store.find(list(samples)) == samples
        assert await product_store.read(list(samples)) == {
            key: stored_product(record) for key, record in samples.items()
        }

    # --- conditions: a write is of what was read

    @pytest.mark.parametrize(
        "changed",
        [
            {"caption_version": a_half(minute=77).version},
            {"thumbnails_version": a_half(minute=77).version},
            {"created_at": NOON - timedelta(hours=1)},
        ],
        ids=lambda changed: next(iter(changed)),
    )
    async def test_a_product_that_changed_since_it_was_read_is_neither_revised_nor_marked(
        self, product_store: ProductStore, changed: dict[str, Any]
    ) -> None:
        """The condition covers the revision, both versions, and the life of the product."""
        stored = evolve(a_record(), **changed)
        await product_store.create([stored])
        loud = a_revision(a_record(revision=2))
        silent = a_revision(evolve(a_record(), caption_version=a_half(minute=99).version))
        assert await product_store.revise([loud]) == [Conflict(stored)]
        assert await product_store.revise([silent]) == [Conflict(stored)]
        assert await product_store.mark_announced([a_record()]) == [Conflict(stored)]
        assert await product_store.find([KEY]) == {KEY: stored}

    async def test_a_silent_revision_changes_the_versions_only(self, product_store: ProductStore) -> None:
        """Revision, debt and ``updated_at`` stay; a debt that was cleared meanwhile stays cleared."""
        read = a_record()
        await product_store.create([read])
        await product_store.mark_announced([read])
        newer = evolve(
            read,
            caption_version=a_half(minute=88).version,
            thumbnails_version=a_half(Kind.THUMBNAIL, minute=99).version,
        )
        assert await product_store.revise([a_revision(newer, read)]) == [Revised()]
        assert await product_store.find([KEY]) == {KEY: evolve(newer, unannounced_revision=None, shown=True)}
        assert await product_store.revise([a_revision(a_record(revision=2), read)]) != [Revised()]

    async def test_of_concurrent_silent_revisions_none_is_lost(self, product_store: ProductStore) -> None:
        """Of two concurrent refreshes the second conflicts: it would restore the older version."""
        read = a_record()
        await product_store.create([read])
        caption = evolve(read, caption_version=a_half(minute=88).version)
        thumbnails = evolve(read, thumbnails_version=a_half(Kind.THUMBNAIL, minute=99).version)
        assert await product_store.revise([a_revision(caption, read)]) == [Revised()]
        assert await product_store.revise([a_revision(thumbnails, read)]) == [Conflict(caption)]

    async def test_a_save_never_clears_shown(self, product_store: ProductStore) -> None:
        """A save keeps ``shown``, which another process may have set meanwhile."""
        read = a_record()
        await product_store.create([read])
        await product_store.mark_announced([read])
        assert await product_store.revise([a_revision(a_record(revision=2), read)]) == [Revised()]
        assert await product_store.find([KEY]) == {KEY: a_record(revision=2, shown=True)}

    async def test_an_imported_product_owes_nothing(self, product_store: ProductStore) -> None:
        """Created as shown, then raised to a greater revision, then to a later life of the same revision."""
        shown = a_record(revision=3, unannounced_revision=None, shown=True)
        assert await product_store.create([shown]) == [Created()]
        raised = evolve(shown, revision=7)
        later = evolve(raised, created_at=NOON + timedelta(hours=1), updated_at=NOON + timedelta(hours=2))
        for before, after in ((shown, raised), (raised, later)):
            assert await product_store.revise([a_revision(after, before)]) == [Revised()]
            assert await product_store.find([KEY]) == {KEY: after}
        assert await scanned(product_store.scan(unannounced=True)) == []

    # --- rows that cannot be read

    async def test_an_unreadable_row_is_an_outcome_and_hides_no_other(
        self, product_store: ProductStore, spoil: Spoil
    ) -> None:
        """A read returns the readable products, and an Unreadable for the other."""
        await product_store.create([a_record(a_key(1)), a_record(a_key(3))])
        await spoil(a_key(2))
        found = await product_store.find([a_key(1), a_key(2), a_key(3)])
        spoilt = found[a_key(2)]
        assert isinstance(spoilt, Unreadable)
        assert (spoilt.seller_handle, spoilt.video_id) == (SELLER, a_key(2).video_id)
        assert spoilt.problem
        assert (found[a_key(1)], found[a_key(3)]) == (a_record(a_key(1)), a_record(a_key(3)))

    async def test_a_scan_continues_after_unreadable_rows(self, product_store: ProductStore, spoil: Spoil) -> None:
        """A scan returns every row once in the order of the keys, readable or not."""
        await product_store.create([a_record(a_key(number)) for number in (0, 2, 4)])
        for number in (1, 3):
            await spoil(a_key(number))
        rows = [row async for row in product_store.scan(seller_handle=SELLER)]
        assert [isinstance(row, Unreadable) for row in rows] == [False, True, False, True, False]

    async def test_no_write_changes_an_unreadable_row(self, product_store: ProductStore, spoil: Spoil) -> None:
        """``create`` and ``revise`` return Unreadable for it; the other products of the batch are written."""
        await spoil(a_key(1))
        created = await product_store.create([a_record(a_key(1)), a_record(a_key(2))])
        assert isinstance(created[0], Unreadable)
        assert created[1] == Created()
        changes = [a_revision(a_record(a_key(number), revision=2)) for number in (1, 2)]
        revised = await product_store.revise(changes)
        assert isinstance(revised[0], Unreadable)
        assert revised[1] == Revised()
        marked = await product_store.mark_announced([a_record(a_key(1))])
        assert isinstance(marked[0], Unreadable)
        assert isinstance((await product_store.find([a_key(1)]))[a_key(1)], Unreadable)

    async def test_a_page_skips_unreadable_rows(self, product_store: ProductStore, spoil: Spoil) -> None:
        """Unreadable rows do not count for ``limit`` and ``has_more``."""
        await product_store.create([a_record(a_key(number)) for number in (0, 1, 5)])
        for number in (2, 3, 4, 6, 7):
            await spoil(a_key(number))
        for limit, more in ((2, True), (3, False)):
            page = await product_store.page(PageQuery(seller_handle=SELLER, limit=limit))
            assert [record.key for record in page.products] == [a_key(5), a_key(1), a_key(0)][:limit]
            assert page.has_more is more
            assert {row.video_id for row in page.unreadable} == {a_key(number).video_id for number in (2, 3, 4, 6, 7)}
