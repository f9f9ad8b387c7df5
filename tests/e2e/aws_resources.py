"""The AWS resources of one test: queues, tables and a topic with names of its own."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import products_table, staging_table
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_adapters.runtime import SystemClock
from linkhub_core.model import Kind
from tests.support.aws import dynamodb_client, environment, sns_client, sqs_client

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient


def aws_settings(*, dynamodb_endpoint: str, sqs_sns_endpoint: str, is_fifo: bool, has_topic: bool) -> dict[str, str]:
    """Make all of it; give the environment that leads there."""
    name = f"e2e-{uuid4().hex[:12]}"
    with (
        closing(sqs_client(sqs_sns_endpoint)) as sqs,
        closing(sns_client(sqs_sns_endpoint)) as sns,
        closing(dynamodb_client(dynamodb_endpoint)) as dynamodb,
    ):
        urls = {kind: _make_queue(sqs, f"{name}-{kind}", is_fifo=is_fifo) for kind in Kind}
        _make_tables(dynamodb, f"{name}-products", f"{name}-staging")
        topic = {"SNS_NEW_PRODUCT_TOPIC_ARN": sns.create_topic(Name=name)["TopicArn"]} if has_topic else {}
    return {
        **environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint),
        "SQS_CAPTION_QUEUE_URL": urls[Kind.CAPTION],
        "SQS_THUMBNAIL_QUEUE_URL": urls[Kind.THUMBNAIL],
        "DYNAMODB_PRODUCTS_TABLE": f"{name}-products",
        "DYNAMODB_STAGING_TABLE": f"{name}-staging",
        **topic,
    }


def _make_queue(sqs: SQSClient, name: str, *, is_fifo: bool) -> str:
    suffix, sort = (".fifo", {"FifoQueue": "true"}) if is_fifo else ("", {})
    made: dict[str, Any] = {"QueueName": f"{name}-dead-letters{suffix}", "Attributes": sort}
    dead = sqs.create_queue(**made)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "50"})
    made = {"QueueName": f"{name}{suffix}", "Attributes": {**sort, "RedrivePolicy": policy}}
    return sqs.create_queue(**made)["QueueUrl"]


def _make_tables(dynamodb: DynamoDBClient, products: str, staging: str) -> None:
    tables = DynamoDbTables(dynamodb=dynamodb, calls=AwsCalls(service="DynamoDB"), clock=SystemClock())
    for table in (products_table(products), staging_table(staging)):
        asyncio.run(tables.ensure(table))
