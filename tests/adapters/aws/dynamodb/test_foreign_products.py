"""Product rows that another service wrote, on DynamoDB Local: shown, improved and adopted, and kept whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from botocore.config import Config

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb.attribute_values import read_document
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.product_writes import ADOPTED
from linkhub_core.model import OLDER_THAN_ANY_EVENT, ProductKey, ProductRecord
from linkhub_core.ports import Conflict, Exists, Marked, Revised, Revision, Unreadable
from linkhub_core.testing.builders import a_caption, a_half, a_record
from linkhub_core.testing.foreign_rows import ForeignProductContract, PlantProduct
from linkhub_core.testing.readable import readable
from linkhub_core.wire.codec import product_document
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.support.foreign_rows import READABLE_PRODUCTS, SELLER, UNREADABLE_PRODUCT, foreign_products, put, video

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws


@pytest.fixture(params=[True, False], ids=["indexed", "without index"])
def tables(
    request: pytest.FixtureRequest, make_dynamodb_client: Callable[..., DynamoDBClient]
) -> Iterator[TableFixture]:
    """A table that another service filled; such a service has no index."""
    client = make_dynamodb_client(Config(parameter_validation=False))
    speed_up(client)
    with open_tables(client, has_index=request.param) as tables:
        put(client, tables.products.name, *foreign_products())
        yield tables


def _key(number: int) -> ProductKey:
    return ProductKey(SELLER, video(number))


def _item(tables: TableFixture, number: int) -> dict[str, Any]:
    key = {"seller_handle": {"S": SELLER}, "video_id": {"S": video(number)}}
    found = tables.dynamodb.get_item(TableName=tables.products.name, Key=key, ConsistentRead=True)
    return read_document(found["Item"])


async def _find(tables: TableFixture, number: int) -> ProductRecord:
    return readable((await tables.product_store.find([_key(number)]))[_key(number)])


async def _page(tables: TableFixture, **query: Any) -> Page:
    return await tables.product_store.page(PageQuery(seller_handle=SELLER, **query))


def _videos(page: Page) -> list[str]:
    return [product.video_id for product in page.products]


def _improved(record: ProductRecord) -> Revision:
    """A product after a newer caption."""
    caption = a_caption(title="Improved")
    version = a_half(key=record.key, minute=1, content=caption).version
    after = evolve(record, revision=record.revision + 1, unannounced_revision=record.revision + 1)
    return Revision(before=record, after=evolve(after, caption=caption, caption_version=version))


def _adopted(record: ProductRecord) -> Revision:
    return Revision(before=record, after=evolve(record, revision=1))


class TestContract(ForeignProductContract):
    """The contract for products of another service, on a table with and on one without an index."""

    @pytest.fixture
    def product_store(self, tables: TableFixture) -> DynamoDbProductStore:
        """A store without the products of the test's own shop."""
        for number in range(1, 5):
            key = {"seller_handle": {"S": SELLER}, "video_id": {"S": video(number)}}
            tables.dynamodb.delete_item(TableName=tables.products.name, Key=key)
        return tables.product_store

    @pytest.fixture
    def plant(self, tables: TableFixture) -> PlantProduct:
        """Puts the product's fields, and nothing of linkhub's own."""

        async def put_product(record: ProductRecord) -> None:
            put(tables.dynamodb, tables.products.name, product_document(record))

        return put_product


async def test_a_product_is_read_as_revision_0_with_all_that_it_says(tables: TableFixture) -> None:
    """Older than any event, shown already, and owed to no reader."""
    record = await _find(tables, 1)
    assert (record.revision, record.shown, record.unannounced_revision) == (0, True, None)
    assert {record.caption_version, record.thumbnails_version} == {OLDER_THAN_ANY_EVENT}
    assert a_half(minute=-1e7).version > OLDER_THAN_ANY_EVENT
    assert (record.caption.title, len(record.thumbnails.thumbnails)) == ("Kept 1", 2)
    assert (await _find(tables, 3)).updated_at == datetime(2026, 1, 12, 8, tzinfo=UTC)


async def test_pages_and_scans_go_past_the_row_that_cannot_be_read(tables: TableFixture) -> None:
    """It is named beside the others; a page of one, `since` and a page further on have their products."""
    page = await _page(tables, limit=3)
    assert (_videos(page), [row.video_id for row in page.unreadable]) == (READABLE_PRODUCTS, [UNREADABLE_PRODUCT])
    assert _videos(await _page(tables, limit=1)) == [video(3)]
    assert _videos(await _page(tables, before=video(3))) == [video(2), video(1)]
    rows = [row async for row in tables.product_store.scan()]
    assert [row.key.video_id for row in rows if isinstance(row, ProductRecord)] == sorted(READABLE_PRODUCTS)
    assert [row.video_id for row in rows if isinstance(row, Unreadable)] == [UNREADABLE_PRODUCT]


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (datetime(2026, 1, 10, 8, tzinfo=UTC), [3, 2]),
        (datetime(2026, 1, 11, 8, 0, 0, 122_999, tzinfo=UTC), [3, 2]),
        (datetime(2026, 1, 11, 8, 0, 0, 123_000, tzinfo=UTC), [3]),
        (datetime(2026, 1, 12, 7, 59, 59, 999_999, tzinfo=UTC), [3]),
        (datetime(2026, 1, 12, 8, tzinfo=UTC), []),
        (datetime(2026, 1, 12, 8, 0, 0, 500_000, tzinfo=UTC), []),
    ],
)
async def test_since_is_exact_whatever_the_form_of_the_time(
    tables: TableFixture, since: datetime, expected: list[int]
) -> None:
    """Also if the row has no milliseconds, whose text sorts behind those that have; with an index and without."""
    assert _videos(await _page(tables, since=since)) == [video(number) for number in expected]


