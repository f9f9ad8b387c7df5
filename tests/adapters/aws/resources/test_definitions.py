"""The one definition of what linkhub needs of AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
import pytest

from linkhub_adapters.aws.resources import NODE_QUEUES, Queue, Subscription, products_table, resources, staging_table
from linkhub_adapters.aws.resources.definitions import attribute_texts
from linkhub_adapters.aws.sns.node_queues import NodeQueues
from linkhub_core.model import Kind
from tests.adapters.aws.table_fixture import create_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


def test_the_names_are_those_of_the_settings() -> None:
    """Tables, queues and the topic have the names that they are given; the defaults are those of the settings."""
    needed = resources(products="p", staging="s", caption_queue="c", thumbnail_queue="t", topic="n")
    assert [table.name for table in needed.tables] == ["p", "s"]
    assert [(queue.kind, queue.name) for queue in needed.queues] == [(Kind.CAPTION, "c"), (Kind.THUMBNAIL, "t")]
    assert needed.topic.name == "n"
    assert [table.name for table in resources().tables] == ["linkhub-products", "linkhub-staging"]


def test_staging_expires_and_products_do_not() -> None:
    """Only the staging table has a time to live; both can be put back to any minute of the last weeks."""
    products, staging = resources().tables
    assert staging.time_to_live == {"AttributeName": "ttl", "Enabled": True}
    assert products.time_to_live is None
    for table in (products, staging):
        assert table.continuous_backups == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.aws
def test_dynamodb_takes_the_definitions(make_dynamodb_client: Callable[[], DynamoDBClient]) -> None:
    """The tables are made as they are defined: keys, the index, the time to live."""
    dynamodb = make_dynamodb_client()
    products, staging = products_table(f"p-{uuid4().hex}"), staging_table(f"s-{uuid4().hex}")
    create_table(dynamodb, products)
    create_table(dynamodb, staging)
    described: Any = dynamodb.describe_table(TableName=products.name)["Table"]
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["seller_handle", "video_id"]
    [index] = described["LocalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["seller_handle", "stamp"]
    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["updated_at", "availability"]}
    described = dynamodb.describe_table(TableName=staging.name)["Table"]
    assert [key["AttributeName"] for key in described["KeySchema"]] == ["video_id", "seller_handle"]
    assert "LocalSecondaryIndexes" not in described
    expiry: Any = dict(staging.time_to_live or {})
    dynamodb.update_time_to_live(TableName=staging.name, TimeToLiveSpecification=expiry)
    described = dynamodb.describe_time_to_live(TableName=staging.name)["TimeToLiveDescription"]
    assert described["AttributeName"] == "ttl"


def test_a_queue_keeps_what_comes_back_often() -> None:
    """Twenty deliveries, fourteen days, and a dead-letter queue that keeps as long."""
    queue = Queue(kind=Kind.CAPTION, name="linkhub-caption")
    assert queue.dead_letter_name == "linkhub-caption-dead-letters"
    assert queue.redrive_policy("arn") == {"deadLetterTargetArn": "arn", "maxReceiveCount": 20}
    assert queue.attributes.items() >= queue.dead_letter_attributes.items()
    assert queue.dead_letter_attributes == {"MessageRetentionPeriod": 1_209_600, "SqsManagedSseEnabled": True}


def test_the_dead_letters_of_a_fifo_queue_are_in_one() -> None:
    """SQS moves messages only between queues of a sort, which the name ends with."""
    queue = Queue(kind=Kind.CAPTION, name="captions.fifo")
    assert queue.dead_letter_name == "captions-dead-letters.fifo"
    assert queue.attributes["FifoQueue"] is True
    assert queue.dead_letter_attributes["FifoQueue"] is True


def test_sqs_gets_only_texts() -> None:
    """Numbers and yes or no in the words of SQS; a text as it is."""
    described = attribute_texts({"VisibilityTimeout": 30, "FifoQueue": True, "RedrivePolicy": '{"A": 1}'})
    assert described == {"VisibilityTimeout": "30", "FifoQueue": "true", "RedrivePolicy": '{"A": 1}'}


def test_the_settings_of_the_queues_are_those_of_both() -> None:
    """The time-out and the count of receives are those of both queues."""
    needed = resources(visibility_timeout_seconds=60, max_receive_count=7)
    assert {(queue.visibility_timeout_seconds, queue.max_receive_count) for queue in needed.queues} == {(60, 7)}


def test_nodes_name_their_queues_so() -> None:
    """The names that policies let servers use are those that servers give."""
    prefix = attrs.fields(NodeQueues).prefix.default
    assert f"{prefix}-node-*" == NODE_QUEUES


def test_other_services_hear_announcements_raw_where_they_can() -> None:
    """A mail has no raw form, and no one hears the heartbeats of nodes."""
    to_queue = Subscription(protocol="sqs", endpoint="arn")
    to_people = Subscription(protocol="email", endpoint="shop@example.com")
    assert (to_queue.is_raw, to_people.is_raw) == (True, False)
    assert to_queue.filter_policy == {"eventType": ["new_product", "product_updated", "product_removed"]}
