"""The shops of the products table, on DynamoDB Local: the contract, and what the calls read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.shop_directory import DynamoDbShopDirectory
from linkhub_core.model import ProductKey
from linkhub_core.testing.builders import a_key, a_record
from linkhub_core.testing.readable import Spoil
from linkhub_core.testing.shop_directory import ShopDirectoryContract
from tests.adapters.aws.table_fixture import TableFixture, open_tables
from tests.support.foreign_rows import SELLER, foreign_products, put

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws


@pytest.fixture(params=[True, False], ids=["indexed", "without index"])
def tables(
    request: pytest.FixtureRequest, make_dynamodb_client: Callable[..., DynamoDBClient]
) -> Iterator[TableFixture]:
    """Tables of the test's own; another service's lacks the index."""
    client = make_dynamodb_client()
    speed_up(client)
    with open_tables(client, has_index=request.param) as made:
        yield made


@pytest.fixture
def product_store(tables: TableFixture) -> DynamoDbProductStore:
    """An empty store."""
    return tables.product_store


@pytest.fixture
def shop_directory(product_store: DynamoDbProductStore) -> DynamoDbShopDirectory:
    """Its shops."""
    return DynamoDbShopDirectory(products=product_store)


def _put(tables: TableFixture, **attributes: str) -> None:
    item: Any = {name: {"S": text} for name, text in attributes.items()}
    tables.dynamodb.put_item(TableName=tables.products.name, Item=item)


class TestContract(ShopDirectoryContract):
    """The contract of directories."""

    @pytest.fixture
    def spoil(self, tables: TableFixture) -> Spoil:
        """Puts an item with a title, and nothing else of a product."""

        async def spoilt(key: ProductKey) -> None:
            _put(tables, seller_handle=key.seller_handle, video_id=key.video_id, title="?")

        return spoilt


async def test_rows_of_another_service_are_counted(tables: TableFixture, shop_directory: DynamoDbShopDirectory) -> None:
    """They have no stamp, so the index does not hold them."""
    put(tables.dynamodb, tables.products.name, *foreign_products())
    (shop,) = await shop_directory.describe([SELLER])
    assert (shop.products, shop.withdrawn) == (len(foreign_products()), 0)
    assert shop.newest is not None


async def test_no_handle_of_another_service_is_in_the_way(
    tables: TableFixture, shop_directory: DynamoDbShopDirectory
) -> None:
    """A handle that no address can have is passed over, and ids behind every id of linkhub are in the same shop."""
    for handle, video_id in (("a shop!", "1"), ("", ""), ("nalu", "\U0001f457"), ("nalu", "1"), ("\U0001f457", "1")):
        if handle:
            _put(tables, seller_handle=handle, video_id=video_id)
    assert await shop_directory.handles(after=None, limit=5) == ["nalu"]


async def test_a_handle_costs_a_row_and_counts_cost_no_row(
    tables: TableFixture, product_store: DynamoDbProductStore, shop_directory: DynamoDbShopDirectory
) -> None:
    """One Scan a shop, and one more at the end; one Query counts, one more reads the newest product."""
    for seller in ("one", "two", "three"):
        await product_store.create([a_record(a_key(number, seller)) for number in range(40)])
    units = tables.calls.consumption.read_units
    before = units[tables.products.name]
    assert len(await shop_directory.handles(after=None, limit=50)) == 3
    assert (tables.spent("scan"), units[tables.products.name] - before) == (4, 3)
    await shop_directory.describe(["one"])
    before = tables.spent("query")
    assert len(await shop_directory.describe(["two", "three"])) == 2
    assert tables.spent("query") - before == 4


async def test_a_table_of_which_the_index_was_found_missing_is_read_at_once(
    tables: TableFixture, product_store: DynamoDbProductStore, shop_directory: DynamoDbShopDirectory
) -> None:
    """The missing index is asked for once in the life of a process."""
    await product_store.create([a_record(a_key(1)), a_record(a_key(2))])
    await shop_directory.describe([a_key().seller_handle])
    before = tables.spent("query")
    (shop,) = await shop_directory.describe([a_key().seller_handle])
    assert (shop.products, tables.spent("query") - before) == (2, 2)
