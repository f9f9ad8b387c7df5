"""Events as the workers send them: seeded, and as large as real ones (captions of 0.4 kB, thumbnails of 1.9 kB)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import orjson

from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage

SELLERS = [f"seller-{number:02d}" for number in range(50)]


def pair(
    number: int, chance: random.Random, *, sellers: Sequence[str] = SELLERS
) -> tuple[OutgoingMessage, OutgoingMessage]:
    """Both halves of the video of this number, of one of the sellers."""
    stamp = {
        "video_id": f"73012345{number:011d}",
        "seller_handle": chance.choice(sellers),
        "timestamp": f"2026-01-15T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
    }
    caption = stamp | {
        "title": "Trendy Summer Heels",
        "price": chance.choice([None, 55_000, 49.99, 2_500_000]),
        "sizes": "37-41",
        "tags": ["heels", "shoes", "fashion"],
        "confidence_score": round(chance.random(), 4),
        "raw_caption": "New heels only 55k! Sizes 37–41 👠 #heels " + "x" * 100,
    }
    pictures = [_thumbnail(stamp["seller_handle"], stamp["video_id"], index, chance) for index in range(5)]
    thumbnails = stamp | {
        "thumbnails": pictures,
        "primary_thumbnail": pictures[0],
        "processing_metadata": {
            "video_duration": 30,
            "frames_analyzed": 150,
            "thumbnails_generated": 5,
            "processing_time_ms": 1810,
        },
    }
    return _message(Kind.CAPTION, caption), _message(Kind.THUMBNAIL, thumbnails)


def _thumbnail(seller: str, video: str, index: int, chance: random.Random) -> Mapping[str, object]:
    return {
        "thumbnail_url": f"https://cdn.example.com/thumbnails/{seller}/{video}_{index}.jpg",
        "thumbnail_s3_key": f"thumbnails/{seller}/{video}_{index}.jpg",
        "frame_timestamp": round(chance.random() * 30, 3),
        "frame_index": index * 45,
        "confidence_score": round(chance.random(), 4),
        "quality_score": round(chance.random(), 4),
        "is_primary": index == 0,
    }


def _message(kind: Kind, document: Mapping[str, object]) -> OutgoingMessage:
    return OutgoingMessage(kind=kind, body=orjson.dumps(document).decode())


def backlog(pairs: int, *, spread: int, seed: int = 1) -> Iterator[OutgoingMessage]:
    """The messages of ``pairs`` videos in the order of their arrival.

    Args:
        pairs: how many videos.
        spread: how far apart the halves of a video are, in messages, at most; 1 puts them side by side.
        seed: for the same messages at each run.
    """
    chance = random.Random(seed)
    halves = [half for number in range(pairs) for half in pair(number, chance)]
    order = sorted(range(len(halves)), key=lambda index: index + chance.random() * spread)
    return (halves[index] for index in order)
