"""The product store on DynamoDB Local: the contract, what its calls are, and what faults do to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from attrs import evolve
from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb import shop_reader
from linkhub_adapters.aws.dynamodb.product_items import product_item, product_key
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.resources import Table
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.ports import Changes, Conflict, Created, Exists, Marked, Revised
from linkhub_core.testing.builders import (
    KEY,
    NOON,
    a_caption,
    a_half,
    a_key,
    a_record,
    a_revision,
    a_thumbnail,
    a_thumbnail_set,
)
from linkhub_core.testing.extremes import extreme_captions, extreme_thumbnail_sets
from linkhub_core.testing.product_store import ProductStoreContract, stored
from linkhub_core.testing.readable import Spoil, scanned
from linkhub_core.wire.codec import stored_product
from linkhub_core.wire.cursor import parse_cursor
from linkhub_core.wire.shop_query import PageQuery
from tests.adapters.aws.table_fixture import TableFixture, create_table, open_tables
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

_BATCH = "BatchExecuteStatement"
_SELLER = KEY.seller_handle
_ONCE = Config(parameter_validation=False)
_RETRYING = Config(parameter_validation=False, retries={"mode": "standard", "total_max_attempts": 2})


def _as_linkhub_does(client: DynamoDBClient) -> DynamoDBClient:
    speed_up(client)
    return client


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """A client as linkhub makes it, but without retries; and tables of the test's own."""
    with open_tables(_as_linkhub_does(make_dynamodb_client(_ONCE))) as tables:
        yield tables


@pytest.fixture
def retrying_tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """The same with a client that tries a failed call once more."""
    with open_tables(_as_linkhub_does(make_dynamodb_client(_RETRYING))) as tables:
        yield tables


@pytest.fixture
def indexless_tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """A products table that somebody made without the index."""
    with open_tables(_as_linkhub_does(make_dynamodb_client(_ONCE)), has_index=False) as tables:
        yield tables


@pytest.fixture
def spoil(product_store: DynamoDbProductStore) -> Spoil:
    """Puts an item with a title, and nothing else of a product."""

    async def put(key: ProductKey) -> None:
        item: Any = {**product_key(key), "title": {"S": "?"}}
        product_store.calls.dynamodb.put_item(TableName=product_store.table, Item=item)

    return put


@pytest.fixture
def product_store(tables: TableFixture) -> DynamoDbProductStore:
    """An empty store."""
    return tables.product_store


class TestContract(ProductStoreContract):
    """The contract of product stores."""


class TestContractWithoutTheIndex(ProductStoreContract):
    """The same, on a table that lacks the index."""

    @pytest.fixture
    def product_store(self, indexless_tables: TableFixture) -> DynamoDbProductStore:
        """An empty store."""
        return indexless_tables.product_store


async def test_every_request_passes_botocores_validation(
    make_dynamodb_client: Callable[..., DynamoDBClient],
) -> None:
    """With a client that validates all parameters and writes them botocore's way, products come back equal, too."""
    contents: list[dict[str, Any]] = [{"caption": caption} for caption in extreme_captions()]
    contents += [{"thumbnails": thumbnails} for thumbnails in extreme_thumbnail_sets()]
    records = [a_record(a_key(number), updated_at=NOON, **fields) for number, fields in enumerate(contents)]
    with open_tables(make_dynamodb_client()) as tables:
        store = tables.product_store
        cursor = parse_cursor((await store.page(PageQuery(seller_handle=_SELLER))).cursor, _SELLER)
        assert cursor is not None
        assert await store.create(records) == [Created()] * len(records)
        tables.clock.advance(60)
        assert await store.prepare_announcements(records) == records
        assert {type(outcome) for outcome in await store.mark_announced(records[1:])} == {Marked}
        second = a_record(a_key(0), revision=2)
        silent = evolve(second, caption_version=a_half(minute=77).version)
        assert await store.revise([a_revision(second, records[0])]) == [Revised()]
        assert await store.revise([a_revision(silent, second)]) == [Revised()]
        expected = [silent, *(evolve(record, unannounced_revision=None, shown=True) for record in records[1:])]
        assert await scanned(store.scan()) == expected
        assert await scanned(store.scan(unannounced=True)) == [silent]
        assert await store.read([record.key for record in expected]) == {
            record.key: stored_product(record) for record in expected
        }
        before = a_key(2).video_id
        page = await store.page(PageQuery(seller_handle=_SELLER, since=NOON - timedelta(days=1), before=before))
        assert list(page.products) == stored([expected[1], expected[0]])
        changes = await store.changes(_SELLER, cursor, 100)
        assert isinstance(changes, Changes)
        assert len(changes.changes) == len(expected)


