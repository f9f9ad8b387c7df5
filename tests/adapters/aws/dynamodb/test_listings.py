"""Listings on DynamoDB Local: what an item keeps of them, tombstones in pages and changes, and what all of it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from benchmarks.dynamodb_units import READ_UNIT_BYTES, item_bytes
from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb import shop_reader
from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_adapters.aws.dynamodb.product_items import product_from_item, product_item, product_key, stored_from_item
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_core.model import Availability, Listing, ProductRecord, Version
from linkhub_core.ports import Conflict, Marked, Revised, Revision
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_key, a_record
from linkhub_core.testing.cursors import first_cursor, numbered, read_after
from linkhub_core.testing.listings import ListingContract
from linkhub_core.testing.readable import readable
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.adapters.aws.table_fixture import TableFixture, open_tables

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

SELLER = KEY.seller_handle
WITHDRAWN = Listing(availability=Availability.WITHDRAWN)
LISTINGS = {
    "withdrawn": WITHDRAWN,
    "sold out": Listing(availability=Availability.SOLD_OUT),
    "title": Listing(title="As the seller says"),
    "price": Listing(price=Decimal("49000.5")),
    "all": Listing(availability=Availability.SOLD_OUT, title="", price=Decimal(0)),
    "as parsed": Listing(),
}


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """A client as linkhub makes it, and tables of the test's own."""
    client = make_dynamodb_client(Config(parameter_validation=False))
    speed_up(client)
    with open_tables(client) as tables:
        yield tables


@pytest.fixture
def store(tables: TableFixture) -> DynamoDbProductStore:
    """An empty store."""
    return tables.product_store


def _version(number: int) -> Version:
    return Version.at(NOON + timedelta(minutes=number), "d")


def _listed(record: ProductRecord, listing: Listing, number: int = 1) -> ProductRecord:
    return evolve(record, listing=listing, listing_version=_version(number))


def _next(record: ProductRecord, **changes: Any) -> ProductRecord:
    """The next visible revision; a withdrawal is not shown."""
    after = evolve(record, revision=record.revision + 1, unannounced_revision=record.revision + 1, **changes)
    return evolve(after, shown=record.shown and not after.is_withdrawn)


def _withdrawn(record: ProductRecord, number: int = 1) -> ProductRecord:
    return _next(record, listing=WITHDRAWN, listing_version=_version(number))


async def _find(store: DynamoDbProductStore) -> ProductRecord:
    return readable((await store.find([KEY]))[KEY])


async def _page(store: DynamoDbProductStore, **query: Any) -> Page:
    return await store.page(PageQuery(seller_handle=SELLER, **query))


def _videos(page: Page) -> list[str]:
    return [product.video_id for product in page.products]


def _item(tables: TableFixture) -> Item:
    found: Any = tables.dynamodb.get_item(TableName=tables.products.name, Key=product_key(KEY))
    item: Item = found["Item"]
    return item


class TestContract(ListingContract):
    """What every store keeps of listings."""

    @pytest.fixture
    def product_store(self, tables: TableFixture) -> DynamoDbProductStore:
        """An empty store on a clock that moves with each reply, so that changes have an order."""
        tables.reply_seconds = 0.01
        return tables.product_store


# --- items


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
@pytest.mark.parametrize("price", [None, Decimal("55000.25")])
def test_an_item_has_what_readers_see_and_what_was_parsed(listing: Listing, price: Decimal | None) -> None:
    """Other services read the listed title and price; linkhub reads back the parsed ones, and the document."""
    record = _listed(a_record(caption=a_caption(price=price)), listing)
    item = product_item(record)
    assert item["title"]["S"] == (record.caption.title if listing.title is None else listing.title)
    assert item.get("availability") == (
        None if listing.availability is Availability.IN_STOCK else {"S": listing.availability.value}
    )
    assert product_from_item(item) == record
    assert stored_from_item(item) == stored_product(record)


