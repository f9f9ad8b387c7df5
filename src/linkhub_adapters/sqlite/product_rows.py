"""Rows of the table ``products``: as records for the protocol, and as ready JSON for readers.

The codec writes a document with its key first and its stamps last, so a few comparisons show that it wrote this one,
and readers get it undecoded. Any other document, such as one that was edited by hand, is decoded: it comes out as the
codec writes it, or as :class:`~linkhub_core.ports.Unreadable`.
"""

from __future__ import annotations

from typing import Any

import orjson

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import NO_LISTING, Availability, ProductRecord, Version
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import decode_record, encode_product, stored_listing, stored_product, timestamp_text
from linkhub_core.wire.json_text import dump, load_document, parse_exactly

RECORD_COLUMNS = (
    "seller_handle, video_id, document, caption_version, thumbnails_version, revision, unannounced_revision, shown,"
    " listing"
)
COLUMNS = "video_id, revision, unannounced_revision, shown, created_at, updated_at, document, listing"

StoredRow = tuple[str, int, int | None, int, str, str, bytes, str | None]

_NO_VERSION = str(Version(0, 0, ""))  # readers see none


def record_values(record: ProductRecord) -> tuple[Any, ...]:
    """The columns that a visible save writes, from ``document`` to ``withdrawn``."""
    return (
        encode_product(record),
        str(record.caption_version),
        str(record.thumbnails_version),
        record.revision,
        record.unannounced_revision,
        record.shown,
        timestamp_text(record.created_at),
        timestamp_text(record.updated_at),
        listing_text(record),
        record.is_withdrawn,
    )


def listing_text(record: ProductRecord) -> str | None:
    """The column ``listing``; None if the listing was never set."""
    listing = stored_listing(record)
    return None if listing is None else dump(listing).decode()


def identity_values(record: ProductRecord) -> tuple[Any, ...]:
    """The key and the :attr:`~linkhub_core.model.ProductRecord.identity`, as the conditions have them."""
    return (
        record.key.seller_handle,
        record.key.video_id,
        timestamp_text(record.created_at),
        record.revision,
        str(record.caption_version),
        str(record.thumbnails_version),
        None if record.listing_version == NO_LISTING else str(record.listing_version),
    )


def read_product(row: tuple[Any, ...]) -> ProductRecord | Unreadable:
    """Read the :data:`RECORD_COLUMNS` of a row; columns after them are ignored."""
    seller_handle, video_id, document, caption_version, thumbnails_version, revision, owed_revision, shown, listing = (
        row[:9]
    )
    return _decode(
        seller_handle,
        video_id,
        document,
        caption_version=caption_version,
        thumbnails_version=thumbnails_version,
        revision=revision,
        unannounced_revision=owed_revision,
        shown=bool(shown),
        listing=listing,
    )


def read_row(seller_handle: str, row: StoredRow) -> StoredProduct | Unreadable:
    """Read the :data:`COLUMNS` of a row of this seller."""
    video_id, revision, unannounced_revision, shown, created_at, updated_at, document, listing = row
    head = b'{"seller_handle":"%b","video_id":"%b",' % (seller_handle.encode(), video_id.encode())
    tail = b'"created_at":"%b","updated_at":"%b"}' % (created_at.encode(), updated_at.encode())
    if document.startswith(head) and document.endswith(tail) and (availability := _availability(listing)) is not None:
        return StoredProduct(
            seller_handle,
            video_id,
            revision,
            unannounced_revision,
            bool(shown),
            created_at,
            updated_at,
            document,
            availability,
        )
    record = _decode(
        seller_handle,
        video_id,
        document,
        caption_version=_NO_VERSION,
        thumbnails_version=_NO_VERSION,
        revision=revision,
        unannounced_revision=unannounced_revision,
        shown=bool(shown),
        listing=listing,
    )
    return record if isinstance(record, Unreadable) else stored_product(record)


def _availability(listing: str | None) -> str | None:
    """The availability; None if the listing cannot be read."""
    if listing is None:
        return Availability.IN_STOCK.value
    try:
        return Availability(orjson.loads(listing)["availability"]).value
    except (ValueError, KeyError, TypeError):
        return None


def _decode(
    seller_handle: str, video_id: str, document: bytes, *, listing: str | None, **columns: Any
) -> ProductRecord | Unreadable:
    try:
        columns["listing"] = None if listing is None else parse_exactly(listing)
        record = decode_record(load_document(document), **columns)
    except (MalformedEvent, ArithmeticError, AttributeError, TypeError, ValueError) as broken:
        return Unreadable(seller_handle=seller_handle, video_id=video_id, problem=str(broken))
    if (record.key.seller_handle, record.key.video_id) != (seller_handle, video_id):
        return Unreadable(seller_handle=seller_handle, video_id=video_id, problem=f"its document is of {record.key}")
    return record
