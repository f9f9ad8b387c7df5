"""What is told of a table that is provisioned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from attrs import evolve

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import products_table, staging_table
from linkhub_adapters.aws.resources.table_provisioning import DynamoDbProvisioning
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_core.ports.provisioned import Status
from linkhub_core.testing.fakes import FakeClock
from tests.adapters.aws.table_fixture import create_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws


@pytest.fixture
def dynamodb(make_dynamodb_client: Callable[[], DynamoDBClient]) -> DynamoDBClient:
    """A client of the test server."""
    return make_dynamodb_client()


@pytest.fixture
def provisioning(dynamodb: DynamoDBClient) -> Iterator[DynamoDbProvisioning]:
    """What provisions tables there."""
    with ThreadPoolExecutor(2, "tables") as threads:
        calls = AwsCalls(service="DynamoDB", executor=threads)
        yield DynamoDbProvisioning(tables=DynamoDbTables(dynamodb=dynamodb, calls=calls, clock=FakeClock()))


async def test_a_table_is_made_once(provisioning: DynamoDbProvisioning) -> None:
    """The first time it is made, the second time nothing is changed."""
    table = staging_table(f"s-{uuid4().hex}")
    made, again = await provisioning.ensure(table), await provisioning.ensure(table)
    assert (made.status, made.address, made.notes) == (Status.MADE, table.name, [])
    assert (again.status, again.changes, again.notes) == (Status.UNCHANGED, [], [])


async def test_expiry_that_was_off_is_told(dynamodb: DynamoDBClient, provisioning: DynamoDbProvisioning) -> None:
    """A table made by other hands without expiry has it now, and that is said."""
    table = staging_table(f"s-{uuid4().hex}")
    create_table(dynamodb, table)
    told = await provisioning.ensure(table)
    assert told.status is Status.CHANGED
    assert told.changes == [f"mended: the table {table.name} does not expire items by the attribute ttl"]


async def test_another_tables_name_is_left_alone(dynamodb: DynamoDBClient, provisioning: DynamoDbProvisioning) -> None:
    """A table with other keys is unfit: the notes say why, and what to do."""
    name = f"x-{uuid4().hex}"
    create_table(dynamodb, products_table(name))
    told = await provisioning.ensure(staging_table(name))
    assert told.status is Status.UNFIT
    assert "has the keys seller_handle, video_id" in told.notes[0]
    assert "DYNAMODB_STAGING_TABLE" in told.notes[-1]


async def test_a_missing_index_is_a_note(dynamodb: DynamoDBClient, provisioning: DynamoDbProvisioning) -> None:
    """linkhub works without the index: the table is fine, and the notes say what could be better."""
    table = products_table(f"p-{uuid4().hex}")
    create_table(dynamodb, evolve(table, index_name=None, indexed_by=None))
    told = await provisioning.ensure(table)
    assert told.status is Status.UNCHANGED
    assert "no local index by-updated-at" in told.notes[0]
    assert "only be made with its table" in told.notes[1]


async def test_only_what_comes_with_a_table_asks_for_a_new_one(
    dynamodb: DynamoDBClient, provisioning: DynamoDbProvisioning
) -> None:
    """What a table is called says nothing of what it lacks."""
    table = staging_table(f"index-{uuid4().hex}")
    await provisioning.ensure(evolve(table, ttl_attribute="gone_at"))
    told = await provisioning.ensure(table)
    assert told.notes == [f"the table {table.name} does not expire items by the attribute ttl"]
