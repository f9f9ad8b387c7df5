"""The event of a half that waits long."""

from __future__ import annotations

import json
from datetime import timedelta

from linkhub_core.model import HalfReport, Kind
from linkhub_core.testing.builders import NOON, a_half, a_waiting
from linkhub_core.wire.half_reports import encode_report


def test_the_event_says_which_half_waits_and_since_when() -> None:
    """Ids, the half that waits, the missing one, the message that brought it, and times."""
    report = HalfReport.of(a_waiting(a_half(Kind.CAPTION)), is_expired=False)
    assert json.loads(encode_report(report, NOON + timedelta(minutes=15))) == {
        "event_type": "half_stalled",
        "event_id": "2026-01-15T12:00:00.000Z/7301234567890421596/half_stalled",
        "seller_handle": "nalu-fashion",
        "video_id": "7301234567890421596",
        "waiting": "caption",
        "missing": "thumbnail",
        "correlation_id": "c-1",
        "waiting_since": "2026-01-15T12:00:00.000Z",
        "expires_at": "2026-01-16T12:00:00.000Z",
        "timestamp": "2026-01-15T12:15:00.000Z",
    }


def test_a_repeated_report_has_the_same_id() -> None:
    """Receivers drop a repetition by its id; the expiry is another event."""
    stalled, expired = (HalfReport.of(a_waiting(), is_expired=is_expired) for is_expired in (False, True))
    ids = [
        json.loads(encode_report(report, NOON + timedelta(minutes=minutes)))["event_id"]
        for report, minutes in ((stalled, 15), (stalled, 20), (expired, 15))
    ]
    assert ids[0] == ids[1] != ids[2]