async def test_an_improvement_is_saved_once(tables: TableFixture) -> None:
    """The first save wins, the second learns of it, and the row keeps what it holds beside the product."""
    record = await _find(tables, 3)
    revision = _improved(record)
    other = evolve(revision, after=evolve(revision.after, caption=a_caption(title="Another")))
    assert await tables.product_store.revise([revision]) == [Revised()]
    assert await tables.product_store.revise([other]) == [Conflict(revision.after)]
    assert await _find(tables, 3) == revision.after
    assert await tables.product_store.mark_announced([revision.after]) == [Marked()]
    assert await tables.product_store.revise([_improved(await _find(tables, 3))]) == [Revised()]


async def test_adoption_adds_attributes_and_changes_none(tables: TableFixture) -> None:
    """Also of a row whose times or decoration are in another form; a second time it is a conflict."""
    for number in (1, 2, 3):
        before = _item(tables, number)
        revision = _adopted(await _find(tables, number))
        assert await tables.product_store.revise([revision]) == [Revised()]
        after = _item(tables, number)
        assert {name: after[name] for name in before} == before
        assert set(after) - set(before) == set(ADOPTED)
        assert await _find(tables, number) == revision.after


async def test_decoration_that_is_left_out_stays_in_an_adopted_row(tables: TableFixture) -> None:
    """The other service may still want it."""
    put(tables.dynamodb, tables.products.name, foreign_products()[0] | {"confidence_score": "high"})
    assert await tables.product_store.revise([_adopted(await _find(tables, 1))]) == [Revised()]
    assert _item(tables, 1)["confidence_score"] == "high"


async def test_what_was_adopted_is_improved_announced_and_refreshed(tables: TableFixture) -> None:
    """A row whose `created_at` has another form than linkhub's is no obstacle, in any order of writes."""
    await tables.product_store.revise([_adopted(await _find(tables, 3))])
    record = await _find(tables, 3)
    stamped = a_half(key=record.key, minute=-1).version
    refreshed = evolve(record, caption_version=stamped, thumbnails_version=stamped)
    assert await tables.product_store.revise([Revision(before=record, after=refreshed)]) == [Revised()]
    revision = _improved(await _find(tables, 3))
    assert await tables.product_store.revise([revision]) == [Revised()]
    assert await tables.product_store.mark_announced([revision.after]) == [Marked()]
    assert (await _find(tables, 3)).unannounced_revision is None


async def test_a_silent_save_of_a_row_that_is_not_adopted_is_remembered(tables: TableFixture) -> None:
    """A half of equal content moves versions alone; the next copy of it finds nothing to do."""
    record = await _find(tables, 3)
    refreshed = evolve(record, caption_version=a_half(key=record.key).version)
    assert await tables.product_store.revise([Revision(before=record, after=refreshed)]) == [Revised()]
    assert await _find(tables, 3) == refreshed
    assert "revision" not in _item(tables, 3)
    assert await tables.product_store.revise([_improved(record)]) == [Conflict(refreshed)]
    assert await tables.product_store.revise([_adopted(refreshed)]) == [Revised()]


async def test_a_row_that_is_gone_is_not_made_again(tables: TableFixture) -> None:
    """Neither by an improvement nor by adoption."""
    record = await _find(tables, 1)
    key = {"seller_handle": {"S": SELLER}, "video_id": {"S": video(1)}}
    tables.dynamodb.delete_item(TableName=tables.products.name, Key=key)
    assert await tables.product_store.revise([_improved(record)]) == [Conflict(None)]
    assert await tables.product_store.revise([_adopted(record)]) == [Conflict(None)]
    assert await tables.product_store.find([_key(1)]) == {}


async def test_a_product_is_not_created_over_a_row_of_another_service(tables: TableFixture) -> None:
    """The row is there: that is the answer."""
    assert await tables.product_store.create([a_record(_key(1))]) == [Exists(await _find(tables, 1))]


@pytest.mark.parametrize("missing", ["created_at", "updated_at"])
async def test_one_time_replaces_the_other(tables: TableFixture, missing: str) -> None:
    """Without either the row cannot be read."""
    row = {name: value for name, value in foreign_products()[0].items() if name != missing}
    put(tables.dynamodb, tables.products.name, row)
    record = await _find(tables, 1)
    assert record.created_at == record.updated_at == datetime(2026, 1, 10, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "changed",
    [
        {"updated_at": "2026-01-10 08:00:00.000"},
        {"updated_at": "2026-01-10T03:00:00.000-05:00"},
        {"updated_at": 1768032000},
        {"updated_at": "Sat, 10 Jan 2026 08:00:00 GMT"},
        {"updated_at": None, "created_at": "2026-01-10T08:00:00.000Z"},
    ],
    ids=repr,
)
async def test_without_an_index_since_finds_a_time_in_any_form(
    make_dynamodb_client: Callable[..., DynamoDBClient], changed: dict[str, Any]
) -> None:
    """Such a table is read whole, and a time of another form than linkhub's sorts elsewhere than its moment."""
    client = make_dynamodb_client(Config(parameter_validation=False))
    with open_tables(client, has_index=False) as tables:
        put(client, tables.products.name, foreign_products()[0] | changed)
        for moment, found in (
            (datetime(2026, 1, 10, 7, 59, tzinfo=UTC), [video(1)]),
            (datetime(2026, 1, 10, 8, tzinfo=UTC), []),
        ):
            page = await tables.product_store.page(PageQuery(seller_handle=SELLER, since=moment))
            assert [product.video_id for product in page.products] == found
