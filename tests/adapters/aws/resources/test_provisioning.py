"""All resources are provisioned one after the other; a failure of one does not keep the others from being made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from attrs import define

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Resources, Subscription, resources
from linkhub_adapters.aws.resources.provisioning import Provisioning
from linkhub_adapters.aws.resources.queues import SqsQueues
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_adapters.aws.resources.topics import SnsTopics
from linkhub_core.ports.provisioned import Provisioned, Status
from linkhub_core.testing.fakes import FakeClock
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@define
class ProvisioningFixture:
    """The clients, where faults are put in, and what provisions with them."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    sns: SNSClient
    provisioning: Provisioning
    needed: Resources

    async def ensure(self) -> list[Provisioned]:
        """Provision everything."""
        return [outcomes async for outcomes in self.provisioning.ensure(self.needed)]


@pytest.fixture
def fixture(
    make_dynamodb_client: Callable[[], DynamoDBClient],
    make_sqs_client: Callable[[], SQSClient],
    make_sns_client: Callable[[], SNSClient],
) -> Iterator[ProvisioningFixture]:
    """Nothing is there yet."""
    dynamodb, sqs, sns = make_dynamodb_client(), make_sqs_client(), make_sns_client()
    name = f"all-{uuid4().hex[:12]}"
    needed = resources(
        products=f"{name}-products",
        staging=f"{name}-staging",
        caption_queue=f"{name}-caption",
        thumbnail_queue=f"{name}-thumbnail.fifo",
        topic=f"{name}-topic",
        subscriptions=[Subscription(protocol="sqs", endpoint="arn:aws:sqs:us-east-1:000000000000:analytics")],
    )
    with ThreadPoolExecutor(2, "all") as threads:
        tables = DynamoDbTables(
            dynamodb=dynamodb, calls=AwsCalls(service="DynamoDB", executor=threads), clock=FakeClock()
        )
        provisioning = Provisioning(
            tables=tables,
            queues=SqsQueues(sqs=sqs, calls=AwsCalls(service="SQS", executor=threads)),
            topics=SnsTopics(sns=sns, calls=AwsCalls(service="SNS", executor=threads)),
        )
        yield ProvisioningFixture(dynamodb, sqs, sns, provisioning, needed)


async def test_everything_is_made_and_then_left_alone(fixture: ProvisioningFixture) -> None:
    """Two tables, two queues with their dead-letter queues, the topic and a subscription: made once."""
    outcomes = await fixture.ensure()
    assert [one.resource for one in outcomes] == [
        *["table"] * 2,
        *["dead-letter queue", "queue"] * 2,
        "topic",
        "subscription",
    ]
    assert {one.status for one in outcomes} == {Status.MADE}
    assert {one.status for one in await fixture.ensure()} == {Status.UNCHANGED}


@pytest.mark.parametrize(
    ("operation", "failed"),
    [
        ("CreateTable", ["table"]),
        ("CreateQueue", ["dead-letter queue", "queue"]),
        ("CreateTopic", ["topic", "subscription"]),
        ("Subscribe", ["subscription"]),
    ],
)
async def test_a_failure_leaves_the_rest_to_be_made(
    fixture: ProvisioningFixture, operation: str, failed: list[str]
) -> None:
    """A failed resource and those that need it are reported; the others are made, and the next run makes it."""
    client = {"CreateTable": fixture.dynamodb, "CreateQueue": fixture.sqs}.get(operation, fixture.sns)
    with inject(client, Fault.client_error(operation=operation, code="AccessDenied", status=403)):
        outcomes = await fixture.ensure()
    assert [one.resource for one in outcomes if one.status is Status.FAILED] == failed
    assert all(one.name and one.notes for one in outcomes if one.status is Status.FAILED)
    assert {one.status for one in outcomes if one.status is not Status.FAILED} == {Status.MADE}
    again = await fixture.ensure()
    assert [one.resource for one in again if one.status is Status.MADE] == failed
