"""The sample stream through real processes on DynamoDB Local and a server that speaks SQS and SNS."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from linkhub_adapters.aws.aws_calls import AwsCalls
from linkhub_adapters.aws.dynamodb_tables import DynamoDbTables
from linkhub_adapters.aws.resources import products_table, staging_table
from linkhub_adapters.worker import SystemClock
from linkhub_core.model import Kind
from tests.e2e.expectations import STREAM, expected_lines
from tests.e2e.hub import Hub, stop_all
from tests.support.aws import dynamodb_client, environment, sns_client, sqs_client

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sqs import SQSClient

pytestmark = [pytest.mark.e2e, pytest.mark.aws]


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
        asyncio.run(tables.create(table))


@pytest.fixture
def make_hub(
    tmp_path: Path, dynamodb_endpoint: str, sqs_sns_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Hub]:
    """Makes a linkhub on queues, tables and a topic of its own: ``make_hub(is_fifo=..., has_topic=...)``."""

    def make(*, is_fifo: bool, has_topic: bool) -> Hub:
        name = f"e2e-{uuid4().hex[:12]}"
        with (
            closing(sqs_client(sqs_sns_endpoint)) as sqs,
            closing(sns_client(sqs_sns_endpoint)) as sns,
            closing(dynamodb_client(dynamodb_endpoint)) as dynamodb,
        ):
            urls = {kind: _make_queue(sqs, f"{name}-{kind}", is_fifo=is_fifo) for kind in Kind}
            _make_tables(dynamodb, f"{name}-products", f"{name}-staging")
            topic = {"SNS_NEW_PRODUCT_TOPIC_ARN": sns.create_topic(Name=name)["TopicArn"]} if has_topic else {}
        leads = environment(dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint)
        leads |= {
            "SQS_CAPTION_QUEUE_URL": urls[Kind.CAPTION],
            "SQS_THUMBNAIL_QUEUE_URL": urls[Kind.THUMBNAIL],
            "DYNAMODB_PRODUCTS_TABLE": f"{name}-products",
            "DYNAMODB_STAGING_TABLE": f"{name}-staging",
            **topic,
        }
        for variable, value in leads.items():
            monkeypatch.setenv(variable, value)
        return Hub(tmp_path, backend="aws", elsewhere=leads)

    return make


def _doubled_stream(directory: Path, seed: int) -> tuple[Path, dict[int, int]]:
    """Write the stream twice into one file, in any order; the copies differ by a space that means nothing.

    A FIFO queue would drop true copies: these it delivers. Some bodies are bare events, others SNS notifications.

    Returns:
        The file, and the line of the stream for each of its lines.
    """
    lines = [json.loads(line) for line in STREAM.read_bytes().splitlines()]
    copies = [*enumerate(lines, 1), *((n, line | {"body": f"{line['body']} "}) for n, line in enumerate(lines, 1))]
    random.Random(seed).shuffle(copies)
    doubled = directory / f"doubled-{seed}.jsonl"
    doubled.write_text("".join(f"{json.dumps(line)}\n" for _, line in copies), encoding="utf-8")
    return doubled, {place: number for place, (number, _) in enumerate(copies, 1)}


def test_one_process_on_standard_queues(make_hub: Callable[..., Hub], tmp_path: Path) -> None:
    """Without a topic, a server that consumes shows products live, says nothing of polling, and makes all of it."""
    hub = make_hub(is_fifo=False, has_topic=False)
    doubled, numbers = _doubled_stream(tmp_path, 1)
    seller = expected_lines("products.jsonl")[0]["seller_handle"]
    server, url = hub.serve("--consume")
    with server, hub.start("watch", seller, "--url", url, "--count", "1") as viewer:
        viewer.wait_for_line("Subscribed")
        hub.run("publish", str(doubled))
        assert viewer.wait(timeout_seconds=30) == 0
        hub.wait_until_settled(server)
        hub.check(numbers=numbers, copies=2)
        assert server.terminate() == 0
        assert not [line for line in server.stderr_lines if "viewers_will_only_poll" in line]


def test_a_server_beside_a_consumer_on_fifo_queues(make_hub: Callable[..., Hub]) -> None:
    """A server, which only shows, and a consumer make of the stream what has to come of it."""
    hub = make_hub(is_fifo=True, has_topic=True)
    server, _ = hub.serve()
    with server, hub.consume() as consumer:
        hub.run("publish", str(STREAM))
        hub.wait_until_settled(consumer)
        hub.check()
        assert stop_all([consumer, server]) == [0, 0]


@pytest.mark.parametrize("is_fifo", [False, True], ids=["standard", "fifo"])
def test_three_consumers_one_of_them_killed(make_hub: Callable[..., Hub], tmp_path: Path, is_fifo: bool) -> None:
    """Three consumers of a doubled and shuffled stream, one killed in the midst of work, come to the same products.

    Where it was killed between burying a message and deleting it, there are two letters of one.
    """
    hub = make_hub(is_fifo=is_fifo, has_topic=False)
    doubled, numbers = _doubled_stream(tmp_path, 3)
    with hub.consume() as one, hub.consume() as other, hub.consume() as victim:
        hub.run("publish", str(doubled))
        victim.wait_for_line("product_saved|half_staged")
        victim.kill()
        hub.wait_until_settled(one)
        hub.check(numbers=numbers, copies=2, letters_may_be_double=True)
        assert stop_all([one, other]) == [0, 0]
        assert [line for line in one.stderr_lines if "viewers_will_only_poll" in line]