def test_an_item_without_a_listing_is_as_before() -> None:
    """Such a product costs no byte more, and is in stock."""
    item = product_item(a_record())
    assert not {"availability", "listing", "listing_version"} & item.keys()
    assert readable(product_from_item(item)).listing == Listing()


def test_attributes_of_another_service_are_no_listing() -> None:
    """Without ``listing_version`` the names ``listing`` and ``availability`` are not linkhub's."""
    item = {**product_item(a_record()), "availability": {"S": "withdrawn"}, "listing": {"S": "a row of 1910"}}
    assert product_from_item(item) == a_record()
    assert stored_from_item(item) == stored_product(a_record())


# --- saves


async def test_late_halves_improve_a_tombstone_silently(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """Content and versions move; the debt, the stamp and ``updated_at`` stay; optional fields come and go."""
    record = a_record(caption=a_caption(raw_caption="as posted", confidence_score=0.5))
    await store.create([record])
    tombstone = _withdrawn(record)
    await store.revise([Revision(before=record, after=tombstone)])
    stamp = _item(tables)["stamp"]
    tables.clock.advance(10)
    improved = evolve(
        tombstone,
        caption=a_caption(title="improved", raw_caption=None, confidence_score=0.75),
        caption_version=a_half(minute=50).version,
    )
    assert await store.revise([Revision(before=tombstone, after=improved)]) == [Revised()]
    assert await _find(store) == improved
    assert _item(tables)["stamp"] == stamp


async def test_a_covered_title_changes_silently(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """The item keeps the listed title, and the parsed one behind it moves; a debt that was paid stays paid."""
    record = _listed(a_record(caption=a_caption(title="parsed")), Listing(title="said"))
    await store.create([record])
    assert await store.mark_announced([record]) == [Marked()]
    after = evolve(record, caption=a_caption(title="parsed again"), caption_version=a_half(minute=50).version)
    assert await store.revise([Revision(before=record, after=after)]) == [Revised()]
    assert await _find(store) == evolve(after, unannounced_revision=None, shown=True)
    item = _item(tables)
    assert (item["title"], item["listing"]["M"]["parsed"]) == ({"S": "said"}, {"M": {"title": {"S": "parsed again"}}})


async def test_a_return_removes_the_availability(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """In stock is the absence of the attribute."""
    sold_out = _listed(a_record(), LISTINGS["sold out"])
    await store.create([sold_out])
    assert _item(tables)["availability"] == {"S": "sold_out"}
    returned = _next(sold_out, listing=Listing(), listing_version=_version(2))
    assert await store.revise([Revision(before=sold_out, after=returned)]) == [Revised()]
    assert "availability" not in _item(tables)
    assert await _find(store) == returned


async def test_a_row_of_another_service_gets_a_listing(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """It is in stock until then, whatever its attributes; withdrawn, it is in no page. Its own attributes stay."""
    own: Item = {"warehouse": {"S": "north"}, "listing": {"S": "a row of 1910"}}
    linkhubs = {"caption_version", "thumbnails_version", "revision", "unannounced_revision", "shown"}
    item: Any = {name: value for name, value in product_item(a_record()).items() if name not in linkhubs} | own
    tables.dynamodb.put_item(TableName=tables.products.name, Item=item)
    record = await _find(store)
    assert (record.revision, record.listing) == (0, Listing())
    assert _videos(await _page(store)) == [KEY.video_id]
    tombstone = _withdrawn(record)
    assert await store.revise([Revision(before=record, after=tombstone)]) == [Revised()]
    assert await store.revise([Revision(before=record, after=tombstone)]) == [Conflict(tombstone)]
    assert _videos(await _page(store)) == []
    assert _item(tables)["warehouse"] == own["warehouse"]
    assert await store.mark_announced([tombstone]) == [Marked()]
    assert (await _find(store)).shown is False


# --- readers


def _read_units(listing: Listing, rows: int) -> float:
    return rows * item_bytes(product_item(_listed(a_record(), listing))) / READ_UNIT_BYTES


async def _shop_with_tombstones(store: DynamoDbProductStore, visible: int, withdrawn: int) -> None:
    """The newest product is visible, then come the tombstones, then the rest."""
    await store.create([a_record(a_key(number)) for number in range(visible - 1)])
    tombstones = [_listed(a_record(a_key(1000 + number)), WITHDRAWN) for number in range(withdrawn)]
    await store.create(tombstones)
    await store.create([a_record(a_key(9000))])


async def test_tombstones_cost_few_calls_and_their_size(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """Each call reads more rows, and the last one at most 200 too many; the next page costs one call."""
    await _shop_with_tombstones(store, 30, 300)
    tables.calls.calls.counts.clear()
    tables.calls.consumption.read_units.clear()
    first = await _page(store)
    assert (_videos(first), first.has_more) == (numbered(9000, *range(28, 9, -1)), True)
    assert tables.spent("query") == 5
    assert tables.calls.consumption.read_units[tables.products.name] <= _read_units(WITHDRAWN, 1 + 300 + 20 + 200) + 5
    tables.calls.calls.counts.clear()
    assert first.last_key is not None
    rest = await _page(store, before=first.last_key.video_id)
    assert (_videos(rest), rest.has_more) == (numbered(*range(9, -1, -1)), False)
    assert tables.spent("query") == 1


async def test_a_page_without_tombstones_costs_what_it_did(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """One query of the page and one product more."""
    await store.create([a_record(a_key(number)) for number in range(50)])
    tables.calls.calls.counts.clear()
    tables.calls.consumption.read_units.clear()
    assert len((await _page(store)).products) == 20
    assert tables.calls.calls.counts == {"query": 1}
    assert tables.calls.consumption.read_units[tables.products.name] <= _read_units(Listing(), 21) + 1


async def test_a_page_ends_early_after_a_limit(store: DynamoDbProductStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so, and the walk by its last key gives every visible product once."""
    monkeypatch.setattr(shop_reader, "MAX_TOMBSTONES", 20)
    await _shop_with_tombstones(store, 10, 100)
    given: list[str] = []
    before, short = None, 0
    while True:
        page = await _page(store, limit=5, before=before)
        given += _videos(page)
        short += page.has_more and len(page.products) < 5
        if not page.has_more:
            break
        assert page.last_key is not None
        before = page.last_key.video_id
    assert given == numbered(9000, *range(8, -1, -1))
    assert 1 <= short <= 100 / 20


async def test_since_reads_no_tombstone(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """The index says which entries are withdrawn."""
    await _shop_with_tombstones(store, 5, 100)
    read: list[int] = []
    tables.dynamodb.meta.events.register(
        "after-call.dynamodb.BatchGetItem",
        lambda parsed, **_: read.append(sum(map(len, parsed["Responses"].values()))),
    )
    page = await _page(store, since=NOON - timedelta(days=1))
    assert (_videos(page), page.has_more) == (numbered(9000, 3, 2, 1, 0), False)
    assert sum(read) == 5


async def test_a_listing_costs_one_save(tables: TableFixture, store: DynamoDbProductStore) -> None:
    """One call for the save and one for the clearing, as any change."""
    record = a_record()
    await store.create([record])
    tables.calls.calls.counts.clear()
    tombstone = _withdrawn(record)
    await store.revise([Revision(before=record, after=tombstone)])
    await store.mark_announced([tombstone])
    assert tables.calls.calls.counts == {"batch_execute_statement": 2}


async def test_without_the_index_tombstones_are_filtered(make_dynamodb_client: Callable[..., DynamoDBClient]) -> None:
    """From a page with ``since``; a cursor gives them."""
    with open_tables(make_dynamodb_client(), has_index=False) as tables:
        store = tables.product_store
        cursor = await first_cursor(store)
        await _shop_with_tombstones(store, 2, 2)
        page = await _page(store, since=NOON - timedelta(days=1))
        assert (_videos(page), page.has_more) == (numbered(9000, 0), False)
        changes = await read_after(store, cursor)
        assert sorted(changes.removed) == numbered(1000, 1001)
        assert sorted(product.video_id for product in changes.products) == numbered(0, 9000)
