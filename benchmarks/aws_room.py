"""Queues and tables of one drain, on DynamoDB Local and a server that speaks SQS, and a check of the result."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from boto3.dynamodb.types import TypeDeserializer
from tests.support.aws import dynamodb_client, environment, sqs_client

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import products_table, staging_table
from linkhub_adapters.aws.resources.tables import DynamoDbTables
from linkhub_adapters.runtime import SystemClock
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

_BOOKKEEPING = frozenset(
    {"created_at", "updated_at", "caption_version", "thumbnails_version", "revision", "shown", "stamp", "timestamp"}
)  # what a product has beside the contents of its halves, and what its halves have beside them
_NUMBERS = count(1)
_READ = TypeDeserializer()


@contextmanager
def open_clients(dynamodb_endpoint: str, sqs_endpoint: str) -> Iterator[tuple[DynamoDBClient, SQSClient]]:
    """Clients of these servers, for what is not measured."""
    with closing(dynamodb_client(dynamodb_endpoint)) as dynamodb, closing(sqs_client(sqs_endpoint)) as sqs:
        yield dynamodb, sqs


@frozen(kw_only=True)
class AwsRoom:
    """Two queues and two tables of its own."""

    dynamodb: DynamoDBClient
    sqs: SQSClient
    name: str = field(init=False, factory=lambda: f"bench-{next(_NUMBERS)}")
    queue_urls: Mapping[Kind, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        tables = DynamoDbTables(dynamodb=self.dynamodb, calls=AwsCalls(service="DynamoDB"), clock=SystemClock())
        asyncio.run(tables.ensure(products_table(self.products_table)))
        asyncio.run(tables.ensure(staging_table(self.staging_table)))

    @queue_urls.default
    def _make_queues(self) -> Mapping[Kind, str]:
        return {kind: self._make_queue(f"{self.name}-{kind}") for kind in Kind}

    def _make_queue(self, name: str) -> str:
        dead = self.sqs.create_queue(QueueName=f"{name}-dead-letters")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "50"})
        # A lease that outlives the drain: a message that comes twice would be worked on twice.
        made = self.sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "600"})
        return made["QueueUrl"]

    @property
    def products_table(self) -> str:
        """The name of the table for products."""
        return f"{self.name}-products"

    @property
    def staging_table(self) -> str:
        """The name of the table for halves that wait."""
        return f"{self.name}-staging"

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment in which a consumer finds all of it."""
        endpoints = environment(
            dynamodb_endpoint=self.dynamodb.meta.endpoint_url, sqs_sns_endpoint=self.sqs.meta.endpoint_url
        )
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "LINKHUB_"))},
            **endpoints,
            "LINKHUB_BACKEND": "aws",
            "LINKHUB_LOG_FORMAT": "json",
            "LINKHUB_VISIBILITY_TIMEOUT_SECONDS": "600",
            "SQS_CAPTION_QUEUE_URL": self.queue_urls[Kind.CAPTION],
            "SQS_THUMBNAIL_QUEUE_URL": self.queue_urls[Kind.THUMBNAIL],
            "DYNAMODB_PRODUCTS_TABLE": self.products_table,
            "DYNAMODB_STAGING_TABLE": self.staging_table,
            **settings,
        }

    def publish(self, messages: Sequence[OutgoingMessage]) -> None:
        """Put messages on their queues, in order, in runs of ten of either kind."""
        bodies = {kind: [message.body for message in messages if message.kind is kind] for kind in Kind}
        for start in range(0, max(map(len, bodies.values())), 10):
            for kind, url in self.queue_urls.items():
                batch = bodies[kind][start : start + 10]
                entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)]
                reply: Any = self.sqs.send_message_batch(QueueUrl=url, Entries=entries) if batch else {}
                assert not reply.get("Failed"), reply

    def items(self, table: str) -> list[dict[str, Any]]:
        """All items of a table, as attribute values."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]


def check_products(room: AwsRoom, messages: Sequence[OutgoingMessage]) -> None:
    """Make sure that the tables hold just what these messages have to become; else the figures mean nothing."""
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    for message in messages:
        event = json.loads(message.body, parse_float=Decimal)
        expected.setdefault((event["seller_handle"], event["video_id"]), {}).update(_contents(event))
    items = room.items(room.products_table)
    assert len(items) == len(expected), f"{len(items)} of {len(expected)} products came out"
    for item in items:
        product = {name: _READ.deserialize(value) for name, value in item.items()}
        assert _contents(product) == expected[product["seller_handle"], product["video_id"]], f"wrong: {product}"
    assert not room.items(room.staging_table), "halves were left in staging"


def _contents(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in _BOOKKEEPING}
