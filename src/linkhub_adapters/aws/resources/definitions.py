"""The wanted state: what each table, each queue and the topic has to be like, as data.

Rule 1. No other module states an attribute of a resource: :mod:`.tables`, :mod:`.queues` and :mod:`.topics` compare
these values with what a service reports, and a test compares the template with them.
Rule 2. Nothing here calls AWS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import Factory, frozen

from linkhub_core.model import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED, Kind
from linkhub_core.ports import QUEUE_DEFAULTS

NODE_QUEUES = "linkhub-node-*"  # the queues that serving nodes make for themselves, see sns.node_queues
STAMP_INDEX = "by-stamp"
UPDATED_AT_INDEX = "by-updated-at"  # of tables that an earlier version made
TTL_ATTRIBUTE = "ttl"
MAX_RETENTION_SECONDS = 14 * 24 * 3600


@frozen(kw_only=True)
class Table:
    """A DynamoDB table: billed by the request, with point-in-time recovery; its keys are text.

    Args:
        name: its name.
        partition_key: the attribute that is the partition key.
        sort_key: the attribute that is the sort key.
        index_name: its local secondary index; none if it has none.
        indexed_by: the sort key of that index, a number.
        projected: the attributes that the index holds besides the keys.
        ttl_attribute: the attribute by which items expire; none if they do not.
        has_backups: point-in-time recovery is on.
        kms_key_arn: the key of KMS that encrypts it; none: a key of DynamoDB's own.
        tags: the tags with which it is made.
    """

    name: str
    partition_key: str
    sort_key: str
    index_name: str | None = None
    indexed_by: str | None = None
    projected: Sequence[str] = ()
    ttl_attribute: str | None = None
    has_backups: bool = True
    kms_key_arn: str | None = None
    tags: Mapping[str, str] = Factory(dict)

    @property
    def definition(self) -> Mapping[str, Any]:
        """The parameters of CreateTable."""
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
        if self.encryption:
            definition["SSESpecification"] = self.encryption
        if self.tags:
            definition["Tags"] = tag_list(self.tags)
        return definition

    @property
    def encryption(self) -> Mapping[str, Any] | None:
        """The SSE specification of CreateTable and UpdateTable; none for a key of DynamoDB's own."""
        if self.kms_key_arn is None:
            return None
        return {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": self.kms_key_arn}

    @property
    def time_to_live(self) -> Mapping[str, Any] | None:
        """The specification for UpdateTimeToLive; none if items do not expire."""
        return {"AttributeName": self.ttl_attribute, "Enabled": True} if self.ttl_attribute else None

    @property
    def continuous_backups(self) -> Mapping[str, Any]:
        """The specification for UpdateContinuousBackups."""
        return {"PointInTimeRecoveryEnabled": True}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as DynamoDB and SNS take them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _key_schema(partition_key: str, sort_key: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition_key, "KeyType": "HASH"},
        {"AttributeName": sort_key, "KeyType": "RANGE"},
    ]


@frozen(kw_only=True)
class Queue:
    """An SQS queue with its dead-letter queue.

    ``max_receive_count`` is high: linkhub moves a malformed message to the dead letters itself, at once. A message that
    comes back so often failed because a service was unavailable. ``kms_key_arn`` is the key of KMS that encrypts both
    queues; none: a key of SQS's own.
    """

    kind: Kind
    name: str
    visibility_timeout_seconds: int = int(QUEUE_DEFAULTS["visibility_timeout_seconds"])
    max_receive_count: int = QUEUE_DEFAULTS["max_receive_count"]
    retention_seconds: int = MAX_RETENTION_SECONDS
    kms_key_arn: str | None = None
    tags: Mapping[str, str] = Factory(dict)

    @property
    def dead_letter_name(self) -> str:
        """The name of its dead-letter queue, which is FIFO if this one is."""
        stem, fifo, _ = self.name.partition(".fifo")
        return f"{stem}-dead-letters{fifo}"

    @property
    def is_fifo(self) -> bool:
        """Whether the messages of a group come in order."""
        return self.name.endswith(".fifo")

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Its attributes, without those that need an ARN: its policies."""
        return {
            "VisibilityTimeout": self.visibility_timeout_seconds,
            "ReceiveMessageWaitTimeSeconds": 20,
            **self.dead_letter_attributes,
        }

    @property
    def dead_letter_attributes(self) -> Mapping[str, Any]:
        """The attributes of its dead-letter queue."""
        shared = {"MessageRetentionPeriod": self.retention_seconds, **self.encryption}
        return {**shared, "FifoQueue": True} if self.is_fifo else shared

    @property
    def encryption(self) -> Mapping[str, Any]:
        """The attributes that encrypt both queues."""
        return {"SqsManagedSseEnabled": True} if self.kms_key_arn is None else {"KmsMasterKeyId": self.kms_key_arn}

    def redrive_policy(self, dead_letter_arn: Any) -> Mapping[str, Any]:
        """The policy that moves a message to the dead-letter queue after ``max_receive_count`` receives."""
        return {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": self.max_receive_count}

    @staticmethod
    def redrive_allow_policy(source_arns: Sequence[Any]) -> Mapping[str, Any]:
        """The policy of the dead-letter queue: no other queue may use it."""
        return {"redrivePermission": "byQueue", "sourceQueueArns": [*source_arns]}


def attribute_texts(attributes: Mapping[str, Any]) -> Mapping[str, str]:
    """A queue's attributes as CreateQueue takes them: all values are text."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()}


