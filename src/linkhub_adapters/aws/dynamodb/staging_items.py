"""A waiting half as an item of the staging table.

    video_id, seller_handle          the key
    half, version                    which half waits, and how new it is
    content                          what it says, as a map
    is_complete                      false: an item here *is* an incomplete assembly
    expires_at                       when it expires
    ttl                              the same for DynamoDB itself: in whole seconds since 1970, rounded up
    waiting_since                    when its first message was received
    correlation_id, traceparent      which message brought it
    notes                            the deviations of its event, if any: maps of field and rule

The content is a map, not JSON text: text would take 20 us less CPU to write and read, a map is an eighth smaller, which
is what DynamoDB charges for, and people can read it in a console. DynamoDB itself deletes an item some time after its
``ttl``, up to two days; until then it is there and joins. An item that somebody else wrote may have a ``ttl`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item, read_document, write_document
from linkhub_adapters.aws.dynamodb.foreign_staging import foreign_row, is_foreign
from linkhub_adapters.aws.dynamodb.product_items import unreadable_item
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Half, Kind, Note, Origin, ProductKey, Version, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import content_from, document_of

__all__ = ["OPTIONAL", "staging_from_item", "staging_item", "staging_key", "staging_key_of", "time_to_live"]

# What an item may be without; an update has to remove what the new half does not have.
OPTIONAL = ("traceparent", "notes")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def staging_key(key: ProductKey) -> Item:
    """The primary key of a half's item."""
    return {"video_id": {"S": key.video_id}, "seller_handle": {"S": key.seller_handle}}


def staging_key_of(item: Mapping[str, Mapping[str, Any]]) -> ProductKey:
    """The key of an item."""
    return ProductKey(item["seller_handle"]["S"], item["video_id"]["S"])


def time_to_live(expires_at: datetime) -> AttributeValue:
    """An expiry as DynamoDB knows it: in whole seconds since 1970, rounded up."""
    return {"N": str(-((_EPOCH - expires_at) // _SECOND))}


def staging_item(waiting: WaitingHalf) -> Item:
    """The item of a waiting half."""
    item: Item = {
        **staging_key(waiting.key),
        "half": {"S": waiting.half.kind.value},
        "version": {"S": str(waiting.half.version)},
        "content": {"M": write_document(document_of(waiting.half.content))},
        "is_complete": {"BOOL": False},
        "expires_at": {"S": waiting.expires_at.isoformat()},
        "ttl": time_to_live(waiting.expires_at),
        "waiting_since": {"S": waiting.waiting_since.isoformat()},
        "correlation_id": {"S": waiting.origin.correlation_id},
    }
    if waiting.origin.traceparent is not None:
        item["traceparent"] = {"S": waiting.origin.traceparent}
    if waiting.origin.notes:
        item["notes"] = {"L": [{"M": {"field": {"S": n.field}, "rule": {"S": n.rule}}} for n in waiting.origin.notes]}
    return item


def staging_from_item(item: Mapping[str, Mapping[str, Any]]) -> WaitingHalf | Unreadable:
    """Read a waiting half back; an item that linkhub did not write is named with what is wrong with it."""
    try:
        native = _waiting(item) if "half" in item else None
        return native if native is not None and not is_foreign(item) else foreign_row(item, native)
    except (MalformedEvent, ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as broken:
        return unreadable_item(item, broken)


def _waiting(item: Mapping[str, Mapping[str, Any]]) -> WaitingHalf:
    half = Half(
        key=staging_key_of(item),
        version=Version.parse(item["version"]["S"]),
        content=content_from(Kind(item["half"]["S"]), read_document(item["content"]["M"])),
    )
    origin = Origin(
        correlation_id=item["correlation_id"]["S"],
        traceparent=item["traceparent"]["S"] if "traceparent" in item else None,
        notes=tuple(
            Note(note["M"]["field"]["S"], note["M"]["rule"]["S"]) for note in item.get("notes", {"L": ()})["L"]
        ),
    )
    return WaitingHalf(
        half=half,
        origin=origin,
        waiting_since=datetime.fromisoformat(item["waiting_since"]["S"]),
        expires_at=_expires_at(item),
    )


def _expires_at(item: Mapping[str, Mapping[str, Any]]) -> datetime:
    if "expires_at" in item:
        return datetime.fromisoformat(item["expires_at"]["S"])
    return _EPOCH + int(item["ttl"]["N"]) * _SECOND
