"""What linkhub needs of AWS, as data: for whoever provisions it, and for whoever checks what is there.

Rule 1. This is the only place that says what a table, a queue or the topic has to be like.
Rule 2. Nothing here calls AWS: the requests are values, which whoever provisions hands to boto3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from linkhub_core.model import Kind
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_UPDATED

__all__ = [
    "NODE_QUEUES",
    "QUEUE_SETTINGS",
    "STAMP_INDEX",
    "UPDATED_AT_INDEX",
    "Queue",
    "Resources",
    "Subscription",
    "Table",
    "Topic",
    "attribute_texts",
    "products_table",
    "resources",
    "staging_table",
]

NODE_QUEUES = "linkhub-node-*"  # the names of the queues that serving nodes make for themselves, see .node_queues
QUEUE_SETTINGS = {Kind.CAPTION: "SQS_CAPTION_QUEUE_URL", Kind.THUMBNAIL: "SQS_THUMBNAIL_QUEUE_URL"}
STAMP_INDEX = "by-stamp"
UPDATED_AT_INDEX = "by-updated-at"  # of tables that an earlier version made
TTL_ATTRIBUTE = "ttl"
MAX_RETENTION_SECONDS = 14 * 24 * 3600


@frozen(kw_only=True)
class Table:
    """A DynamoDB table: billed by the request, with point-in-time recovery; its keys are text.

    ``index_name`` is its local secondary index, if it has one: sorted by the number ``indexed_by``, with the keys and
    the attributes ``projected``. ``ttl_attribute`` is the attribute by which items expire.
    """

    name: str
    partition_key: str
    sort_key: str
    index_name: str | None = None
    indexed_by: str | None = None
    projected: Sequence[str] = ()
    ttl_attribute: str | None = None

    @property
    def definition(self) -> Mapping[str, Any]:
        """The part that CreateTable and CloudFormation write alike."""
        types = dict.fromkeys([self.partition_key, self.sort_key], "S")
        types |= dict.fromkeys(filter(None, [self.indexed_by]), "N")
        definition: dict[str, Any] = {
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()],
            "KeySchema": _key_schema(self.partition_key, self.sort_key),
        }
        if self.index_name and self.indexed_by:
            index = {
                "IndexName": self.index_name,
                "KeySchema": _key_schema(self.partition_key, self.indexed_by),
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": [*self.projected]},
            }
            definition["LocalSecondaryIndexes"] = [index]
        return definition

    @property
    def time_to_live(self) -> Mapping[str, Any] | None:
        """How items expire, as UpdateTimeToLive and CloudFormation write it; none if they do not."""
        return {"AttributeName": self.ttl_attribute, "Enabled": True} if self.ttl_attribute else None

    @property
    def continuous_backups(self) -> Mapping[str, Any]:
        """The backups, as UpdateContinuousBackups and CloudFormation write them."""
        return {"PointInTimeRecoveryEnabled": True}


def _key_schema(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]


@frozen(kw_only=True)
class Queue:
    """An SQS queue with its dead-letter queue.

    ``max_receive_count`` is high on purpose: linkhub puts what is malformed into the dead letters itself, at once; what
    comes back so often failed by somebody's outage.
    """

    kind: Kind
    name: str
    visibility_timeout_seconds: int = 30
    max_receive_count: int = 20
    retention_seconds: int = MAX_RETENTION_SECONDS

    @property
    def dead_letter_name(self) -> str:
        """The name of its dead-letter queue; one of a FIFO queue is a FIFO queue, too."""
        stem, fifo, _ = self.name.partition(".fifo")
        return f"{stem}-dead-letters{fifo}"

    @property
    def is_fifo(self) -> bool:
        """Whether it keeps the order of groups."""
        return self.name.endswith(".fifo")

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Its attributes, without the redrive policy: that one names the other queue's ARN."""
        return {
            "VisibilityTimeout": self.visibility_timeout_seconds,
            "ReceiveMessageWaitTimeSeconds": 20,
            **self.dead_letter_attributes,
        }

    @property
    def least_attributes(self) -> Mapping[str, int]:
        """What a queue that is there must not fall short of; more is as good."""
        return {"VisibilityTimeout": self.visibility_timeout_seconds, **self.least_dead_letter_attributes}

    @property
    def least_dead_letter_attributes(self) -> Mapping[str, int]:
        """The same of its dead-letter queue."""
        return {"MessageRetentionPeriod": self.retention_seconds}

    @property
    def dead_letter_attributes(self) -> Mapping[str, Any]:
        """The attributes of its dead-letter queue."""
        shared = {"MessageRetentionPeriod": self.retention_seconds, "SqsManagedSseEnabled": True}
        return {**shared, "FifoQueue": True} if self.is_fifo else shared

    def redrive_policy(self, dead_letter_arn: Any) -> Mapping[str, Any]:
        """Where messages go that were received too often; the ARN may be a reference of CloudFormation's."""
        return {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": self.max_receive_count}


def attribute_texts(attributes: Mapping[str, Any]) -> Mapping[str, str]:
    """A queue's attributes as CreateQueue takes them, which knows texts alone."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()}


@frozen(kw_only=True)
class Topic:
    """The SNS topic on which products are announced."""

    name: str


_RAW = frozenset({"firehose", "http", "https", "sqs"})  # the protocols that can deliver without SNS's envelope


@frozen(kw_only=True)
class Subscription:
    """Another service that hears of products: what it gets is the event's JSON, as viewers get it."""

    protocol: str
    endpoint: str

    @property
    def name(self) -> str:
        """What it is called, as it is written on the command line."""
        return f"{self.protocol}:{self.endpoint}"

    @property
    def filter_policy(self) -> Mapping[str, Sequence[str]]:
        """Announcements alone: serving nodes also send heartbeats over the topic, to themselves."""
        return {"eventType": [NEW_PRODUCT, PRODUCT_UPDATED]}

    @property
    def is_raw(self) -> bool:
        """Whether the event comes without SNS's envelope around it."""
        return self.protocol in _RAW


@frozen(kw_only=True)
class Resources:
    """All of it."""

    tables: Sequence[Table]
    queues: Sequence[Queue]
    topic: Topic
    subscriptions: Sequence[Subscription] = ()


def products_table(name: str) -> Table:
    """The table of the products. Its index holds a shop to 10 GB of products and entries: some millions of them."""
    return Table(
        name=name,
        partition_key="seller_handle",
        sort_key="video_id",
        index_name=STAMP_INDEX,
        indexed_by="stamp",
        projected=("updated_at",),
    )


def staging_table(name: str) -> Table:
    """The table in which halves wait."""
    return Table(name=name, partition_key="video_id", sort_key="seller_handle", ttl_attribute=TTL_ATTRIBUTE)


def resources(
    *,
    products: str = "linkhub-products",
    staging: str = "linkhub-staging",
    caption_queue: str = "linkhub-caption",
    thumbnail_queue: str = "linkhub-thumbnail",
    topic: str = "linkhub-new-product",
    visibility_timeout_seconds: int = 30,
    max_receive_count: int = 20,
    subscriptions: Sequence[Subscription] = (),
) -> Resources:
    """What linkhub needs, under these names."""
    names = {Kind.CAPTION: caption_queue, Kind.THUMBNAIL: thumbnail_queue}
    return Resources(
        tables=(products_table(products), staging_table(staging)),
        queues=tuple(
            Queue(
                kind=kind,
                name=name,
                visibility_timeout_seconds=visibility_timeout_seconds,
                max_receive_count=max_receive_count,
            )
            for kind, name in names.items()
        ),
        topic=Topic(name=topic),
        subscriptions=tuple(subscriptions),
    )
