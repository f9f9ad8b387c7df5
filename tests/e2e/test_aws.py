"""The sample stream through real processes on DynamoDB Local and a server that speaks SQS and SNS."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from linkhub_adapters.aws.aws_calls import AwsCalls
from linkhub_adapters.aws.dynamodb_tables import DynamoDbTables
from linkhub_adapters.aws.resources import products_table, staging_table
from linkhub_adapters.worker import SystemClock
from linkhub_core.model import Kind
from tests.e2e.expectations import STREAM, shuffled_stream
from tests.e2e.hub import Hub, stop_all
from tests.support.aws import dynamodb_client, environment, sns_client, sqs_client

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

pytestmark = [pytest.mark.e2e, pytest.mark.aws]


def _make_queue(sqs: SQSClient, name: str) -> str:
    dead = sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "50"})
    return sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]


def _make_tables(dynamodb: DynamoDBClient, products: str, staging: str) -> None:
    tables = DynamoDbTables(dynamodb=dynamodb, calls=AwsCalls(service="DynamoDB"), clock=SystemClock())
    for table in (products_table(products), staging_table(staging)):
        asyncio.run(tables.create(table))


@pytest.fixture
def aws_hub(tmp_path: Path, dynamodb_endpoint: str, sqs_sns_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A linkhub on queues, tables and a topic of its own."""
    name = f"e2e-{uuid4().hex[:12]}"
    with (
        closing(sqs_client(sqs_sns_endpoint)) as sqs,
        closing(sns_client(sqs_sns_endpoint)) as sns,
        closing(dynamodb_client(dynamodb_endpoint)) as dynamodb,
    ):
        urls = {kind: _make_queue(sqs, f"{name}-{kind}") for kind in Kind}
        _make_tables(dynamodb, f"{name}-products", f"{name}-staging")
        topic_arn = sns.create_topic(Name=name)["TopicArn"]
    leads = environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint)
    leads |= {
        "SQS_CAPTION_QUEUE_URL": urls[Kind.CAPTION],
        "SQS_THUMBNAIL_QUEUE_URL": urls[Kind.THUMBNAIL],
        "DYNAMODB_PRODUCTS_TABLE": f"{name}-products",
        "DYNAMODB_STAGING_TABLE": f"{name}-staging",
        "SNS_NEW_PRODUCT_TOPIC_ARN": topic_arn,
    }
    for variable, value in leads.items():
        monkeypatch.setenv(variable, value)
    return Hub(tmp_path, backend="aws", elsewhere=leads)


def test_a_server_beside_a_consumer_on_aws(aws_hub: Hub) -> None:
    """A server, which only shows, and a consumer make of the stream what has to come of it."""
    server, _ = aws_hub.serve()
    with server, aws_hub.consume() as consumer:
        aws_hub.run("publish", str(STREAM))
        aws_hub.wait_until_settled(consumer)
        aws_hub.check()
        assert stop_all([consumer, server]) == [0, 0]


def test_three_consumers_one_of_them_killed_on_aws(aws_hub: Hub, tmp_path: Path) -> None:
    """Three consumers of a shuffled stream, one killed in the midst of work, come to the same products."""
    shuffled, numbers = shuffled_stream(tmp_path, 3)
    with aws_hub.consume() as one, aws_hub.consume() as other, aws_hub.consume() as victim:
        aws_hub.run("publish", str(shuffled))
        victim.wait_for_line("product_saved|half_staged")
        victim.kill()
        aws_hub.wait_until_settled(one)
        aws_hub.check(numbers=numbers)
        assert stop_all([one, other]) == [0, 0]
