"""A plain service, for comparison: a message at a time, get, put, put, delete, delete.

It reads staging, keeps the half there, and with both halves puts the product unless it exists and deletes the staging
row; then it deletes the message. Messages are received in tens, boto3's clients are made once, and everything is as
boto3 comes. It checks no rule of an event, announces nothing and logs nothing, which makes it cheaper. Two of its kind
that work at once may lose a half.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from time import time
from typing import TYPE_CHECKING, Any

import boto3
from attrs import define, field
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import ClientError

from benchmarks.drain_process import Spent, answer
from benchmarks.stopwatch import Stopwatch

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

_READ, _WRITE = TypeDeserializer(), TypeSerializer()
_Document = dict[str, Any]


@define
class PlainConsumer:
    """Works on both queues by turns."""

    sqs: SQSClient
    dynamodb: DynamoDBClient
    queue_urls: Mapping[str, str]
    products_table: str
    staging_table: str
    spent: dict[str, Counter[str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Count from nothing."""
        self.spent = {name: Counter() for name in ("dynamodb_calls", "sqs_calls", "read_units", "write_units")}

    def drain(self, messages: int) -> Spent:
        """Work until this many messages are done."""
        watch = Stopwatch()
        with watch.running():
            while messages > 0:
                for kind, url in self.queue_urls.items():
                    messages -= self._receive(kind, url)
        spent = Spent(wall_seconds=watch.wall_seconds, cpu_seconds=watch.cpu_seconds, **self.spent)
        self.reset()
        return spent

    def _receive(self, kind: str, url: str) -> int:
        self.spent["sqs_calls"]["receive_message"] += 1
        received = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            self._handle(kind, json.loads(message["Body"], parse_float=Decimal))
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            self.spent["sqs_calls"]["delete_message"] += 1
        return len(received)

    def _handle(self, kind: str, event: _Document) -> None:
        key = {"video_id": event["video_id"], "seller_handle": event["seller_handle"]}
        row = {**(self._get(self.staging_table, key) or key), kind: event}
        row |= {"is_complete": {"caption", "thumbnail"} <= row.keys(), "ttl": int(time()) + 86_400}
        self._put(self.staging_table, row)
        if row["is_complete"]:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            product = {**row["caption"], **row["thumbnail"], "created_at": now, "updated_at": now}
            product.pop("timestamp")
            self._put(self.products_table, product, ConditionExpression="attribute_not_exists(video_id)")
            self._delete(self.staging_table, key)

    def _get(self, table: str, key: _Document) -> _Document | None:
        reply = self._call("get_item", table, is_write=False, Key=_written(key), ConsistentRead=True)
        return {name: _READ.deserialize(value) for name, value in reply["Item"].items()} if "Item" in reply else None

    def _put(self, table: str, item: _Document, **condition: str) -> None:
        try:
            self._call("put_item", table, is_write=True, Item=_written(item), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _delete(self, table: str, key: _Document) -> None:
        self._call("delete_item", table, is_write=True, Key=_written(key))

    def _call(self, operation: str, table: str, *, is_write: bool, **parameters: Any) -> Any:
        self.spent["dynamodb_calls"][operation] += 1
        reply = getattr(self.dynamodb, operation)(TableName=table, ReturnConsumedCapacity="TOTAL", **parameters)
        units = self.spent["write_units" if is_write else "read_units"]
        units[table] += reply["ConsumedCapacity"]["CapacityUnits"]
        return reply


def _written(document: _Document) -> Any:
    return {name: _WRITE.serialize(value) for name, value in document.items()}


def main() -> None:
    """Make the clients, then drain as asked."""
    consumer = PlainConsumer(
        sqs=boto3.client("sqs"),
        dynamodb=boto3.client("dynamodb"),
        queue_urls={
            "caption": os.environ["SQS_CAPTION_QUEUE_URL"],
            "thumbnail": os.environ["SQS_THUMBNAIL_QUEUE_URL"],
        },
        products_table=os.environ["DYNAMODB_PRODUCTS_TABLE"],
        staging_table=os.environ["DYNAMODB_STAGING_TABLE"],
    )
    for table in (consumer.products_table, consumer.staging_table):
        consumer.dynamodb.describe_table(TableName=table)
    for url in consumer.queue_urls.values():
        consumer.sqs.get_queue_attributes(QueueUrl=url)
    answer(consumer.drain)


if __name__ == "__main__":
    main()
