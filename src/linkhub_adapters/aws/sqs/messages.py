"""A message of SQS as a :class:`~linkhub_core.ports.Delivery`, and text attributes in both directions.

Only text attributes pass: a ``Binary`` attribute is left out, a ``Number`` is the text of its digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from linkhub_adapters.aws.sqs.fifo import FifoIds
from linkhub_adapters.aws.sqs.xml_text import MAX_ATTRIBUTES, attributes_fault
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery
from linkhub_core.ports.event_queue import FIRST_SENT_AT
from linkhub_core.wire.json_text import size_bytes

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef

_NEEDED = frozenset({FIRST_SENT_AT, "correlationId", "traceparent"})


def delivery_of(kind: Kind, message: MessageTypeDef) -> Delivery:
    """The delivery of a received message."""
    system = message["Attributes"]
    return Delivery(
        kind=kind,
        body=message["Body"],
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        receive_count=int(system["ApproximateReceiveCount"]),
        sent_at=moment_of(system["SentTimestamp"]),
        attributes=text_attributes(message),
    )


def moment_of(epoch_ms: str) -> datetime:
    """A time in milliseconds since 1970, as SQS writes it."""
    return datetime.fromtimestamp(int(epoch_ms) / 1000, UTC)


def text_attributes(message: MessageTypeDef) -> Mapping[str, str]:
    """The attributes of a message that are text."""
    raw = message.get("MessageAttributes")
    if not raw:
        return {}
    return {name: value["StringValue"] for name, value in raw.items() if "StringValue" in value}


def typed_attributes(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Attributes as SQS and SNS take them."""
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}


def send_entry(
    number: int, body: str, attributes: Mapping[str, str], ids: FifoIds | None
) -> SendMessageBatchRequestEntryTypeDef:
    """An entry of a batch to send; ``ids`` is for FIFO queues."""
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": str(number), "MessageBody": body}
    if attributes:
        entry["MessageAttributes"] = typed_attributes(attributes)
    if ids is not None:
        entry["MessageGroupId"] = ids.group_id
        entry["MessageDeduplicationId"] = ids.deduplication_id
    return entry


def sendable_attributes(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes that SQS carries, at most ten; those that linkhub reads come first."""
    sound = [name for name, value in attributes.items() if attributes_fault({name: value}) is None]
    return {name: attributes[name] for name in sorted(sound, key=lambda name: name not in _NEEDED)[:MAX_ATTRIBUTES]}


def message_bytes(body: str, attributes: Mapping[str, str]) -> int:
    """The size that counts against a queue's limit: the body, and name, type and value of each attribute."""
    named = sum(size_bytes(name) + len("String") + size_bytes(value) for name, value in attributes.items())
    return size_bytes(body) + named
