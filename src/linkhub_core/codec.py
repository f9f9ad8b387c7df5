"""Wire JSON to model and back: events of the workers, products, and the announcements of products.

Every fault of a body is found in one pass and named with its field. How an object becomes a value of the model stands
in :mod:`~linkhub_core.structure`; here stands what the wire adds to that: envelopes, sizes, kinds, stamps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from linkhub_core import json_text, rules
from linkhub_core.announcement import Announcement
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Caption, Content, Half, Kind, ProductKey, ProductRecord, ThumbnailSet, Version, ruled
from linkhub_core.structure import structure, unstructure

__all__ = [
    "MAX_BODY_BYTES",
    "announce",
    "content_from",
    "decode_event",
    "decode_record",
    "digest_of",
    "document_of",
    "encode_content",
    "encode_event",
    "encode_product",
    "product_document",
    "read_announcement",
    "timestamp_text",
    "unwrap",
]

MAX_BODY_BYTES = 100 * 1024
MAX_ENVELOPE_BYTES = 1024 * 1024

_TEXT = rules.text()
_CLASSES: dict[Kind, type[Content]] = {Kind.CAPTION: Caption, Kind.THUMBNAIL: ThumbnailSet}
_TELLTALE = {Kind.CAPTION: "title", Kind.THUMBNAIL: "thumbnails"}


# --- events ------------------------------------------------------------------------------------------------------


@attrs.frozen
class _Stamp:
    """The fields that every event has beside its content."""

    seller_handle: str = ruled(attrs.fields(ProductKey).seller_handle.metadata["rule"])
    video_id: str = ruled(attrs.fields(ProductKey).video_id.metadata["rule"])
    timestamp: datetime = ruled(rules.moment)


def unwrap(body: str) -> tuple[str, Mapping[str, str]]:
    """Take an event out of its SNS notification, once; a bare event passes through.

    Returns:
        The event's own text, and the text attributes of the notification (empty for a bare event).

    Raises:
        MalformedEvent: the body is larger than 1 MiB, or looks like a notification without a message.
    """
    if json_text.size_bytes(body) > MAX_ENVELOPE_BYTES:
        raise MalformedEvent([_too_large(body)])
    if '"Notification"' not in body:
        return body, {}
    envelope, _ = json_text.parse_object(body)
    if envelope.get("Type") != "Notification":
        return body, {}
    message = envelope.get("Message")
    if not isinstance(message, str):
        raise MalformedEvent([Fault("Message", "an SNS notification must carry its message as text")])
    return message, _notification_attributes(envelope.get("MessageAttributes"))


def _notification_attributes(raw: object) -> Mapping[str, str]:
    entries = raw.items() if isinstance(raw, dict) else ()
    return {
        name: entry["Value"]
        for name, entry in entries
        if isinstance(entry, dict) and _is_sound_text(entry.get("Value"))
    }


def _is_sound_text(value: object) -> bool:
    """Whether logs, queues and stores will all take it."""
    try:
        _TEXT(value)
    except rules.RuleBroken:
        return False
    return True


def decode_event(kind: Kind, body: str, first_sent_at: datetime) -> Half:
    """Read a worker's event.

    Args:
        kind: the half that the message's queue is for.
        body: a JSON object, or an SNS notification that holds one.
        first_sent_at: when the message was sent for the first time; a later timestamp counts as this.

    Returns:
        The half that the event tells of.

    Raises:
        MalformedEvent: with all faults of the body.
    """
    text, _ = unwrap(body)
    if json_text.size_bytes(text) > MAX_BODY_BYTES:
        raise MalformedEvent([_too_large(text)])
    document, sound = json_text.parse_object(text)
    _check_kind(kind, document)
    if isinstance(document.get("price"), float):
        document["price"] = json_text.exactly(text, "price")
    faults: list[Fault] = []
    stamp = structure(document, _Stamp, faults)
    content = structure(document, _CLASSES[kind], faults)
    if not sound:
        faults += _faults_elsewhere(document, faults)
    if faults or stamp is None or content is None:
        raise MalformedEvent(faults)
    key = ProductKey(stamp.seller_handle, stamp.video_id)
    version = Version.at(stamp.timestamp, digest_of(content), first_sent_at=first_sent_at)
    return Half(key=key, version=version, content=content)


def _too_large(body: str) -> Fault:
    return Fault("", f"the body has {json_text.size_bytes(body):,} bytes, {MAX_BODY_BYTES:,} are allowed")


def _check_kind(kind: Kind, document: Mapping[str, Any]) -> None:
    if _TELLTALE[kind] not in document and _TELLTALE[kind.partner] in document:
        raise MalformedEvent([Fault("", f"this is a {kind.partner} event on the {kind} queue")])


def _faults_elsewhere(document: dict[str, Any], known: list[Fault]) -> list[Fault]:
    """Faults of texts and numbers in fields that no rule reads."""
    named = {fault.field for fault in known}
    return [fault for fault in json_text.faults_within(document) if not _covered(fault.field, named)]


def _covered(path: str, named: set[str]) -> bool:
    return any(path == field or path.startswith((f"{field}.", f"{field}[")) for field in named)


def encode_event(half: Half) -> bytes:
    """Write a half as the bare event that a worker would send: the exact inverse of :func:`decode_event`."""
    stamp = {
        "video_id": half.key.video_id,
        "seller_handle": half.key.seller_handle,
        "timestamp": half.version.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    return json_text.dump(stamp | document_of(half.content))


def document_of(content: Content) -> dict[str, Any]:
    """The content as plain data in the order of the schema; a price stays a Decimal."""
    return unstructure(content)


def encode_content(content: Content) -> bytes:
    """The canonical JSON of a content: equal contents give equal bytes."""
    return json_text.dump_sorted(document_of(content))


def digest_of(content: Content) -> str:
    """16 hexadecimal digits that stand for the content in a version."""
    return hashlib.blake2b(encode_content(content), digest_size=8).hexdigest()


def content_from(kind: Kind, document: Mapping[str, Any]) -> Content:
    """Read back a content of ``kind`` that :func:`document_of` or :func:`product_document` gave.

    Raises:
        MalformedEvent: the stored data breaks the rules, so something else than linkhub wrote it.
    """
    faults: list[Fault] = []
    content = structure(document, _CLASSES[kind], faults)
    if content is None:
        raise MalformedEvent(faults)
    return content


# --- products ----------------------------------------------------------------------------------------------------


def timestamp_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``: texts that sort as their moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def product_document(record: ProductRecord) -> dict[str, Any]:
    """The product as readers see it, with the fields and the order of the assembled product."""
    caption, thumbnails = document_of(record.caption), document_of(record.thumbnails)
    return {
        "seller_handle": record.key.seller_handle,
        "video_id": record.key.video_id,
        **caption,
        **thumbnails,
        "created_at": timestamp_text(record.created_at),
        "updated_at": timestamp_text(record.updated_at),
    }


def encode_product(record: ProductRecord) -> bytes:
    """The JSON of :func:`product_document`."""
    return json_text.dump(product_document(record))


def decode_record(
    document: Mapping[str, Any],
    *,
    caption_version: str,
    thumbnails_version: str,
    revision: int,
    unannounced_revision: int | None,
    shown: bool = False,
) -> ProductRecord:
    """Read a product back from what :func:`product_document` gave and what a store keeps beside it.

    Raises:
        MalformedEvent: the stored document breaks the rules, so something else than linkhub wrote it.
    """
    faults: list[Fault] = []
    caption, thumbnails = structure(document, Caption, faults), structure(document, ThumbnailSet, faults)
    if caption is None or thumbnails is None:
        raise MalformedEvent(faults)
    try:
        return ProductRecord(
            key=ProductKey(document["seller_handle"], document["video_id"]),
            caption=caption,
            caption_version=Version.parse(caption_version),
            thumbnails=thumbnails,
            thumbnails_version=Version.parse(thumbnails_version),
            created_at=datetime.fromisoformat(document["created_at"]),
            updated_at=datetime.fromisoformat(document["updated_at"]),
            revision=revision,
            unannounced_revision=unannounced_revision,
            shown=shown,
        )
    except (KeyError, TypeError, ValueError) as broken:
        raise MalformedEvent([Fault("", f"this is not a stored product: {broken!r}")]) from broken


# --- announcements -----------------------------------------------------------------------------------------------


def announce(
    record: ProductRecord, now: datetime, correlation_id: str = "", traceparent: str | None = None
) -> Announcement:
    """Make the announcement of a record's revision; its event is encoded here, once for all who will hear it."""
    event_type = Announcement.type_of(record)
    updated_at = timestamp_text(record.updated_at)
    event = {
        "event_type": event_type,
        "event_id": f"{updated_at}/{record.key.video_id}/{record.revision}",
        "revision": record.revision,
        "product": product_document(record),
        "timestamp": timestamp_text(now),
    }
    return Announcement(
        key=record.key,
        event_type=event_type,
        revision=record.revision,
        created_at=timestamp_text(record.created_at),
        updated_at=updated_at,
        event_json=json_text.dump(event),
        correlation_id=correlation_id,
        traceparent=traceparent,
    )


def read_announcement(event_json: bytes, correlation_id: str = "") -> Announcement:
    """Read an announcement that came over a wire; the event's bytes are kept as they are.

    Raises:
        MalformedEvent: it is not an announcement.
    """
    try:
        event, sound = json_text.parse_object(event_json.decode())
        if not sound and (faults := list(json_text.faults_within(event))):
            raise MalformedEvent(faults)
        product = event["product"]
        return Announcement(
            key=ProductKey(product["seller_handle"], product["video_id"]),
            event_type=_TEXT(event["event_type"]),
            revision=rules.integer(event["revision"]),
            created_at=_TEXT(product["created_at"]),
            updated_at=_TEXT(product["updated_at"]),
            event_json=event_json,
            correlation_id=correlation_id,
        )
    except (KeyError, TypeError, ValueError) as broken:
        raise MalformedEvent([Fault("", f"this is not an announcement: {broken!r}")]) from broken
