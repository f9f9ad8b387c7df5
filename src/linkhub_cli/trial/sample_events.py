"""Events as workers send them: a caption of 0.4 kB, thumbnails of 1.4 kB."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from linkhub_core.model import Kind, ProductKey
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import timestamp_text

_FRAMES = 5


def sample_key(seller: str, video: int) -> ProductKey:
    """The key of a seller's video."""
    return ProductKey(seller, f"73012345678{video:08d}")


def sample_body(kind: Kind, seller: str, video: int, at: datetime) -> str:
    """The body of the event that the worker of ``kind`` sends about a video."""
    content = _caption(video) if kind is Kind.CAPTION else _thumbnails(seller, video)
    key = {"video_id": sample_key(seller, video).video_id, "seller_handle": seller}
    return json_text.dump({**key, **content, "timestamp": timestamp_text(at)}).decode()


def _caption(video: int) -> dict[str, Any]:
    return {
        "title": f"Linen wrap dress {video}",
        "price": 45_000 + video,
        "sizes": "M, L, XL",
        "tags": ["dress", "linen", "summer"],
        "confidence_score": 0.912,
        "raw_caption": f"Linen wrap dress {video} 👗 sizes M to XL, DM to order, delivery on the same day",
    }


def _thumbnails(seller: str, video: int) -> dict[str, Any]:
    frames = [
        {
            "thumbnail_url": f"https://cdn.example.com/thumbnails/{seller}/{video}_{number}.jpg",
            "thumbnail_s3_key": f"thumbnails/{seller}/{video}_{number}.jpg",
            "frame_timestamp": number * 1.7,
            "frame_index": number * 45,
            "confidence_score": 0.8468,
            "quality_score": 0.7445,
            "is_primary": number == 0,
        }
        for number in range(_FRAMES)
    ]
    work = {
        "video_duration": 30.5,
        "frames_analyzed": 150,
        "thumbnails_generated": _FRAMES,
        "processing_time_ms": 1810.5,
    }
    return {"thumbnails": frames, "primary_thumbnail": frames[0], "processing_metadata": work}