def _put(tables: TableFixture, record: ProductRecord) -> None:
    tables.dynamodb.put_item(TableName=tables.products.name, Item=product_item(record))


def _remove(tables: TableFixture, record: ProductRecord) -> None:
    tables.dynamodb.delete_item(TableName=tables.products.name, Key=product_key(record.key))


async def _stored(tables: TableFixture) -> list[ProductRecord]:
    return await scanned(tables.product_store.scan())


async def _shop(tables: TableFixture, count: int, *, large: bool = False) -> list[ProductRecord]:
    """Products of a shop, a minute apart, newest first; large ones are some 60 kB each."""
    pictures = [a_thumbnail(index, thumbnail_s3_key="k" * 1000) for index in range(20)] if large else []
    looks = a_thumbnail_set(thumbnails=pictures) if large else a_thumbnail_set()
    caption = a_caption(raw_caption="x" * 5000, tags=("t" * 100,) * 100) if large else a_caption()
    records = [
        a_record(a_key(number), updated_at=NOON + timedelta(minutes=number), thumbnails=looks, caption=caption)
        for number in range(count)
    ]
    await tables.product_store.create(records)
    return records[::-1]


# --- writes


async def test_new_products_cost_one_call_in_twenty_five(tables: TableFixture) -> None:
    """Thirty products are created in two calls and announced in two; nothing is read."""
    records = await _shop(tables, 30)
    await tables.product_store.mark_announced(records)
    assert (tables.spent("batch_execute_statement"), tables.spent("batch_get_item")) == (4, 0)


