"""The tables are made as they are defined, and what is wrong with one is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from attrs import define, evolve, field
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Table, products_table, staging_table
from linkhub_adapters.aws.resources.tables import DynamoDbTables, Made, Unfit, WasThere
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.testing.fakes import FakeClock
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

START = FakeClock().present


@define
class _Body:
    content: bytes

    def stream(self, **_: Any) -> list[bytes]:
        return [self.content]


@define
class Backups:
    """Answers on the wire for the backups of all tables, which DynamoDB Local does not know.

    ``refusals`` is how often it says that a table is not ready for them.
    """

    is_on: bool = False
    refusals: int = 0
    updates: list[Any] = field(factory=list)

    def describe(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        status = "ENABLED" if self.is_on else "DISABLED"
        recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status}}
        return self._answer(
            request, 200, {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", **recovery}}
        )

    def update(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        if self.refusals:
            self.refusals -= 1
            return self._answer(request, 400, {"__type": "x#ContinuousBackupsUnavailableException", "message": "soon"})
        body: Any = request.body
        self.updates.append(json.loads(body)["PointInTimeRecoverySpecification"])
        self.is_on = True
        return self.describe(request)

    def _answer(self, request: AWSPreparedRequest, status: int, document: Any) -> AWSResponse:
        return AWSResponse(request.url, status, HTTPHeaders(), _Body(json.dumps(document).encode()))


@define(kw_only=True)
class TablesFixture:
    """A client, what makes tables with it, and names that nobody else uses."""

    dynamodb: DynamoDBClient
    clock: FakeClock
    tables: DynamoDbTables
    products: Table
    staging: Table

    @property
    def waited_seconds(self) -> float:
        """How long was waited between attempts."""
        return (self.clock.present - START).total_seconds()

    async def faults(self, table: Table) -> list[str]:
        """What is told of a table."""
        return [fault.problem for fault in await self.tables.faults(table)]

    def with_backups(self, **fields: Any) -> Backups:
        """Let the service know backups."""
        backups = Backups(**fields)
        events: Any = self.dynamodb.meta.events  # its stubs know no hook that answers
        events.register("before-send.dynamodb.DescribeContinuousBackups", backups.describe)
        events.register("before-send.dynamodb.UpdateContinuousBackups", backups.update)
        return backups


@pytest.fixture
def fixture(make_dynamodb_client: Callable[[], DynamoDBClient]) -> Iterator[TablesFixture]:
    """No tables yet."""
    dynamodb, clock = make_dynamodb_client(), FakeClock()
    products, staging = products_table(f"products-{uuid4().hex}"), staging_table(f"staging-{uuid4().hex}")
    with ThreadPoolExecutor(2) as threads:
        calls = AwsCalls(service="DynamoDB", executor=threads)
        tables = DynamoDbTables(dynamodb=dynamodb, calls=calls, clock=clock)
        yield TablesFixture(dynamodb=dynamodb, clock=clock, tables=tables, products=products, staging=staging)
    for name in {products.name, staging.name} & set(dynamodb.list_tables()["TableNames"]):
        dynamodb.delete_table(TableName=name)


async def test_absent_tables_are_made_and_are_then_without_fault(fixture: TablesFixture) -> None:
    """Both tables are made with their keys, index, expiry and backups, and are found sound."""
    backups = fixture.with_backups()
    assert await fixture.tables.create(fixture.products) == Made()
    assert backups.updates == [{"PointInTimeRecoveryEnabled": True}]
    backups.is_on = False
    assert await fixture.tables.create(fixture.staging) == Made()
    described = fixture.dynamodb.describe_table(TableName=fixture.products.name)["Table"]
    [index] = described["LocalSecondaryIndexes"]
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["seller_handle", "video_id"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["seller_handle", "updated_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    expiry = fixture.dynamodb.describe_time_to_live(TableName=fixture.staging.name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert [*await fixture.faults(fixture.products), *await fixture.faults(fixture.staging)] == []


async def test_again_nothing_is_done(fixture: TablesFixture) -> None:
    """A second create finds the table and switches nothing on twice."""
    backups = fixture.with_backups()
    await fixture.tables.create(fixture.staging)
    assert await fixture.tables.create(fixture.staging) == WasThere()
    assert len(backups.updates) == 1
    assert fixture.tables.calls.counts["create_table"] == 1
    assert fixture.tables.calls.counts["update_time_to_live"] == 1


async def test_what_stopped_half_way_is_finished(fixture: TablesFixture) -> None:
    """A table that was made without its expiry and its backups gets them."""
    fixture.dynamodb.create_table(**dict(fixture.staging.definition))
    backups = fixture.with_backups()
    assert await fixture.faults(fixture.staging) == [
        f"the table {fixture.staging.name} does not expire items by the attribute ttl",
        f"the table {fixture.staging.name} has no point-in-time recovery",
    ]
    assert await fixture.tables.create(fixture.staging) == WasThere()
    assert backups.is_on
    assert await fixture.faults(fixture.staging) == []


async def test_a_table_with_other_keys_is_left_alone(fixture: TablesFixture) -> None:
    """Another's table is told as unfit, and neither its expiry nor its backups are touched."""
    backups = fixture.with_backups()
    fixture.dynamodb.create_table(**dict(evolve(fixture.products, name=fixture.staging.name).definition))
    told = (
        f"the table {fixture.staging.name} has the keys seller_handle, video_id; linkhub's are video_id, seller_handle"
    )
    assert await fixture.tables.create(fixture.staging) == Unfit([told])
    assert await fixture.faults(fixture.staging) == [told]
    expiry = fixture.dynamodb.describe_time_to_live(TableName=fixture.staging.name)["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "DISABLED"
    assert backups.updates == []


async def test_a_key_that_is_no_text_is_told(fixture: TablesFixture) -> None:
    """Keys have to be texts, whatever their names."""
    definition = dict(fixture.staging.definition)
    types = [
        {"AttributeName": "video_id", "AttributeType": "N"},
        {"AttributeName": "seller_handle", "AttributeType": "S"},
    ]
    fixture.dynamodb.create_table(**{**definition, "AttributeDefinitions": types})
    told = f"the key video_id of the table {fixture.staging.name} is of type N; linkhub's is text (S)"
    assert await fixture.tables.create(fixture.staging) == Unfit([told])


async def test_a_table_that_is_missing_or_has_no_index_is_told(fixture: TablesFixture) -> None:
    """A missing table is a fault; a missing index is one, too, but keeps nobody from using the table."""
    assert await fixture.faults(fixture.products) == [f"the table {fixture.products.name} does not exist"]
    fixture.dynamodb.create_table(**dict(evolve(fixture.products, index_name=None, indexed_by=None).definition))
    [told] = await fixture.faults(fixture.products)
    assert f"{fixture.products.name} has no local index by-updated-at" in told
    assert await fixture.tables.create(fixture.products) == WasThere()


async def test_an_expiry_by_another_attribute_is_told_and_left(fixture: TablesFixture) -> None:
    """What another chose stays as it is."""
    other = evolve(fixture.staging, ttl_attribute="gone_at")
    await fixture.tables.create(other)
    assert await fixture.tables.create(fixture.staging) == WasThere()
    assert await fixture.faults(fixture.staging) == [
        f"the table {fixture.staging.name} does not expire items by the attribute ttl"
    ]
    assert await fixture.faults(other) == []


async def test_a_service_without_backups_is_no_fault(fixture: TablesFixture) -> None:
    """DynamoDB Local knows no backups: the tables are made without."""
    assert await fixture.tables.create(fixture.products) == Made()
    assert await fixture.faults(fixture.products) == []


async def test_backups_are_asked_for_until_the_table_is_ready(fixture: TablesFixture) -> None:
    """A table just made refuses backups for a while, and is waited for."""
    backups = fixture.with_backups(refusals=3)
    assert await fixture.tables.create(fixture.products) == Made()
    assert (backups.is_on, fixture.waited_seconds) == (True, 3)


async def test_two_who_make_it_at_once_both_succeed(fixture: TablesFixture) -> None:
    """Who comes second between the look and the making finds the table."""
    await fixture.tables.create(fixture.products)
    with inject(fixture.dynamodb, Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException")):
        assert await fixture.tables.create(fixture.products) == WasThere()


async def test_a_table_that_is_not_seen_yet_is_waited_for_and_not_for_ever(fixture: TablesFixture) -> None:
    """A new table may stay unseen for a moment; after two minutes it is an outage."""
    await fixture.tables.create(fixture.products)
    unseen = Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException", times=3)
    with inject(fixture.dynamodb, unseen):
        await fixture.tables.create(fixture.products)
    assert fixture.waited_seconds == 2
    unseen = Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException", times=1000)
    with inject(fixture.dynamodb, unseen), pytest.raises(ServiceUnavailable, match="not active after 120 s"):
        await fixture.tables.create(fixture.products)


@pytest.mark.parametrize("operation", ["DescribeTable", "DescribeTimeToLive"])
async def test_what_is_denied_is_an_outage(fixture: TablesFixture, operation: str) -> None:
    """No answer is not taken for an absent table or an expiry that is off."""
    await fixture.tables.create(fixture.staging)
    denied = Fault.client_error(operation=operation, code="AccessDeniedException", times=2)
    with inject(fixture.dynamodb, denied):
        with pytest.raises(ServiceUnavailable, match="AccessDenied"):
            await fixture.faults(fixture.staging)
        with pytest.raises(ServiceUnavailable, match="AccessDenied"):
            await fixture.tables.create(fixture.staging)
    assert fixture.tables.calls.counts["create_table"] == 1
