"""Events shaped as widely used workers make them: ffprobe's text, YOLO's lists, computed prices, failed uploads."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from linkhub_core.model import Caption, Half, Kind, Note, ThumbnailSet
from linkhub_core.testing.builders import NOON
from linkhub_core.wire.codec import encode_event, read_event
from linkhub_core.wire.intake import DEVIATIONS

PRICES = (4099999.9999999995, 0.1 + 0.2, 55_000 * 1.1, 19.99 * 3, 1.15 * 100, 49.9, 55_000, None)
RULES = {deviation.rule for deviation in DEVIATIONS}


def a_time(chance: random.Random) -> str:
    """The forms of Python's isoformat and JavaScript's toISOString."""
    moment = datetime(2026, 1, 15, tzinfo=UTC) + timedelta(microseconds=chance.randrange(10**10))
    forms = (
        moment.isoformat(),
        moment.replace(tzinfo=None).isoformat(),
        moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    return chance.choice(forms)


def caption_event(chance: random.Random) -> dict[str, Any]:
    """What a language model's answer becomes: prices that were computed, sizes in any form, decoration or none."""
    event: dict[str, Any] = {
        "video_id": f"73{chance.randrange(10**17):017}",
        "seller_handle": chance.choice(["nalu-fashion", "@kampala.kicks", "mama_fresh"]),
        "title": chance.choice(["Trendy Summer Heels", "👗 Kitenge", ""]),
        "price": chance.choice(PRICES),
        "sizes": chance.choice(["37-41", None, "", ["S", "M", "L"], [37, 38.5], 40]),
        "tags": chance.choice([["heels", "shoes"], [], None, ["new", 2026]]),
        "timestamp": a_time(chance),
        "confidence_score": chance.choice([0.93, "0.93", None]),
        "raw_caption": "New heels only 55k! 👠",
    }
    for name in chance.sample(["price", "sizes", "tags", "confidence_score", "raw_caption"], chance.randrange(3)):
        del event[name]
    return event


def thumbnail(chance: random.Random, index: int, *, is_uploaded: bool) -> dict[str, Any]:
    """One frame; the upload of some has failed, so that their address is empty or missing."""
    corners = [round(chance.uniform(0, 300), 2) for _ in range(2)] + [round(chance.uniform(300, 900), 2) for _ in "xy"]
    frame: dict[str, Any] = {
        "thumbnail_url": f"https://cdn.example.com/{index}.jpg",
        "thumbnail_s3_key": f"thumbnails/{index}.jpg",
        "frame_timestamp": chance.choice([index * 1.5, str(index * 1.5)]),
        "frame_index": index * 45,
        "confidence_score": chance.uniform(0, 1),
        "quality_score": chance.uniform(0, 100),
        "is_primary": index == 0,
        "detected_objects": [{"class_name": "shoe", "confidence": 0.88, "bbox": corners}] * chance.randrange(3),
    }
    if not is_uploaded:
        frame |= chance.choice([{"thumbnail_url": ""}, {"thumbnail_url": None}, {}])
        frame.pop("thumbnail_s3_key")
        if frame["thumbnail_url"]:
            frame.pop("thumbnail_url")
    return frame


def thumbnail_event(chance: random.Random, uploaded: Sequence[bool]) -> dict[str, Any]:
    """A video's frames, with what ffprobe says of the video, which is text."""
    frames = [thumbnail(chance, index, is_uploaded=is_uploaded) for index, is_uploaded in enumerate(uploaded)]
    return {
        "video_id": f"73{chance.randrange(10**17):017}",
        "seller_handle": "nalu-fashion",
        "thumbnails": frames,
        "primary_thumbnail": chance.choice([frames[0], None, 0]),
        "processing_metadata": {
            "video_duration": chance.choice(["23.416667", "14.000000", 30.5, "N/A"]),
            "frames_analyzed": 150,
            "thumbnails_generated": sum(uploaded),
            "processing_time_ms": 1810.25,
        },
        "timestamp": a_time(chance),
    }


def accepted(kind: Kind, event: dict[str, Any]) -> tuple[Half, Sequence[Note]]:
    """The half and the notes of an event; its half is written as an event that reads as the same half."""
    reading = read_event(kind, json.dumps(event), NOON + timedelta(days=30))
    again = read_event(kind, encode_event(reading.half).decode(), NOON + timedelta(days=30))
    assert again.half == reading.half
    assert {note.rule for note in reading.notes} <= RULES
    return reading.half, reading.notes


@pytest.mark.parametrize("seed", range(40))
def test_every_caption_is_accepted(seed: int) -> None:
    """For any computed price, and any missing decoration."""
    half, _ = accepted(Kind.CAPTION, caption_event(random.Random(seed)))
    assert isinstance(half.content, Caption)


@pytest.mark.parametrize(
    ("computed", "price"),
    [(4099999.9999999995, "4100000"), (0.1 + 0.2, "0.3"), (1.1 * 3, "3.3"), (55_000 * 1.1, "60500")],
)
def test_noise_of_a_computed_price_is_rounded_away(computed: float, price: str) -> None:
    """To six decimals, which no currency has."""
    half, notes = accepted(Kind.CAPTION, {**caption_event(random.Random(1)), "price": computed})
    assert isinstance(half.content, Caption)
    assert half.content.price == Decimal(price)
    assert Note("price", "price_rounded") in notes


@pytest.mark.parametrize("failed", [0, 1, 2])
@pytest.mark.parametrize("count", [1, 3, 5, 11, 25])
def test_every_set_of_thumbnails_is_accepted(count: int, failed: int) -> None:
    """With text for durations and lists for boxes; a frame whose upload failed is left out, the others are shown."""
    chance = random.Random(100 * count + failed)
    uploaded = [index >= min(failed, count - 1) for index in range(count)]
    chance.shuffle(uploaded)
    half, notes = accepted(Kind.THUMBNAIL, thumbnail_event(chance, uploaded))
    assert isinstance(half.content, ThumbnailSet)
    assert [one.thumbnail_url for one in half.content.thumbnails] == [
        f"https://cdn.example.com/{index}.jpg" for index in range(count) if uploaded[index]
    ]
    left_out = {note.field for note in notes if note.rule == "entry_left_out"}
    assert left_out == {f"thumbnails[{index}].thumbnail_url" for index in range(count) if not uploaded[index]}
    assert half.content.primary_thumbnail.thumbnail_url


def test_a_duration_that_ffprobe_does_not_know_is_absent() -> None:
    """N/A is no number: the event is accepted without it."""
    event = thumbnail_event(random.Random(1), [True])
    event["processing_metadata"]["video_duration"] = "N/A"
    half, notes = accepted(Kind.THUMBNAIL, event)
    assert isinstance(half.content, ThumbnailSet)
    assert half.content.processing_metadata.video_duration is None
    assert Note("processing_metadata.video_duration", "unusable") in notes
