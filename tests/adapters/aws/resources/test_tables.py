"""The tables are made as planned, and each difference is found, corrected where that is safe, and reported."""

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
from linkhub_adapters.aws.resources.difference import Remedy
from linkhub_adapters.aws.resources.tables import DynamoDbTables, FoundTable, table_differences
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Status
from linkhub_core.testing.fakes import FakeClock
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

START = FakeClock().present
KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd"


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
    """A client, the tables on it, and names of their own."""

    dynamodb: DynamoDBClient
    clock: FakeClock
    tables: DynamoDbTables
    products: Table
    staging: Table

    @property
    def waited_seconds(self) -> float:
        """How long was waited between attempts."""
        return (self.clock.present - START).total_seconds()

    async def differences(self, table: Table) -> list[str]:
        """The problems of a table."""
        found = await self.tables.read(table)
        assert found is not None
        return [difference.problem for difference in table_differences(table, found)]

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


async def test_absent_tables_are_made_as_planned(fixture: TablesFixture) -> None:
    """Both tables are made with their keys, index, expiry and backups."""
    backups = fixture.with_backups()
    made = await fixture.tables.ensure(fixture.products)
    assert (made.status, made.address, made.notes) == (Status.MADE, fixture.products.name, [])
    assert backups.updates == [{"PointInTimeRecoveryEnabled": True}]
    backups.is_on = False
    assert (await fixture.tables.ensure(fixture.staging)).status is Status.MADE
    described = fixture.dynamodb.describe_table(TableName=fixture.products.name)["Table"]
    [index] = described["LocalSecondaryIndexes"]
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["seller_handle", "video_id"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["seller_handle", "stamp"]
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["updated_at", "availability"]}
    expiry = fixture.dynamodb.describe_time_to_live(TableName=fixture.staging.name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert [*await fixture.differences(fixture.products), *await fixture.differences(fixture.staging)] == []


async def test_a_second_run_changes_nothing(fixture: TablesFixture) -> None:
    """It finds the table and switches nothing on twice."""
    backups = fixture.with_backups()
    await fixture.tables.ensure(fixture.staging)
    again = await fixture.tables.ensure(fixture.staging)
    assert (again.status, again.changes, again.notes) == (Status.UNCHANGED, [], [])
    assert len(backups.updates) == 1
    assert fixture.tables.calls.counts["create_table"] == 1
    assert fixture.tables.calls.counts["update_time_to_live"] == 1


async def test_an_interrupted_run_is_continued(fixture: TablesFixture) -> None:
    """A table that was made without its expiry and its backups gets them, and both changes are reported."""
    fixture.dynamodb.create_table(**dict(fixture.staging.definition))
    backups = fixture.with_backups()
    assert await fixture.differences(fixture.staging) == [
        "items do not expire: time to live is DISABLED",
        "no point-in-time recovery",
    ]
    changed = await fixture.tables.ensure(fixture.staging)
    assert changed.status is Status.CHANGED
    assert changed.changes == ["TimeToLive was DISABLED, is ttl", "PointInTimeRecovery was DISABLED, is ENABLED"]
    assert backups.is_on
    assert await fixture.differences(fixture.staging) == []


async def test_a_table_with_other_keys_is_not_touched(fixture: TablesFixture) -> None:
    """It is unfit, and neither its expiry nor its backups are changed."""
    backups = fixture.with_backups()
    fixture.dynamodb.create_table(**dict(evolve(fixture.products, name=fixture.staging.name).definition))
    unfit = await fixture.tables.ensure(fixture.staging)
    problem = "its keys are seller_handle (S), video_id (S); linkhub's are video_id (S), seller_handle (S)"
    assert (unfit.status, unfit.notes, unfit.address) == (Status.UNFIT, [problem], "")
    assert await fixture.differences(fixture.staging) == [problem]
    expiry = fixture.dynamodb.describe_time_to_live(TableName=fixture.staging.name)["TimeToLiveDescription"]
    assert expiry["TimeToLiveStatus"] == "DISABLED"
    assert backups.updates == []


async def test_a_missing_index_is_a_note(fixture: TablesFixture) -> None:
    """linkhub works without the index; a missing table is none."""
    assert await fixture.tables.read(fixture.products) is None
    fixture.dynamodb.create_table(**dict(evolve(fixture.products, index_name=None, indexed_by=None).definition))
    outcome = await fixture.tables.ensure(fixture.products)
    assert (outcome.status, outcome.address) == (Status.UNCHANGED, fixture.products.name)
    [note] = outcome.notes
    assert note.startswith("no local index by-stamp")


async def test_an_expiry_by_another_attribute_is_kept(fixture: TablesFixture) -> None:
    """Another owner may need it: it becomes a note."""
    other = evolve(fixture.staging, ttl_attribute="gone_at")
    await fixture.tables.ensure(other)
    outcome = await fixture.tables.ensure(fixture.staging)
    assert (outcome.status, outcome.notes) == (Status.UNCHANGED, ["items expire by gone_at, not by ttl"])
    assert await fixture.differences(other) == []


async def test_a_service_without_backups_is_no_failure(fixture: TablesFixture) -> None:
    """DynamoDB Local has none: the tables are made without, and the check reports that this is unknown."""
    assert (await fixture.tables.ensure(fixture.products)).status is Status.MADE
    found = await fixture.tables.read(fixture.products)
    assert found is not None
    assert (table_differences(fixture.products, found), len(found.unread)) == ([], 1)


async def test_backups_are_requested_until_the_table_is_ready(fixture: TablesFixture) -> None:
    """A table that was just made refuses backups for a while."""
    backups = fixture.with_backups(refusals=3)
    assert (await fixture.tables.ensure(fixture.products)).status is Status.MADE
    assert (backups.is_on, fixture.waited_seconds) == (True, 3)


async def test_two_processes_that_make_it_at_once_both_succeed(fixture: TablesFixture) -> None:
    """The second one finds the table between its look and its call."""
    await fixture.tables.ensure(fixture.products)
    with inject(fixture.dynamodb, Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException")):
        assert (await fixture.tables.ensure(fixture.products)).status is Status.UNCHANGED


async def test_a_table_that_is_not_visible_yet_is_awaited_for_two_minutes(fixture: TablesFixture) -> None:
    """A new table may be invisible for a moment; after two minutes it is an outage."""
    await fixture.tables.ensure(fixture.products)
    unseen = Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException", times=3)
    with inject(fixture.dynamodb, unseen):
        await fixture.tables.ensure(fixture.products)
    assert fixture.waited_seconds == 2
    unseen = Fault.client_error(operation="DescribeTable", code="ResourceNotFoundException", times=1000)
    with inject(fixture.dynamodb, unseen), pytest.raises(ServiceUnavailable, match="not active after 120 s"):
        await fixture.tables.ensure(fixture.products)


@pytest.mark.parametrize("operation", ["DescribeTable", "DescribeTimeToLive"])
async def test_a_denial_is_an_outage(fixture: TablesFixture, operation: str) -> None:
    """No answer is taken neither for an absent table nor for an expiry that is off."""
    await fixture.tables.ensure(fixture.staging)
    denied = Fault.client_error(operation=operation, code="AccessDeniedException")
    with inject(fixture.dynamodb, denied), pytest.raises(ServiceUnavailable, match="AccessDenied"):
        await fixture.tables.ensure(fixture.staging)
    assert fixture.tables.calls.counts["create_table"] == 1


async def test_a_service_without_keys_is_no_failure(fixture: TablesFixture) -> None:
    """DynamoDB Local ignores the key at the creation, and refuses to change it."""
    encrypted = evolve(fixture.staging, kms_key_arn=KEY)
    assert (await fixture.tables.ensure(encrypted)).status is Status.MADE
    assert (await fixture.tables.ensure(encrypted)).status is Status.CHANGED
    assert await fixture.differences(encrypted) == [
        "it does not use the key that is configured: its key is one of DynamoDB"
    ]


# --- differences, from replies


STAGING = staging_table("halves")
ENABLED = {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
BACKED_UP = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
AS_PLANNED = FoundTable(
    description={**STAGING.definition, "TableStatus": "ACTIVE", "TableArn": "arn:halves"},
    expiry=ENABLED,
    backups=BACKED_UP,
)
NUMBER_KEY = [
    {"AttributeName": "video_id", "AttributeType": "N"},
    {"AttributeName": "seller_handle", "AttributeType": "S"},
]


def _described(**different: Any) -> FoundTable:
    return evolve(AS_PLANNED, description={**AS_PLANNED.description, **different})


@pytest.mark.parametrize(
    ("found", "verdict", "remedy", "problem"),
    [
        (_described(TableStatus="CREATING"), Verdict.FAULT, Remedy.WAIT, "it is CREATING"),
        (_described(AttributeDefinitions=NUMBER_KEY), Verdict.FAULT, Remedy.REPLACE, "its keys are video_id (N)"),
        (
            evolve(AS_PLANNED, expiry={"TimeToLiveStatus": "DISABLED"}),
            Verdict.FAULT,
            Remedy.APPLY,
            "items do not expire",
        ),
        (
            evolve(AS_PLANNED, expiry={"TimeToLiveStatus": "DISABLING", "AttributeName": "ttl"}),
            Verdict.FAULT,
            Remedy.DECIDE,
            "items do not expire",
        ),
        (evolve(AS_PLANNED, backups={}), Verdict.WARNING, Remedy.APPLY, "no point-in-time recovery"),
    ],
)
def test_each_difference_is_found_alone(found: FoundTable, verdict: Verdict, remedy: Remedy, problem: str) -> None:
    """It says how bad it is, and how it is removed."""
    assert table_differences(STAGING, AS_PLANNED) == []
    (difference,) = table_differences(STAGING, found)
    assert (difference.verdict, difference.remedy) == (verdict, remedy)
    assert difference.problem.startswith(problem)


@pytest.mark.parametrize(
    ("key", "remedy"),
    [(None, Remedy.APPLY), (f"{KEY}-theirs", Remedy.DECIDE), (KEY, None)],
    ids=["none", "other", "it"],
)
def test_the_key_of_the_plan_is_set_where_there_is_none(key: str | None, remedy: Remedy | None) -> None:
    """The key of another owner is kept; without a key in the plan, any is fine."""
    found = _described(SSEDescription={"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key} if key else {})
    differences = table_differences(evolve(STAGING, kms_key_arn=KEY), found)
    assert [difference.remedy for difference in differences] == ([remedy] if remedy else [])
    for call in (call for difference in differences for call in difference.calls):
        assert call.parameters["SSESpecification"] == {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert table_differences(STAGING, found) == []


@pytest.mark.parametrize("is_range_first", [False, True])
def test_the_order_of_keys_in_a_reply_does_not_matter(is_range_first: bool) -> None:
    """DynamoDB marks the partition key as HASH."""
    keys = AS_PLANNED.description["KeySchema"]
    found = _described(KeySchema=keys[::-1] if is_range_first else keys)
    assert list(found.key_types) == ["video_id", "seller_handle"]


def test_an_index_with_other_keys_is_named() -> None:
    """The names of its keys are in the problem."""
    table = products_table("products")
    index = {"IndexName": table.index_name, "KeySchema": table.definition["KeySchema"]}
    found = FoundTable(description={**table.definition, "LocalSecondaryIndexes": [index]})
    (difference,) = table_differences(table, found)
    assert (difference.verdict, difference.remedy) == (Verdict.WARNING, Remedy.REPLACE)
    assert difference.problem.endswith("are seller_handle, video_id, not seller_handle, stamp")


def test_the_earlier_index_is_named() -> None:
    """It answers `since`, and no cursor."""
    table = products_table("products")
    index = {"IndexName": "by-updated-at", "KeySchema": table.definition["KeySchema"]}
    found = FoundTable(description={**table.definition, "LocalSecondaryIndexes": [index]})
    (difference,) = table_differences(table, found)
    assert difference.problem == "no local index by-stamp, only by-updated-at: a cursor reads whole shops"


def test_an_expiry_by_another_attribute_takes_two_calls() -> None:
    """DynamoDB changes the attribute only after it was switched off."""
    found = evolve(AS_PLANNED, expiry={"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"})
    (difference,) = table_differences(STAGING, found)
    assert [call.parameters["TimeToLiveSpecification"] for call in difference.calls] == [
        {"Enabled": False, "AttributeName": "expires"},
        {"Enabled": True, "AttributeName": "ttl"},
    ]
