"""A waiting half as an item of the staging table, linkhub's own and that of another service.

    video_id, seller_handle          the key
    half, version                    which half waits, and its version
    content                          its content, as a map
    is_complete                      false: an item is an incomplete product
    expires_at                       when it expires
    ttl                              the same for DynamoDB: in whole seconds since 1970, rounded up
    waiting_since                    when its first message was received
    correlation_id, traceparent      of the message that brought it
    notes                            the deviations of its event, if any: maps of field and rule
    report_claimed_until             until when one process reports that it waits long; absent before

The content is a map, not JSON text: text would save 20 us of CPU, but a map is an eighth smaller, DynamoDB charges by
size, and people can read a map in a console. DynamoDB deletes an item up to two days after its ``ttl``; until then the
item counts. An item of an earlier linkhub may have a ``ttl`` only.

Another service writes one half or both, as the events that brought them:

    caption_data, thumbnail_data     an event, as a map or as JSON text; absent or null without one
    created_at, updated_at           ISO 8601
    ttl                              in seconds since 1970
    is_complete                      not read

Rule 1. Its halves are read by the rules for events, without counted notes: no message of linkhub's brought them.
Rule 2. The key is that of the row, and a stamp counts as at most the row's ``updated_at``, so that a fast clock has no
        advantage.
Rule 3. A row with one half that cannot be read cannot be read: no write of linkhub's removes that half.

An item of linkhub's to which another service added a half is such a row, too: of two halves of a kind the newer counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item, read_document, write_document
from linkhub_adapters.aws.dynamodb.product_items import unreadable_item
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Half, Kind, Note, Origin, ProductKey, Version, WaitingHalf
from linkhub_core.model.merge import Halves
from linkhub_core.ports import Unreadable
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import content_from, decode_event, document_of
from linkhub_core.wire.intake.spelling import known_name
from linkhub_core.wire.intake.times import read_time

# What an item may be without; an update removes what the new half does not have.
OPTIONAL: Final = ("traceparent", "notes")
CLAIM: Final = "report_claimed_until"
FOREIGN_HALVES: Final = {Kind.CAPTION: "caption_data", Kind.THUMBNAIL: "thumbnail_data"}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_FOREIGN_TTL = timedelta(days=1)  # of a row without one
_FIRST_MILLISECONDS = 10**11  # a ttl from here on is in milliseconds
_NOTHING: Final[Sequence[object]] = (None, {}, "")


def staging_key(key: ProductKey) -> Item:
    """The primary key of a half's item."""
    return {"video_id": {"S": key.video_id}, "seller_handle": {"S": key.seller_handle}}


def staging_key_of(item: Mapping[str, Mapping[str, Any]]) -> ProductKey:
    """The key of an item."""
    return ProductKey(item["seller_handle"]["S"], item["video_id"]["S"])


def time_to_live(expires_at: datetime) -> AttributeValue:
    """An expiry as DynamoDB has it: in whole seconds since 1970, rounded up."""
    return {"N": str(-((_EPOCH - expires_at) // _SECOND))}


def claim_text(moment: datetime) -> AttributeValue:
    """A moment as the attributes of an item have it."""
    return {"S": moment.isoformat()}


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
    if waiting.report_claimed_until is not None:
        item[CLAIM] = claim_text(waiting.report_claimed_until)
    if waiting.origin.notes:
        item["notes"] = {"L": [{"M": {"field": {"S": n.field}, "rule": {"S": n.rule}}} for n in waiting.origin.notes]}
    return item


def is_foreign(item: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether another service wrote this item, or a half in it."""
    return any(name in item for name in FOREIGN_HALVES.values())


def staging_from_item(item: Mapping[str, Mapping[str, Any]]) -> WaitingHalf | Unreadable:
    """Read an item, or say what is wrong with it."""
    try:
        native = _native_row(item) if "half" in item else None
        return native if native is not None and not is_foreign(item) else _foreign_row(item, native)
    except (MalformedEvent, ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as broken:
        return unreadable_item(item, broken)


def _native_row(item: Mapping[str, Mapping[str, Any]]) -> WaitingHalf:
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
    if "expires_at" in item:
        expires_at = datetime.fromisoformat(item["expires_at"]["S"])
    else:
        expires_at = _EPOCH + int(item["ttl"]["N"]) * _SECOND
    return WaitingHalf(
        half=half,
        origin=origin,
        waiting_since=datetime.fromisoformat(item["waiting_since"]["S"]),
        expires_at=expires_at,
        report_claimed_until=datetime.fromisoformat(item[CLAIM]["S"]) if CLAIM in item else None,
    )


# --- rows of another service -------------------------------------------------------------------------------------


def _foreign_row(item: Mapping[str, Mapping[str, Any]], native: WaitingHalf | None) -> WaitingHalf:
    """Read such a row, and merge it with what linkhub wrote into it, if anything.

    Raises:
        MalformedEvent: a half breaks the rules for events, or the row holds none.
        KeyError, RuleBroken: an attribute is missing or unusable.
    """
    document = read_document(item)
    key = ProductKey(document["seller_handle"], document["video_id"])
    updated_at = _moment(document, "updated_at", "created_at")
    halves = Halves() if native is None else Halves.of(native.half)
    for half in _foreign_halves(document, key, updated_at):
        halves = halves.merge(Halves.of(half))
    if not halves.known:
        raise MalformedEvent([Fault("", "the row holds neither half")])
    first, *rest = halves.known
    return WaitingHalf(
        half=first,
        other=rest[0] if rest else None,
        origin=Origin(correlation_id="") if native is None else native.origin,
        waiting_since=_moment(document, "created_at", "updated_at"),
        expires_at=_foreign_expiry(document, updated_at),
        is_foreign=True,
    )


def _foreign_halves(document: Mapping[str, Any], key: ProductKey, updated_at: datetime) -> Iterator[Half]:
    for kind, name in FOREIGN_HALVES.items():
        event = document.get(name)
        if event not in _NOTHING:
            try:
                yield _foreign_half(kind, event, key, updated_at)
            except MalformedEvent as malformed:
                faults = [Fault(f"{name}.{fault.field}".rstrip("."), fault.problem) for fault in malformed.faults]
                raise MalformedEvent(faults) from malformed


def _foreign_half(kind: Kind, event: Any, key: ProductKey, updated_at: datetime) -> Half:
    if isinstance(event, dict):
        named = {"video_id": key.video_id, "seller_handle": key.seller_handle}
        stamped = {} if known_name(event, "timestamp") else {"timestamp": updated_at.isoformat()}
        event = json_text.dump({**stamped, **event, **named}).decode()
    if not isinstance(event, str):
        raise MalformedEvent([Fault("", "must be an object or JSON text")])
    half = decode_event(kind, event, updated_at)
    if half.key != key:
        raise MalformedEvent([Fault("", f"is of the product {half.key}")])
    return half


def _moment(document: Mapping[str, Any], *names: str) -> datetime:
    """The first of these attributes that is there."""
    moment, _ = read_time(next((document[name] for name in names if document.get(name) is not None), None))
    return moment


def _foreign_expiry(document: Mapping[str, Any], updated_at: datetime) -> datetime:
    if document.get("ttl") is None:
        return updated_at + _FOREIGN_TTL
    ttl = int(document["ttl"])
    return _EPOCH + timedelta(milliseconds=ttl if ttl >= _FIRST_MILLISECONDS else ttl * 1000)