async def test_a_creation_whose_reply_was_lost_is_ours(retrying_tables: TableFixture) -> None:
    """The second attempt meets exactly our record, so we created it; another's record is another's."""
    ours, theirs = a_record(a_key(1)), a_record(a_key(2), caption=a_caption(title="theirs"))
    await retrying_tables.product_store.create([theirs])
    with inject(retrying_tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
        outcomes = await retrying_tables.product_store.create([ours, a_record(a_key(2))])
    assert injection.hits == 1
    assert outcomes == [Created(), Exists(theirs)]


async def test_a_creation_that_was_announced_meanwhile_exists(retrying_tables: TableFixture) -> None:
    """Once somebody else has announced our record there is nothing left to announce: it is as it is stored."""
    announced = a_record(unannounced_revision=None)
    await retrying_tables.product_store.create([announced])
    assert await retrying_tables.product_store.create([a_record()]) == [Exists(announced)]


async def test_a_revision_whose_reply_was_lost_is_ours(retrying_tables: TableFixture) -> None:
    """The second attempt meets exactly our revision, so we revised it."""
    await retrying_tables.product_store.create([a_record()])
    ours = a_record(revision=2)
    with inject(retrying_tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
        assert await retrying_tables.product_store.revise([a_revision(ours)]) == [Revised()]
    assert injection.hits == 1
    other = a_revision(evolve(ours, caption=a_caption(title="x")))
    assert await retrying_tables.product_store.revise([other]) == [Conflict(ours)]


async def test_a_silent_revision_whose_reply_was_lost_is_ours(retrying_tables: TableFixture) -> None:
    """The second attempt meets exactly our versions, whatever became of the debt meanwhile."""
    read = a_record()
    await retrying_tables.product_store.create([read])
    await retrying_tables.product_store.mark_announced([read])
    newer = evolve(read, caption_version=a_half(minute=9).version)
    with inject(retrying_tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
        assert await retrying_tables.product_store.revise([a_revision(newer, read)]) == [Revised()]
    assert injection.hits == 1
    assert await _stored(retrying_tables) == [evolve(newer, unannounced_revision=None, shown=True)]


async def test_an_announcement_whose_reply_was_lost_is_marked(retrying_tables: TableFixture) -> None:
    """The second attempt finds nothing to clear, and that is what was wanted."""
    await retrying_tables.product_store.create([a_record()])
    with inject(retrying_tables.dynamodb, Fault.lose_reply(operation=_BATCH)) as injection:
        await retrying_tables.product_store.mark_announced([a_record()])
    assert injection.hits == 1
    assert await _stored(retrying_tables) == [a_record(unannounced_revision=None, shown=True)]


async def test_a_product_of_an_earlier_linkhub_was_shown_if_nothing_of_it_is_owed(tables: TableFixture) -> None:
    """Such an item has no attribute that says so; once it is revised, it has."""
    for number, due in enumerate((1, None)):
        item = product_item(a_record(a_key(number), unannounced_revision=due))
        item.pop("shown", None)
        tables.dynamodb.put_item(TableName=tables.products.name, Item=item)
    stored = await _stored(tables)
    assert [record.shown for record in stored] == [False, True]
    revised = [a_revision(a_record(one.key, revision=2, shown=one.shown), one) for one in stored]
    assert await tables.product_store.revise(revised) == [Revised(), Revised()]
    assert [record.shown for record in await _stored(tables)] == [False, True]


async def test_a_product_that_goes_while_we_look_is_created(tables: TableFixture) -> None:
    """One that refused the INSERT and is gone for the read is put by the next round."""
    _put(tables, a_record(caption=a_caption(title="old")))
    event = "before-send.dynamodb.BatchGetItem"

    def remove(**_: Any) -> None:
        tables.dynamodb.meta.events.unregister(event, remove)
        _remove(tables, a_record())

    tables.dynamodb.meta.events.register(event, remove)
    assert await tables.product_store.create([a_record()]) == [Created()]
    assert await _stored(tables) == [a_record()]


async def test_a_product_that_comes_and_goes_is_unavailable(tables: TableFixture) -> None:
    """One that is there for each INSERT and gone for each read is given up."""
    other = a_record(caption=a_caption(title="old"))
    tables.dynamodb.meta.events.register(f"before-send.dynamodb.{_BATCH}", lambda **_: _put(tables, other))
    tables.dynamodb.meta.events.register("before-send.dynamodb.BatchGetItem", lambda **_: _remove(tables, other))
    with pytest.raises(ServiceUnavailable, match="10 times"):
        await tables.product_store.create([a_record()])


async def test_a_revision_drops_what_it_does_not_have(tables: TableFixture) -> None:
    """Optional fields of the revision before do not linger."""
    await tables.product_store.create([a_record(caption=a_caption(confidence_score=0.5, raw_caption="x"))])
    second = a_record(revision=2, unannounced_revision=None)
    assert await tables.product_store.revise([a_revision(second)]) == [Revised()]
    assert await _stored(tables) == [second]


@pytest.mark.parametrize("fault", [Fault.throttle, Fault.server_error, Fault.time_out], ids=lambda one: one.__name__)
async def test_a_store_that_does_not_answer_is_unavailable(tables: TableFixture, fault: Callable[..., Fault]) -> None:
    """Each method says so, and nothing is lost."""
    store = tables.product_store
    await store.create([a_record()])
    operations = ("BatchGetItem", _BATCH, "Query", "Scan")
    with inject(tables.dynamodb, *(fault(operation=operation, times=9) for operation in operations)):
        with pytest.raises(ServiceUnavailable):
            await store.find([KEY])
        with pytest.raises(ServiceUnavailable):
            await store.read([KEY])
        with pytest.raises(ServiceUnavailable):
            await store.create([a_record(a_key(2))])
        with pytest.raises(ServiceUnavailable):
            await store.revise([a_revision(a_record(revision=2))])
        with pytest.raises(ServiceUnavailable):
            await store.mark_announced([a_record()])
        with pytest.raises(ServiceUnavailable):
            await store.page(PageQuery(seller_handle=_SELLER))
        with pytest.raises(ServiceUnavailable):
            await store.page(PageQuery(seller_handle=_SELLER, since=NOON))
        with pytest.raises(ServiceUnavailable):
            await _stored(tables)
    assert await _stored(tables) == [a_record()]


@pytest.mark.parametrize("operation", ["BatchGetItem", _BATCH])
async def test_throttled_parts_are_tried_again(tables: TableFixture, operation: str) -> None:
    """Keys that were not read and statements that were not run do not show."""
    there = [a_record(a_key(number), caption=a_caption(title="before")) for number in range(3)]
    await tables.product_store.create(there)
    with inject(tables.dynamodb, Fault.unserved(operation=operation, parts=(0, 2), times=2)) as injection:
        outcomes = await tables.product_store.create([a_record(a_key(number)) for number in range(5)])
    assert injection.is_spent
    assert outcomes == [Exists(record) for record in there] + [Created()] * 2


async def test_a_table_with_other_keys_is_unavailable(tables: TableFixture) -> None:
    """The tables' names may have been mixed up: that can be mended, and no product is refused for it."""
    other = f"other-{uuid4().hex}"
    create_table(tables.dynamodb, Table(name=other, partition_key="id", sort_key="kind"))
    store = DynamoDbProductStore(calls=tables.calls, table=other)
    with pytest.raises(ServiceUnavailable):
        await store.create([a_record()])
    with pytest.raises(ServiceUnavailable):
        await store.revise([a_revision(a_record(revision=2))])
    with pytest.raises(ServiceUnavailable):
        await store.find([KEY])
    with pytest.raises(ServiceUnavailable):
        await store.page(PageQuery(seller_handle=_SELLER))
    tables.dynamodb.delete_table(TableName=other)


# --- pages


async def test_polling_a_shop_with_nothing_new_costs_a_unit_at_most(tables: TableFixture) -> None:
    """For any shop, one query of the index answers, and no other call is made."""
    await _shop(tables, 500)
    tables.calls.consumption.read_units.clear()
    page = await tables.product_store.page(
        PageQuery(seller_handle=_SELLER, since=tables.clock.now() + timedelta(hours=1))
    )
    assert list(page.products) == []
    assert tables.calls.consumption.read_units[tables.products.name] <= 1
    assert (tables.spent("query"), tables.spent("batch_get_item")) == (1, 0)


async def test_since_reads_what_changed(tables: TableFixture) -> None:
    """Three changes in a large shop cost entries of the index, of the last minutes, and three products."""
    records = (await _shop(tables, 500))[::-1]
    later = tables.clock.now() + timedelta(hours=1)
    tables.clock.advance(3603)
    changed = [a_record(one.key, revision=2, updated_at=later + timedelta(seconds=1)) for one in records[7:10]]
    await tables.product_store.revise([a_revision(record) for record in changed])
    tables.calls.consumption.read_units.clear()
    page = await tables.product_store.page(PageQuery(seller_handle=_SELLER, since=later))
    assert list(page.products) == stored(changed[::-1])
    assert tables.calls.consumption.read_units[tables.products.name] <= 1 + 3


async def test_a_product_that_goes_while_we_look_makes_room(tables: TableFixture) -> None:
    """A deleted product that the index still names takes no place on the page."""
    newest_first = await _shop(tables, 4)
    tables.dynamodb.meta.events.register(
        "before-send.dynamodb.BatchGetItem", lambda **_: _remove(tables, newest_first[0])
    )
    page = await tables.product_store.page(PageQuery(seller_handle=_SELLER, limit=2, since=NOON - timedelta(minutes=1)))
    assert (list(page.products), page.has_more) == (stored(newest_first[1:3]), True)


async def test_a_page_of_large_products_is_filled(tables: TableFixture) -> None:
    """A page that is more than one reply of DynamoDB's holds is put together from several."""
    newest_first = await _shop(tables, 51, large=True)
    page = await tables.product_store.page(PageQuery(seller_handle=_SELLER, limit=50))
    assert (list(page.products), page.has_more) == (stored(newest_first[:50]), True)
    assert tables.spent("query") > 1


async def test_since_long_ago_reads_the_newest_products_only(
    tables: TableFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More changed than are looked up by key: the table is read from the newest product down."""
    monkeypatch.setattr(shop_reader, "MANY", 20)
    newest_first = await _shop(tables, 30)
    page = await tables.product_store.page(PageQuery(seller_handle=_SELLER, limit=3, since=NOON - timedelta(days=1)))
    assert (list(page.products), page.has_more) == (stored(newest_first[:3]), True)
    assert tables.spent("batch_get_item") == 0


async def test_without_the_index_the_shop_is_filtered(indexless_tables: TableFixture) -> None:
    """The first question finds out that there is neither index; later ones do not try."""
    newest_first = await _shop(indexless_tables, 30)
    store = indexless_tables.product_store
    query = PageQuery(seller_handle=_SELLER, limit=5, since=NOON + timedelta(minutes=9))
    for calls in (3, 4):
        page = await store.page(query)
        assert (list(page.products), page.has_more) == (stored(newest_first[:5]), True)
        assert indexless_tables.spent("query") == calls


# --- scans


async def test_a_shops_unannounced_products_come_in_order(tables: TableFixture) -> None:
    """Both restrictions hold together."""
    newest_first = await _shop(tables, 4)
    await tables.product_store.create([a_record(a_key(9, "another-seller"))])
    await tables.product_store.mark_announced([newest_first[1]])
    scan = tables.product_store.scan(seller_handle=_SELLER, unannounced=True)
    assert [record async for record in scan] == [newest_first[3], newest_first[2], newest_first[0]]
