"""Wire JSON to model and back: events of the workers, products, and listings.

An event in the exact form of the schema takes a short way. :mod:`linkhub_core.wire.intake` reads any other, and names
every deviation and every fault in one pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import (
    AS_PARSED,
    CONTENT_CLASSES,
    NO_LISTING,
    Availability,
    Caption,
    Content,
    EventTime,
    Half,
    Kind,
    Listing,
    ListingChange,
    ListingPart,
    Note,
    ProductKey,
    ProductRecord,
    ThumbnailSet,
    Version,
)
from linkhub_core.model.fields import facts_of
from linkhub_core.model.listing import LISTING_FIELDS
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.wire import json_text
from linkhub_core.wire.intake import Report, Unwrapped, read_content, read_object, unwrap
from linkhub_core.wire.intake.envelope import MAX_EVENT_BYTES
from linkhub_core.wire.intake.spelling import known_name
from linkhub_core.wire.intake.times import read_time
from linkhub_core.wire.structure import build, build_exactly, unstructure, without_lists

__all__ = [
    "Reading",
    "content_from",
    "decode_event",
    "decode_record",
    "digest_of",
    "document_of",
    "encode_content",
    "encode_event",
    "encode_product",
    "listing_document",
    "listing_version",
    "product_document",
    "read_event",
    "read_listing_change",
    "read_unwrapped",
    "stored_listing",
    "stored_product",
    "timestamp_text",
]

# A content may be larger than the event that it was read from: `9e15` has 16 digits in canonical form, a box of four
# numbers gets four names. Stores have size limits, so such a content is measured, and loses decoration if it has to.
MAX_SMALL_CONTENT_BYTES = MAX_EVENT_BYTES - 512  # the ids and the time of an event need less
_NAMES_BESIDE_CONTENT = len(facts_of(EventTime)) + len(facts_of(ProductKey))
_MARKER = {Kind.CAPTION: "title", Kind.THUMBNAIL: "thumbnails"}


# --- events ------------------------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """The half that a body holds, and a note for every deviation, sorted, each once."""

    half: Half
    notes: tuple[Note, ...] = ()


def read_event(kind: Kind, body: str, first_sent_at: datetime) -> Reading:
    """Read a worker's event, in any known envelope and spelling.

    Args:
        kind: the half that the message's queue is for; an event of the other half is taken for what it is.
        body: the body of the message.
        first_sent_at: when the message was sent for the first time; a later timestamp counts as this.

    Raises:
        MalformedEvent: with all faults of the body.
    """
    return read_unwrapped(kind, unwrap(body), first_sent_at)


def read_unwrapped(kind: Kind, unwrapped: Unwrapped, first_sent_at: datetime) -> Reading:
    """Read the event of a body without its envelopes; see :func:`read_event`."""
    event, notes = unwrapped.event, unwrapped.notes
    if _MARKER[kind] not in event and _is_of(kind.partner, event) and not _is_of(kind, event):
        kind = kind.partner
        notes = [*notes, Note("", "other_queue")]
    if kind is Kind.CAPTION and isinstance(amount := event.get(price := known_name(event, "price") or "price"), float):
        event = {**event, price: json_text.exact_field(unwrapped.text, price, amount)}
    key, instant, content, more_notes = _read_exactly(kind, event) or _read_leniently(kind, event)
    document = document_of(content)
    canonical = json_text.dump_sorted(document)
    content.keep_json_fields(json_text.dump(document)[1:-1])
    version = Version.at(instant, _digest(canonical), first_sent_at=first_sent_at)
    half = Half(key=key, version=version, content=content)
    if len(canonical) > MAX_SMALL_CONTENT_BYTES and len(encode_event(half)) > MAX_EVENT_BYTES:
        content, left_out = without_lists(content)
        more_notes = [*more_notes, *left_out]
        version = Version.at(instant, digest_of(content), first_sent_at=first_sent_at)
        half = Half(key=key, version=version, content=content)
    return Reading(half, tuple(sorted({*notes, *more_notes})) if notes or more_notes else ())


def decode_event(kind: Kind, body: str, first_sent_at: datetime) -> Half:
    """The half that :func:`read_event` reads."""
    return read_event(kind, body, first_sent_at).half


def _is_of(kind: Kind, event: Mapping[str, Any]) -> bool:
    return known_name(event, _MARKER[kind]) is not None


_Read = tuple[ProductKey, datetime, Content, Sequence[Note]]


def _read_exactly(kind: Kind, event: Mapping[str, Any]) -> _Read | None:
    """The short way, for an event that is as the schema has it; none if there is anything to note or to reject."""
    try:
        instant, deviation = read_time(event["timestamp"])
        if deviation is not None:
            return None
        time = EventTime(instant)
        key = build(event, ProductKey)
        content: Content = build_exactly(event, CONTENT_CLASSES[kind], other_names=_NAMES_BESIDE_CONTENT)
    except Exception:  # noqa: BLE001  the judge names the fault
        return None
    return key, time.timestamp, content, ()


def _read_leniently(kind: Kind, event: Mapping[str, Any]) -> _Read:
    report = Report()
    key = read_object(ProductKey, event, "", report)
    time = read_object(EventTime, event, "", report)
    content = read_content(kind, event, report)
    if key is None or time is None or content is None:
        raise MalformedEvent(report.faults)
    return key, time.timestamp, content, report.notes


def encode_event(half: Half) -> bytes:
    """Write a half as the bare event that a worker would send: the exact inverse of :func:`decode_event`."""
    instant = half.version.timestamp
    digits = "microseconds" if instant.microsecond % 1000 else "milliseconds" if instant.microsecond else "seconds"
    stamp = {
        "video_id": half.key.video_id,
        "seller_handle": half.key.seller_handle,
        "timestamp": instant.isoformat(timespec=digits).replace("+00:00", "Z"),
    }
    return json_text.dump(stamp | document_of(half.content))


def document_of(content: Content) -> dict[str, Any]:
    """The content as plain data in the order of the schema; a price stays a Decimal."""
    return unstructure(content)


def encode_content(content: Content) -> bytes:
    """The JSON of a content, in the order of the schema."""
    return b"{%b}" % _json_fields(content)


def digest_of(content: Content) -> str:
    """The hash of the content in a version: 16 hexadecimal digits."""
    return _digest(json_text.dump_sorted(document_of(content)))


def _digest(canonical: bytes) -> str:
    return hashlib.blake2b(canonical, digest_size=8).hexdigest()


def content_from(kind: Kind, document: Mapping[str, Any]) -> Content:
    """Read back a content of ``kind`` that :func:`document_of` or :func:`product_document` gave.

    Of a document that something else wrote, the deviations are put right as those of an event are.

    Raises:
        MalformedEvent: an essential field breaks its rule.
    """
    try:
        return build(document, CONTENT_CLASSES[kind])
    except Exception:  # noqa: BLE001  the judge names the fault
        report = Report()
        content = read_content(kind, document, report)
        if content is None:
            raise MalformedEvent(report.faults) from None
        return content


# --- products ----------------------------------------------------------------------------------------------------


@lru_cache(256)  # the products of a batch share their times
def timestamp_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``: texts that sort as their moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def product_document(record: ProductRecord) -> dict[str, Any]:
    """The product as readers see it, with the fields and the order of the assembled product."""
    caption, thumbnails = document_of(record.listed_caption), document_of(record.thumbnails)
    availability = record.listing.availability
    return {
        "seller_handle": record.key.seller_handle,
        "video_id": record.key.video_id,
        **caption,
        **thumbnails,
        **({} if availability is Availability.IN_STOCK else {"availability": availability.value}),
        "created_at": timestamp_text(record.created_at),
        "updated_at": timestamp_text(record.updated_at),
    }


def encode_product(record: ProductRecord) -> bytes:
    """The JSON of :func:`product_document`, made of the JSON of its contents."""
    availability = record.listing.availability
    return b'{"seller_handle":"%b","video_id":"%b",%b,%b,%b"created_at":"%b","updated_at":"%b"}' % (
        record.key.seller_handle.encode(),  # the rules of a key allow no character that JSON escapes
        record.key.video_id.encode(),
        _json_fields(record.listed_caption),
        _json_fields(record.thumbnails),
        b"" if availability is Availability.IN_STOCK else b'"availability":"%b",' % availability.value.encode(),
        timestamp_text(record.created_at).encode(),
        timestamp_text(record.updated_at).encode(),
    )


def _json_fields(content: Content) -> bytes:
    # Not kept here: a store in memory would hold each content twice once it was read.
    return content.json_fields or json_text.dump(document_of(content))[1:-1]


def stored_product(record: ProductRecord) -> StoredProduct:
    """A record as readers get it from a store."""
    return StoredProduct(
        seller_handle=record.key.seller_handle,
        video_id=record.key.video_id,
        revision=record.revision,
        unannounced_revision=record.unannounced_revision,
        shown=record.shown,
        created_at=timestamp_text(record.created_at),
        updated_at=timestamp_text(record.updated_at),
        document=encode_product(record),
        availability=record.listing.availability.value,
    )


# --- listings


def listing_document(listing: Listing) -> dict[str, Any]:
    """The listing as plain data with all its fields; null: as parsed."""
    return {"availability": listing.availability.value, "title": listing.title, "price": listing.price}


def read_listing_change(document: object, *, replace: bool) -> ListingChange:
    """Read a change of a listing from JSON data.

    Args:
        document: a parsed JSON value; unknown fields are ignored. Null means the default of a field.
        replace: whether fields that are missing get their default, too; else they stay.

    Raises:
        MalformedEvent: with all faults, as those of an event.
    """
    if not isinstance(document, dict):
        raise MalformedEvent([Fault("", "the listing must be a JSON object")])
    report = Report()
    listing = read_object(Listing, document, "", report)
    if listing is None:
        raise MalformedEvent(report.faults)
    named = frozenset(name for name in LISTING_FIELDS if known_name(document, name) is not None)
    return ListingChange(listing=listing, fields=LISTING_FIELDS if replace else named)


def listing_version(listing: Listing, stored: Version, now: datetime) -> Version:
    """The version of a listing that replaces one of version ``stored``: greater than it, and not before ``now``."""
    digest = _digest(json_text.dump_sorted(listing_document(listing)))
    stamp = max(Version.at(now, "").counted_us, stored.counted_us + 1)
    return Version(stamp, stamp, digest)


def stored_listing(record: ProductRecord) -> dict[str, Any] | None:
    """What a row keeps of a listing, as plain data: ``version``, the listing, and ``parsed``; None if it was never set.

    ``parsed`` holds the parsed fields that the listing replaces in the document.
    """
    if record.listing_version == NO_LISTING:
        return None
    listing = record.listing
    parsed: dict[str, Any] = {} if listing.title is None else {"title": record.caption.title}
    parsed |= {} if listing.price is None else {"price": record.caption.price}
    return {"version": str(record.listing_version), **listing_document(listing), "parsed": parsed}


def _read_listing_part(stored: Mapping[str, Any]) -> ListingPart:
    return ListingPart(listing=build(stored, Listing), version=Version.parse(stored["version"]))


def decode_record(
    document: Mapping[str, Any],
    *,
    caption_version: str,
    thumbnails_version: str,
    revision: int,
    unannounced_revision: int | None,
    shown: bool = False,
    cursor: str | None = None,
    listing: Mapping[str, Any] | None = None,
) -> ProductRecord:
    """Read a product from the document of :func:`product_document` and the other columns of its row.

    Args:
        document: the product as readers see it.
        caption_version: of the caption, as text, and so on for each column.
        listing: as :func:`stored_listing` gives it; None: as parsed.

    Raises:
        MalformedEvent: the stored document breaks the rules, so something else than linkhub wrote it.
    """
    try:
        part = None if listing is None else _read_listing_part(listing)
        document = document if listing is None else {**document, **listing["parsed"]}
        return ProductRecord(
            key=ProductKey(document["seller_handle"], document["video_id"]),
            caption=cast(Caption, content_from(Kind.CAPTION, document)),
            caption_version=Version.parse(caption_version),
            thumbnails=cast(ThumbnailSet, content_from(Kind.THUMBNAIL, document)),
            thumbnails_version=Version.parse(thumbnails_version),
            created_at=_stored_moment(document["created_at"]),
            updated_at=_stored_moment(document["updated_at"]),
            revision=revision,
            unannounced_revision=unannounced_revision,
            shown=shown,
            cursor=cursor,
            listing=AS_PARSED if part is None else part.listing,
            listing_version=NO_LISTING if part is None else part.version,
        )
    except (ArithmeticError, KeyError, TypeError, ValueError) as broken:
        raise MalformedEvent([Fault("", f"this is not a stored product: {broken!r}")]) from broken


def _stored_moment(text: str) -> datetime:
    """A time in UTC; one without an offset is of UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
