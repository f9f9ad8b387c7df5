"""Values at the limits of the model, which stores are most likely to change or refuse."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from linkhub_core.model import BoundingBox, Caption, DetectedObject, ProcessingMetadata, Thumbnail, ThumbnailSet
from linkhub_core.model.rules import Number
from linkhub_core.testing.builders import a_caption, a_thumbnail, a_thumbnail_set

# The longest have 18 digits, more than a float keeps.
PRICES = [
    Decimal(text)
    for text in (
        "0",
        "0.000001",
        "49.99",
        "123456789.123456",
        "1000000000.000001",
        "9999999999.999999",
        "99999999999.999999",
        "999999999999.123457",
        "999999999999999.999999",
        "1000000000000000",
    )
]
NUMBERS: list[Number] = [0, 1e308, 5e-324, 2**53, 2**53 - 1, 0.1 + 0.2, 1e16, 1e-7]
TEXTS = [
    "",
    " ",
    "👩🏽‍🦱👗",
    "فستان صيفي",
    "\u202eשמלה",
    "e\u0301",
    "\x01\x7f",
    "\ufffe\uffff",
    '"\\',
    "'; DROP TABLE products; --",
]
MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
]

_URL_ALONE = Thumbnail(thumbnail_url="https://cdn.example.com/1.jpg")
_BARE = ThumbnailSet(thumbnails=(_URL_ALONE,), primary_thumbnail=_URL_ALONE, processing_metadata=ProcessingMetadata())


def extreme_captions() -> list[Caption]:
    """Captions, each at one limit of the model."""
    return [
        *(a_caption(price=price) for price in PRICES),
        *(
            a_caption(title=text, sizes=text if text.strip() else None, tags=(text,), raw_caption=text)
            for text in TEXTS
        ),
        *(a_caption(confidence_score=number) for number in NUMBERS),
        a_caption(price=None, sizes=None, tags=(), raw_caption=None),
        a_caption(title="ü" * 2000, sizes="長" * 2000, tags=("👗" * 500,) * 20, raw_caption="é" * 15_000),
    ]


def extreme_thumbnail_sets() -> list[ThumbnailSet]:
    """Thumbnail sets, each at one limit of the model."""
    return [
        *(a_thumbnail_set(thumbnails=(_measured(number),), processing_metadata=_work(number)) for number in NUMBERS),
        *(a_thumbnail_set(1, primary_thumbnail=a_thumbnail(thumbnail_s3_key=text)) for text in TEXTS),
        a_thumbnail_set(1, primary_thumbnail=a_thumbnail(detected_objects=None)),
        a_thumbnail_set(1, primary_thumbnail=a_thumbnail(detected_objects=())),
        a_thumbnail_set(1, primary_thumbnail=a_thumbnail(thumbnail_url="https://cdn.example.com/".ljust(8192, "x"))),
        a_thumbnail_set(100),
        _BARE,
    ]


def _measured(number: Number) -> Thumbnail:
    box = BoundingBox(x=number, y=-number, width=number, height=number)
    seen = DetectedObject(class_name="👠", confidence=number, bbox=box)
    return a_thumbnail(
        frame_timestamp=number, confidence_score=number, quality_score=number, detected_objects=(seen, seen)
    )


def _work(number: Number) -> ProcessingMetadata:
    return ProcessingMetadata(
        video_duration=number, frames_analyzed=number, thumbnails_generated=number, processing_time_ms=number
    )