@frozen(kw_only=True)
class Topic:
    """The SNS topic on which products are announced; ``kms_key_arn`` is the key of KMS that encrypts it, if any."""

    name: str
    kms_key_arn: str | None = None
    tags: Mapping[str, str] = Factory(dict)


_RAW = frozenset({"firehose", "http", "https", "sqs"})  # the protocols that can deliver without SNS's envelope


@frozen(kw_only=True)
class Subscription:
    """The subscription of another service: it gets the event's JSON, as clients do."""

    protocol: str
    endpoint: str

    @property
    def name(self) -> str:
        """``PROTOCOL:ENDPOINT``."""
        return f"{self.protocol}:{self.endpoint}"

    @property
    def filter_policy(self) -> Mapping[str, Sequence[str]]:
        """Announcements only: serving nodes also publish heartbeats on the topic."""
        return {"eventType": [NEW_PRODUCT, PRODUCT_UPDATED, PRODUCT_REMOVED]}

    @property
    def is_raw(self) -> bool:
        """Whether the event comes without SNS's envelope."""
        return self.protocol in _RAW


@frozen(kw_only=True)
class Resources:
    """Every resource: the tables are products and staging, the queues caption and thumbnail."""

    tables: Sequence[Table]
    queues: Sequence[Queue]
    topic: Topic
    subscriptions: Sequence[Subscription] = ()


def products_table(name: str, kms_key_arn: str | None = None) -> Table:
    """The table of the products. Its index limits a shop to 10 GB: some millions of products."""
    return Table(
        name=name,
        partition_key="seller_handle",
        sort_key="video_id",
        index_name=STAMP_INDEX,
        indexed_by="stamp",
        projected=("updated_at", "availability"),
        kms_key_arn=kms_key_arn,
    )


def staging_table(name: str, kms_key_arn: str | None = None) -> Table:
    """The table of the staging rows."""
    return Table(
        name=name,
        partition_key="video_id",
        sort_key="seller_handle",
        ttl_attribute=TTL_ATTRIBUTE,
        kms_key_arn=kms_key_arn,
    )


def resources(
    *,
    products: str = "linkhub-products",
    staging: str = "linkhub-staging",
    caption_queue: str = "linkhub-caption",
    thumbnail_queue: str = "linkhub-thumbnail",
    topic: str = "linkhub-new-product",
    visibility_timeout_seconds: int = int(QUEUE_DEFAULTS["visibility_timeout_seconds"]),
    max_receive_count: int = QUEUE_DEFAULTS["max_receive_count"],
    subscriptions: Sequence[Subscription] = (),
    kms_key_arn: str | None = None,
) -> Resources:
    """All resources, under these names, encrypted with this key of KMS; none: with keys of the services' own."""
    names = {Kind.CAPTION: caption_queue, Kind.THUMBNAIL: thumbnail_queue}
    return Resources(
        tables=(products_table(products, kms_key_arn), staging_table(staging, kms_key_arn)),
        queues=tuple(
            Queue(
                kind=kind,
                name=name,
                visibility_timeout_seconds=visibility_timeout_seconds,
                max_receive_count=max_receive_count,
                kms_key_arn=kms_key_arn,
            )
            for kind, name in names.items()
        ),
        topic=Topic(name=topic, kms_key_arn=kms_key_arn),
        subscriptions=tuple(subscriptions),
    )
