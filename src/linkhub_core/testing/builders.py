"""Valid values for tests; arguments replace single fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
from attrs import evolve

from linkhub_core.model import (
    NO_LISTING,
    Availability,
    Caption,
    Content,
    Half,
    Kind,
    Listing,
    Origin,
    ProcessingMetadata,
    ProductKey,
    ProductRecord,
    Thumbnail,
    ThumbnailSet,
    Version,
    WaitingHalf,
)
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Delivery, OutgoingMessage, Revision, Unreadable
from linkhub_core.wire.codec import digest_of, encode_event, listing_version, stored_product

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
KEY = ProductKey("nalu-fashion", "7301234567890421596")


def a_key(number: int = 0, seller_handle: str = KEY.seller_handle) -> ProductKey:
    """The key of a seller's video; a greater ``number`` is a newer video."""
    return ProductKey(seller_handle, f"73012345678{number:08d}")


def a_caption(**fields: Any) -> Caption:
    """A caption; ``fields`` replace its fields."""
    values: dict[str, Any] = {
        "title": "Trendy Summer Heels",
        "price": Decimal(55_000),
        "sizes": "37-41",
        "tags": ("heels", "shoes"),
    }
    return Caption(**(values | fields))


def a_thumbnail(index: int = 0, **fields: Any) -> Thumbnail:
    """The thumbnail of a video's frame; the first is the primary one."""
    values: dict[str, Any] = {
        "thumbnail_url": f"https://cdn.example.com/{index}.jpg",
        "thumbnail_s3_key": f"thumbnails/{index}.jpg",
        "frame_timestamp": index * 1.5,
        "frame_index": index * 45,
        "confidence_score": 0.5279,
        "quality_score": 0.8468,
        "is_primary": index == 0,
    }
    return Thumbnail(**(values | fields))


def a_thumbnail_set(count: int = 2, **fields: Any) -> ThumbnailSet:
    """A thumbnail set; ``fields`` replace its fields."""
    pictures = tuple(a_thumbnail(index) for index in range(count))
    work = ProcessingMetadata(
        video_duration=30, frames_analyzed=150, thumbnails_generated=count, processing_time_ms=1810.5
    )
    values: dict[str, Any] = {"thumbnails": pictures, "primary_thumbnail": pictures[0], "processing_metadata": work}
    return ThumbnailSet(**(values | fields))


def a_half(
    kind: Kind = Kind.CAPTION, *, key: ProductKey = KEY, minute: float = 0, content: Content | None = None
) -> Half:
    """A half of ``key``, stamped ``minute`` minutes after noon; a later minute is a newer version."""
    chosen = content or (a_caption() if kind is Kind.CAPTION else a_thumbnail_set())
    return Half(key=key, version=Version.at(NOON + timedelta(minutes=minute), digest_of(chosen)), content=chosen)


def a_waiting(half: Half | None = None, *, since: datetime = NOON, **fields: Any) -> WaitingHalf:
    """A half in staging since ``since``, for a day."""
    waiting = WaitingHalf(
        half=half or a_half(),
        origin=Origin(correlation_id="c-1"),
        waiting_since=since,
        expires_at=since + timedelta(days=1),
    )
    return evolve(waiting, **fields)


def a_record(key: ProductKey = KEY, *, revision: int = 1, **fields: Any) -> ProductRecord:
    """A product of ``revision``, saved at noon and a second later for each revision, not announced yet."""
    caption, thumbnails = a_caption(), a_thumbnail_set()
    record = ProductRecord(
        key=key,
        caption=caption,
        caption_version=Version.at(NOON + timedelta(minutes=revision), digest_of(caption)),
        thumbnails=thumbnails,
        thumbnails_version=Version.at(NOON, digest_of(thumbnails)),
        created_at=NOON,
        updated_at=NOON + timedelta(seconds=revision - 1),
        revision=revision,
        unannounced_revision=revision,
    )
    return evolve(record, **fields)


def a_listed(record: ProductRecord | None = None, *, minute: float = 0, **fields: Any) -> ProductRecord:
    """A product whose listing has ``fields``, set ``minute`` minutes after noon."""
    before = record or a_record()
    listing = Listing(**fields)
    version = listing_version(listing, NO_LISTING, NOON + timedelta(minutes=minute))
    return evolve(before, listing=listing, listing_version=version)


def a_tombstone(record: ProductRecord | None = None, *, minute: float = 0, **fields: Any) -> ProductRecord:
    """A product that is withdrawn."""
    return a_listed(record, minute=minute, availability=Availability.WITHDRAWN, **fields)


def a_revision(after: ProductRecord, before: ProductRecord | None = None) -> Revision:
    """The change to ``after``, by default from the first revision of the same product."""
    return Revision(before=before or a_record(after.key), after=after)


def an_unreadable(key: ProductKey = KEY) -> Unreadable:
    """A row that another program wrote under ``key``."""
    return Unreadable(seller_handle=key.seller_handle, video_id=key.video_id, problem="caption_version is missing")


def a_stored(key: ProductKey = KEY, **fields: Any) -> StoredProduct:
    """:func:`a_record` as readers get it from a store."""
    return stored_product(a_record(key, **fields))


def an_event(kind: Kind = Kind.CAPTION, **fields: Any) -> dict[str, Any]:
    """The document of an event as a worker sends it; ``fields`` replace or add to it."""
    document: dict[str, Any] = orjson.loads(encode_event(a_half(kind)))
    return document | fields


def an_outgoing(kind: Kind = Kind.CAPTION, *, body: str | None = None, **fields: Any) -> OutgoingMessage:
    """A message for the queue of ``kind``; without ``body`` it has a valid event."""
    text = orjson.dumps(an_event(kind, **fields)).decode() if body is None else body
    return OutgoingMessage(kind=kind, body=text, attributes={"correlationId": "c-1"})


def a_delivery(
    kind: Kind = Kind.CAPTION, *, body: str | None = None, receive_count: int = 1, **fields: Any
) -> Delivery:
    """A leased message of the queue of ``kind``; without ``body`` it has a valid event."""
    outgoing = an_outgoing(kind, body=body, **fields)
    return Delivery(
        kind=kind,
        body=outgoing.body,
        message_id="m-1",
        receipt="r-1",
        receive_count=receive_count,
        sent_at=NOON,
        attributes=outgoing.attributes,
    )
