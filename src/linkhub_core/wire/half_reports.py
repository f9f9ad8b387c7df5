"""The event of a half that waits long, as other services get it."""

from __future__ import annotations

from datetime import datetime

from linkhub_core.model.half_report import HalfReport
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.json_text import dump


def encode_report(report: HalfReport, now: datetime) -> bytes:
    """The event as JSON; a repeated report has the same ``event_id``."""
    waiting_since = timestamp_text(report.waiting_since)
    return dump(
        {
            "event_type": report.event_type,
            "event_id": f"{waiting_since}/{report.key.video_id}/{report.event_type}",
            "seller_handle": report.key.seller_handle,
            "video_id": report.key.video_id,
            "waiting": report.waiting,
            "missing": report.missing,
            "correlation_id": report.origin.correlation_id,
            "waiting_since": waiting_since,
            "expires_at": timestamp_text(report.expires_at),
            "timestamp": timestamp_text(now),
        }
    )
