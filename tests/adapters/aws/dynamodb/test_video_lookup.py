"""Looking for a video in DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.dynamodb.video_lookup import DynamoDbVideoLookup
from linkhub_core.model import ProductKey
from linkhub_core.testing.builders import a_half, a_record, a_waiting
from tests.adapters.aws.table_fixture import TableFixture, open_tables

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws


@pytest.fixture
def tables(make_dynamodb_client: Callable[..., DynamoDBClient]) -> Iterator[TableFixture]:
    """Tables of the test's own."""
    client = make_dynamodb_client()
    speed_up(client)
    with open_tables(client) as made:
        yield made


async def test_rows_of_all_sellers_and_products_of_those_that_are_known(tables: TableFixture) -> None:
    """A seller is known from staging, or was named; the shop of another is not read through."""
    videos = DynamoDbVideoLookup(staging=tables.staging_store, products=tables.product_store)
    keys = [ProductKey(seller, "v1") for seller in ("waits", "named", "other")]
    row = a_waiting(a_half(key=keys[0]))
    await tables.staging_store.stage([row, a_waiting(a_half(key=ProductKey("waits", "v2")))])
    await tables.product_store.create([a_record(key) for key in keys])
    traces = await videos.find("v1", ["named"])
    assert traces.waiting == [row]
    assert sorted(one.key.seller_handle for one in traces.products) == ["named", "waits"]
    assert (traces.queued, traces.announcements, traces.all_sellers) == (None, None, False)
