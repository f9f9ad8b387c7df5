"""The exports that an importer brings: what another backend made of some of the same events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import cast

from attrs import evolve

from linkhub_core.application.export_lines import Item, end_line, header_line, item_line
from linkhub_core.model import (
    NO_LISTING,
    Caption,
    Half,
    Kind,
    Listing,
    Origin,
    ProductRecord,
    ThumbnailSet,
    WaitingHalf,
)
from linkhub_core.wire.codec import listing_version
from tests.simulation.invariant_checker import half_of
from tests.simulation.plan import BEGINNING, ExportedProduct, ImportCall

_LONG_AGO = BEGINNING - timedelta(days=1)


def exported_products(call: ImportCall) -> Sequence[ProductRecord]:
    """The products of an export."""
    return [_product(one) for one in call.products]


def exported_rows(call: ImportCall) -> Sequence[WaitingHalf]:
    """The halves that wait in an export."""
    return [
        WaitingHalf(
            half=_half(kind, body),
            origin=Origin(correlation_id="exported"),
            waiting_since=_LONG_AGO,
            expires_at=BEGINNING + timedelta(days=1),
        )
        for kind, body in call.halves
    ]


async def exported_lines(call: ImportCall) -> AsyncIterator[bytes]:
    """The lines of an export."""
    items: Sequence[Item] = [*exported_rows(call), *exported_products(call)]
    yield header_line(linkhub="simulated", exported_at=BEGINNING, queues=True)
    for item in items:
        yield item_line(item)
    yield end_line({}, 0)


def _half(kind: Kind, body: str) -> Half:
    half = half_of(kind, body, BEGINNING)
    assert half is not None, "an export holds sound halves"
    return half


def _product(exported: ExportedProduct) -> ProductRecord:
    caption, thumbnails = _half(Kind.CAPTION, exported.caption), _half(Kind.THUMBNAIL, exported.thumbnails)
    record = ProductRecord(
        key=caption.key,
        caption=cast(Caption, caption.content),
        caption_version=caption.version,
        thumbnails=cast(ThumbnailSet, thumbnails.content),
        thumbnails_version=thumbnails.version,
        created_at=_LONG_AGO,
        updated_at=_LONG_AGO,
        revision=exported.revision,
        unannounced_revision=exported.revision if exported.is_owed else None,
        shown=exported.shown,
    )
    if exported.availability is None:
        return record
    listing = Listing(availability=exported.availability)
    return evolve(record, listing=listing, listing_version=listing_version(listing, NO_LISTING, _LONG_AGO))
