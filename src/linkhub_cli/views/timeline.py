"""The timeline of a video, ready for JSON."""

from __future__ import annotations

from typing import Any

from linkhub_core.application import VideoTimeline
from linkhub_core.wire.codec import timestamp_text


def timeline_document(timeline: VideoTimeline) -> dict[str, Any]:
    """One seller's timeline: its state, the reason, and its entries, oldest first."""
    return {
        "seller_handle": timeline.seller_handle,
        "video_id": timeline.video_id,
        "state": timeline.state.value,
        "because": timeline.because,
        "timeline": [
            {
                "at": timestamp_text(one.at),
                "what": one.what,
                "half": one.half,
                "correlation_id": one.correlation_id,
                **one.facts,
            }
            for one in timeline.entries
        ],
    }
