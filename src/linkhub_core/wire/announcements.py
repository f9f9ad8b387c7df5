"""Announcements: the events that clients get, written once for all of them, and read back from a bus."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from attrs import evolve

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import PRODUCT_REMOVED, ProductKey, ProductRecord, StoredProduct, rules
from linkhub_core.model.announcement import EVENT_TYPES, Announcement
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import stored_product, timestamp_text

__all__ = ["announce", "announce_stored", "read_announcement", "without_cursor"]

_TEXT = rules.text()
_REVISION = rules.integer()


def announce(
    record: ProductRecord,
    now: datetime,
    correlation_id: str = "",
    traceparent: str | None = None,
    stamped_at: str | None = None,
) -> Announcement:
    """Make the announcement of a record's revision; its event is encoded here, once for all receivers.

    Args:
        record: the product; its event carries its ``cursor``.
        now: the time of the event.
        correlation_id: of the message that brought the newest half, as ``traceparent`` is.
        stamped_at: the worker's stamp of that half; None: no worker's event is on its way.
    """
    product = stored_product(record)
    return _announcement(
        record.key,
        product,
        now,
        cursor=record.cursor,
        correlation_id=correlation_id,
        traceparent=traceparent,
        stamped_at=stamped_at,
    )


def announce_stored(product: StoredProduct, now: datetime, *, cursor: str | None = None) -> Announcement:
    """Make the announcement of a stored revision: its event wraps the stored bytes, and the cursor if there is one."""
    return _announcement(product.key, product, now, cursor=cursor)


def _announcement(
    key: ProductKey,
    product: StoredProduct,
    now: datetime,
    *,
    cursor: str | None,
    correlation_id: str = "",
    traceparent: str | None = None,
    stamped_at: str | None = None,
) -> Announcement:
    event_type = Announcement.type_of(product)
    subject: dict[str, Any] = {"product": orjson.Fragment(product.document)}
    if event_type == PRODUCT_REMOVED:
        subject = {"seller_handle": product.seller_handle, "video_id": product.video_id}
    event = {
        "event_type": event_type,
        "event_id": f"{product.updated_at}/{product.video_id}/{product.revision}",
        "revision": product.revision,
        **({} if cursor is None else {"cursor": cursor}),
        **subject,
        "timestamp": timestamp_text(now),
    }
    return Announcement(
        key=key,
        event_type=event_type,
        revision=product.revision,
        created_at=product.created_at,
        updated_at=product.updated_at,
        event_json=json_text.dump(event),
        correlation_id=correlation_id,
        traceparent=traceparent,
        cursor=cursor,
        stamped_at=stamped_at,
    )


def without_cursor(announcement: Announcement) -> Announcement:
    """The same announcement for receivers that must not see its cursor."""
    if announcement.cursor is None:
        return announcement
    event_json = announcement.event_json.replace(_cursor_field(announcement.cursor), b"", 1)
    return evolve(announcement, event_json=event_json, cursor=None)


def _cursor_field(cursor: str) -> bytes:
    """The field as an announcement has it."""
    return b'"cursor":"%b",' % cursor.encode()


def read_announcement(
    event_json: bytes, correlation_id: str = "", created_at: str | None = None, stamped_at: str | None = None
) -> Announcement | None:
    """Read an announcement that came over a wire; the event's bytes are kept as they are.

    Args:
        event_json: the event.
        correlation_id: of the message that caused it.
        created_at: the product's. A bus carries it beside the event, because a ``product_removed`` event lacks it.
        stamped_at: the worker's stamp of the newest half; None: not known.

    Returns:
        The announcement, or None if its ``event_type`` is one of a later linkhub: ignore it.

    Raises:
        MalformedEvent: it is not an announcement.
    """
    try:
        event = orjson.loads(event_json)  # strict: these bytes go to every subscriber
        event_type = _TEXT(event["event_type"])
        if event_type not in EVENT_TYPES:
            return None
        cursor = event.get("cursor")
        product = event["product"] if event_type != PRODUCT_REMOVED else _of_removed(event, created_at)
        if cursor is not None:
            event_json.index(_cursor_field(_TEXT(cursor)))  # else it could not be removed again
        return Announcement(
            key=ProductKey(product["seller_handle"], product["video_id"]),
            revision=_REVISION(event["revision"]),
            event_type=event_type,
            created_at=_TEXT(product["created_at"]),
            updated_at=_TEXT(product["updated_at"]),
            event_json=event_json,
            correlation_id=correlation_id,
            cursor=cursor,
            stamped_at=stamped_at,
        )
    except (KeyError, TypeError, ValueError) as broken:
        raise MalformedEvent([Fault("", f"this is not an announcement: {broken!r}")]) from broken


def _of_removed(event: Mapping[str, Any], created_at: str | None) -> Mapping[str, Any]:
    """What the event of a product names of it; the ``event_id`` begins with ``updated_at``."""
    updated_at, _, _ = _TEXT(event["event_id"]).partition("/")
    return {**event, "created_at": created_at, "updated_at": updated_at}
