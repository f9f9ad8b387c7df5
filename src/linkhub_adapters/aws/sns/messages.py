"""An announcement or a report as a message of the topic, and an announcement back.

The message is the event's JSON. Its attributes let other services filter: ``eventType`` (``new_product``,
``product_updated``, ``product_removed``, ``half_stalled``, ``half_expired``, ``heartbeat``), ``sellerHandle``,
``videoId``, and if known ``correlationId``, a W3C ``traceparent`` and ``stampedAt``, the worker's stamp of the newest
half. A ``product_removed`` also has ``createdAt``, which its JSON lacks. A heartbeat has an ``eventType`` and the
``nodeId`` of the process that sent it to itself.

Characters that SNS refuses are escaped, which makes them longer. A product with very many of them would be larger than
a message of SNS may be, and would never be announced, nor the others of its batch. So in an event above the limit they
are replaced. Without them no event is too large, by the limits of a product.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from attrs import evolve

from linkhub_adapters.aws.sqs.messages import message_bytes, text_attributes, typed_attributes
from linkhub_adapters.aws.sqs.xml_text import json_as_text, json_from_text, value_as_text
from linkhub_core.model import PRODUCT_REMOVED, Announcement, HalfReport, ProductKey
from linkhub_core.wire.announcements import read_announcement
from linkhub_core.wire.half_reports import encode_report
from linkhub_core.wire.json_text import size_bytes

if TYPE_CHECKING:
    from types_boto3_sns.type_defs import PublishBatchRequestEntryTypeDef
    from types_boto3_sqs.type_defs import MessageTypeDef

HEARTBEAT = "heartbeat"
MAX_MESSAGE_BYTES = 250_000  # a message has 262,144; the rest is for the attributes
MAX_CORRELATION_ID_CHARACTERS = 256  # the sender chose it, and it must not make the message too large


def entry_of(number: int, announcement: Announcement) -> PublishBatchRequestEntryTypeDef:
    """The entry of a batch to publish."""
    attributes = {
        "eventType": announcement.event_type,
        "createdAt": announcement.created_at if announcement.event_type == PRODUCT_REMOVED else "",
        "stampedAt": announcement.stamped_at or "",
        **_attributes(announcement.key, announcement.correlation_id, announcement.traceparent),
    }
    return _entry(number, announcement.event_json, attributes)


def report_entry_of(number: int, report: HalfReport, now: datetime) -> PublishBatchRequestEntryTypeDef:
    """The entry of a batch to publish, for a half that waits long."""
    attributes = {
        "eventType": report.event_type,
        **_attributes(report.key, report.origin.correlation_id, report.origin.traceparent),
    }
    return _entry(number, encode_report(report, now), attributes)


def _attributes(key: ProductKey, correlation_id: str, traceparent: str | None) -> dict[str, str]:
    return {
        "sellerHandle": key.seller_handle,
        "videoId": key.video_id,
        "correlationId": value_as_text(correlation_id, most_characters=MAX_CORRELATION_ID_CHARACTERS),
        "traceparent": value_as_text(traceparent or "", most_characters=MAX_CORRELATION_ID_CHARACTERS),
    }


def _entry(number: int, event_json: bytes, attributes: Mapping[str, str]) -> PublishBatchRequestEntryTypeDef:
    present = {name: value for name, value in attributes.items() if value}  # SNS refuses an empty value
    return {
        "Id": str(number),
        "Message": _message_of(event_json.decode()),
        "MessageAttributes": typed_attributes(present),
    }


def _message_of(event: str) -> str:
    escaped = json_as_text(event)
    return escaped if size_bytes(escaped) <= MAX_MESSAGE_BYTES else value_as_text(event, most_characters=len(event))


def entry_bytes(entry: PublishBatchRequestEntryTypeDef) -> int:
    """The size of an entry that counts against the limit of a batch."""
    attributes = {name: value["StringValue"] for name, value in entry["MessageAttributes"].items()}
    return message_bytes(entry["Message"], attributes)


def is_heartbeat(message: MessageTypeDef) -> bool:
    """Whether a message of a node's queue is a heartbeat."""
    return text_attributes(message).get("eventType") == HEARTBEAT


def announcement_of(message: MessageTypeDef) -> Announcement | None:
    """Read a message of a node's queue, which gets raw messages; its event has the bytes that were announced.

    Returns:
        The announcement, or None if its event type is one of a later linkhub.

    Raises:
        MalformedEvent: it is not an announcement.
    """
    attributes = text_attributes(message)
    event_json = json_from_text(message["Body"]).encode()
    announcement = read_announcement(
        event_json, attributes.get("correlationId", ""), attributes.get("createdAt"), attributes.get("stampedAt")
    )
    return None if announcement is None else evolve(announcement, traceparent=attributes.get("traceparent"))
