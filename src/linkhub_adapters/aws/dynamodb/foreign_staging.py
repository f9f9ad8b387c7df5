"""Staging rows that another service wrote: one half or both, as the events that brought them.

    video_id, seller_handle   the key
    caption_data              the caption's event, as a map or as JSON text; absent or null without one
    thumbnail_data            the thumbnails' event, likewise
    created_at, updated_at    ISO 8601
    ttl                       when DynamoDB expires the row, in seconds since 1970
    is_complete               not read

Rule 1. The halves are read by the rules for events. What is put right is not counted: no message of ours brought it.
Rule 2. The key is the row's, and a stamp counts as at most the row's ``updated_at``, so a clock that was ahead has
        no advantage.
Rule 3. A row of which one half cannot be read cannot be read: no write of linkhub's removes the half.
Rule 4. Every write is conditional on all of :data:`RAW` as it was read, and removes :data:`FOREIGN`.

A row of linkhub's to which another service added a half is such a row, too: of two halves of a kind the newer counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from attrs import evolve

from linkhub_adapters.aws.dynamodb.attribute_values import Item, read_document
from linkhub_adapters.aws.dynamodb.partiql import Condition
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Half, Kind, Origin, ProductKey, WaitingHalf
from linkhub_core.model.merge import Halves
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import decode_event
from linkhub_core.wire.intake.spelling import known_name
from linkhub_core.wire.intake.times import read_time

__all__ = [
    "FOREIGN",
    "NOT_FOREIGN",
    "RAW",
    "as_read",
    "foreign_row",
    "is_foreign",
    "taken_over",
]

_DATA: Final = {Kind.CAPTION: "caption_data", Kind.THUMBNAIL: "thumbnail_data"}
FOREIGN: Final = (*_DATA.values(), "created_at", "updated_at")
RAW: Final = (*FOREIGN, "ttl", "half", "version", "expires_at")

# A row of linkhub's becomes such a row when another service adds a half.
NOT_FOREIGN: Final = tuple(Condition(name, None, "IS MISSING") for name in _DATA.values())

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_BEYOND_SECONDS = 10**11  # a larger number counts milliseconds
_NOTHING: Final[Sequence[object]] = (None, {}, "")


def is_foreign(item: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether another service wrote this row, or a part of it."""
    return any(name in item for name in _DATA.values())


def foreign_row(item: Mapping[str, Mapping[str, Any]], native: WaitingHalf | None) -> WaitingHalf:
    """Read such a row.

    Args:
        item: the item of the staging table.
        native: what linkhub wrote into it, or none.

    Raises:
        MalformedEvent: a half breaks the rules for events, or the row holds none.
        KeyError, RuleBroken: an attribute is missing or unusable.
    """
    document = read_document(item)
    key = ProductKey(document["seller_handle"], document["video_id"])
    updated_at = _moment(document, "updated_at", "created_at")
    halves = Halves() if native is None else Halves.of(native.half)
    for half in _halves(document, key, updated_at):
        halves = halves.merge(Halves.of(half))
    if not halves.known:
        raise MalformedEvent([Fault("", "the row holds neither half")])
    first, *rest = halves.known
    return WaitingHalf(
        half=first,
        other=rest[0] if rest else None,
        origin=Origin(correlation_id="") if native is None else native.origin,
        waiting_since=_moment(document, "created_at", "updated_at"),
        expires_at=_expires_at(document, updated_at),
        is_foreign=True,
    )


def _halves(document: Mapping[str, Any], key: ProductKey, updated_at: datetime) -> Iterator[Half]:
    for kind, name in _DATA.items():
        event = document.get(name)
        if event not in _NOTHING:
            try:
                yield _half(kind, event, key, updated_at)
            except MalformedEvent as malformed:
                faults = [Fault(f"{name}.{fault.field}".rstrip("."), fault.problem) for fault in malformed.faults]
                raise MalformedEvent(faults) from malformed


def _half(kind: Kind, event: Any, key: ProductKey, updated_at: datetime) -> Half:
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


def _expires_at(document: Mapping[str, Any], updated_at: datetime) -> datetime:
    if document.get("ttl") is None:
        return updated_at + _DAY  # as long as such a service keeps its rows
    ttl = int(document["ttl"])
    return _EPOCH + timedelta(milliseconds=ttl if ttl >= _BEYOND_SECONDS else ttl * 1000)


def as_read(item: Item) -> list[Condition]:
    """The conditions that hold while the row is as it was read."""
    return [Condition(name, item[name]) if name in item else Condition(name, None, "IS MISSING") for name in RAW]


def taken_over(row: WaitingHalf, waiting: WaitingHalf) -> WaitingHalf:
    """What a row of another service becomes when a half of its kind is staged: linkhub's, with the newer half."""
    return evolve(
        waiting if waiting.half.version > row.half.version else row,
        is_foreign=False,
        waiting_since=row.waiting_since,
        expires_at=max(row.expires_at, waiting.expires_at),
    )
