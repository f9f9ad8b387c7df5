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
class Room:
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
def room(make_dynamodb_client: Callable[[], DynamoDBClient]) -> Iterator[Room]:
    """No tables yet."""
    dynamodb, clock = make_dynamodb_client(), FakeClock()
    products, staging = products_table(f"products-{uuid4().hex}"), staging_table(f"staging-{uuid4().hex}")
    with ThreadPoolExecutor(2) as threads:
        calls = AwsCalls(service="DynamoDB", executor=threads)
        tables = DynamoDbTables(dynamodb=dynamodb, calls=calls, clock=clock)
        yield Room(dynamodb=dynamodb, clock=clock, tables=tables, products=products, staging=staging)
    for name in {products.name, staging.name} & set(dynamodb.list_tables()["TableNames"]):
        dynamodb.delete_table(TableName=name)


async def test_absent_tables_are_made_and_are_then_without_fault(room: Room) -> None:
    """Both tables are made with their keys, index, expiry and backups, and are found sound."""
    backups = room.with_backups()
    assert await room.tables.create(room.products) == Made()
    assert backups.updates == [{"PointInTimeRecoveryEnabled": True}]
    backups.is_on = False
    assert await room.tables.create(room.staging) == Made()
    described = room.dynamodb.describe_table(TableName=room.products.name)["Table"]
    [index] = described["LocalSecondaryIndexes"]
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["seller_handle", "video_id"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["seller_handle", "updated_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    expiry = room.dynamodb.describe_time_to_live(TableName=room.staging.name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert [*await room.faults(room.products), *await room.faults(room.staging)] == []


async def test_again_nothing_is_done(room: Room) -> None:
    """A second create finds the table and switches nothing on twice."""
    backups = room.with_backups()
    await room.tables.create(room.staging)
    assert await room.tables.create(room.staging) == WasThere()
    assert len(backups.updates) == 1
    assert room.tables.calls.counts["create_table"] == 1
    assert room.tables.calls.counts["update_time_to_live"] == 1


async def test_what_stopped_half_way_is_finished(room: Room) -> None:
    """A table that was made without its expiry and its backups gets them."""
    room.dynamodb.create_table(**dict(room.staging.definition))
    backups = room.with_backups()
    assert await room.faults(room.staging) == [
        f"the table {room.staging.name} does not expire items by the attribute ttl",
        f"the table {room.staging.name} has no point-in-time recovery",
    ]
    assert await room.tables.create(room.staging) == WasThere()
    assert backups.is_on
    assert await room.faults(room.staging) == []


async def test_a_table_with_other_keys_is_left_alone(room: Room) -> None:
    """Another's table is told as unfit, and neither its expiry nor its backups are touched."""
    backups = room.with_backups()
    room.dynamodb.create_table(**dict(evolve(room.products, name=room.staging.name).definition))
    told = f"the table {room.staging.name} has the keys seller_handle, video_id; linkhub's are video_id, seller_handle"
    assert await room.tables.create(room.staging) == Unfit([told])
    assert await room.faults(room.staging) == [told]
    expiry = room.dynamodb.describe_time_to_live(TableName=room.staging.name)["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "DISABLED"
    assert backups.updates == []


async def test_a_key_that_is_no_text_is_told(room: Room) -> None:
    """Keys have to be texts, whatever their names."""
    definition = dict(room.staging.definition)
    types = [
        {"AttributeName": "video_id", "AttributeType": "N"},
        {"AttributeName": "seller_handle", "AttributeType": "S"},
    ]
    room.dynamodb.create_table(**{**definition, "AttributeDefinitions": types})
    told = f"the key video_id of the table {room.staging.name} is of type N; linkhub's is text (S)"
    assert await room.tables.create(room.staging) == Unfit([told])


async def test_a_table_that_is_missing_or_has_no_index_is_told(room: Room) -> None:
    """A missing table is a fault; a missing index is one, too, but keeps nobody from using the table."""
    assert await room.faults(room.products) == [f"the table {room.products.name} does not exist"]
    room.dynamodb.create_table(**dict(evolve(room.products, index_name=None, indexed_by=None).definition))
    [told] = await room.faults(room.products)
    assert f"{room.products.name} has no local index by-updated-at" in told
    assert await room.tables.create(room.products) == WasThere()


async def test_an_expiry_by_another_attribute_is_told_and_left(room: Room) -> None:
    """What another chose stays as it is."""
    other = evolve(room.staging, ttl_attribute="gone_at")
    await room.tables.create(other)
    assert await room.tables.create(room.staging) == WasThere()
    assert await room.faults(room.staging) == [
        f"the table {room.staging.name} does not expire items by the attribute ttl"
    ]
    assert await room.faults(other) == []


async def test_a_service_without_backups_is_no_fault(room: Room) -> None:
    """DynamoDB Local knows no backups: the tables are made without."""
    assert await room.tables.create(room.products) == Made()
    assert await room.faults(room.products) == []


async def test_backups_are_asked_for_until_the_table_is_ready(room: Room) -> None:
    """A table just made refuses backups for a while, and is waited for."""
    backups = room.with_backups(refusals=3)
    assert await room.tables.create(room.products) == Made()
    assert (backups.is_on, room.waited_seconds) == (True, 3)


async def test_two_who_make_it_at_once_both_succeed(room: Room) -> None:
    """Who comes second between the look and the making finds the table."""
    await room.tables.create(room.products)
    with inject(room.dynamodb, Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException")):
        assert await room.tables.create(room.products) == WasThere()


async def test_a_table_that_is_not_seen_yet_is_waited_for_and_not_for_ever(room: Room) -> None:
    """A new table may stay unseen for a moment; after two minutes it is an outage."""
    await room.tables.create(room.products)
    unseen = Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException", times=3)
    with inject(room.dynamodb, unseen):
        await room.tables.create(room.products)
    assert room.waited_seconds == 2
    unseen = Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException", times=1000)
    with inject(room.dynamodb, unseen), pytest.raises(ServiceUnavailable, match="not active after 120 s"):
        await room.tables.create(room.products)


@pytest.mark.parametrize("operation", ["DescribeTable", "DescribeTimeToLive"])
async def test_what_is_denied_is_an_outage(room: Room, operation: str) -> None:
    """No answer is not taken for an absent table or an expiry that is off."""
    await room.tables.create(room.staging)
    denied = Fault.client_error(operation=operation, code="AccessDeniedException", times=2)
    with inject(room.dynamodb, denied):
        with pytest.raises(ServiceUnavailable, match="AccessDenied"):
            await room.faults(room.staging)
        with pytest.raises(ServiceUnavailable, match="AccessDenied"):
            await room.tables.create(room.staging)
    assert room.tables.calls.counts["create_table"] == 1
