"""Each entry of the core's journal becomes one log line and moves the metrics that it concerns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

import pytest
import structlog
from attrs import evolve
from structlog.testing import CapturingLogger

from linkhub_adapters.observability import Metrics, TelemetryJournal
from linkhub_adapters.observability.journal import _HANDLERS, MOST_ROWS_NAMED
from linkhub_core.errors import Fault
from linkhub_core.model import Kind, Origin, ProductKey
from linkhub_core.model import journal_entries as entries
from linkhub_core.model.journal_entries import (
    ActivityFailed,
    Entry,
    HalfExpired,
    HalfStaged,
    HalfStalled,
    HalfWasKnown,
    HalvesExpired,
    MessageRejected,
    MessagesReleased,
    ProductAnnounced,
    ProductSaved,
    RowSkipped,
    Swept,
)

KEY = ProductKey("nalu-fashion", "7301")
ORIGIN = Origin(correlation_id="c-1")
FAULTS = [Fault("thumbnails[3].quality_score", "must be a number"), Fault("", "too large"), Fault("é\n", "odd")]

CASES: list[tuple[Entry, str, str, Mapping[str, Any], Mapping[str, float]]] = [
    (
        MessageRejected(kind=Kind.CAPTION, message_id="m", origin=ORIGIN, faults=FAULTS, receive_count=2),
        "warning",
        "message_rejected",
        {"queue": "caption", "message_id": "m", "correlation_id": "c-1", "receive_count": 2},
        {
            'linkhub_events_total{kind="caption",outcome="rejected"}': 1,
            'linkhub_rejections_total{field="thumbnails[].quality_score",kind="caption"}': 1,
            'linkhub_rejections_total{field="body",kind="caption"}': 1,
            'linkhub_rejections_total{field="other",kind="caption"}': 1,
        },
    ),
    (
        MessagesReleased(origins=[ORIGIN, ORIGIN], problem="throttled", transient=True, delay_seconds=1.5),
        "warning",
        "messages_released",
        {"problem": "throttled", "delay_seconds": 1.5, "correlation_ids": ["c-1", "c-1"]},
        {'linkhub_events_total{kind="any",outcome="released"}': 2},
    ),
    (
        MessagesReleased(origins=[ORIGIN], problem="KeyError()", transient=False, delay_seconds=1),
        "error",
        "messages_released",
        {"problem": "KeyError()"},
        {'linkhub_events_total{kind="any",outcome="released"}': 1},
    ),
    (
        HalfStaged(key=KEY, kind=Kind.CAPTION, origin=ORIGIN),
        "info",
        "half_staged",
        {"seller_handle": "nalu-fashion", "video_id": "7301", "half": "caption", "correlation_id": "c-1"},
        {'linkhub_events_total{kind="caption",outcome="staged"}': 1},
    ),
    (
        HalfWasKnown(key=KEY, kind=Kind.THUMBNAIL, origin=Origin(correlation_id="c", traceparent="00-1")),
        "info",
        "half_was_known",
        {"half": "thumbnail", "correlation_id": "c", "traceparent": "00-1"},
        {
            'linkhub_events_total{kind="thumbnail",outcome="known"}': 1,
            'linkhub_duplicates_total{kind="thumbnail"}': 1,
        },
    ),
    (
        ProductSaved(key=KEY, revision=1, kinds=tuple(Kind), origins=(ORIGIN,)),
        "info",
        "product_saved",
        {"revision": 1, "halves": ["caption", "thumbnail"], "correlation_ids": ["c-1"]},
        {
            'linkhub_products_saved_total{change="new"}': 1,
            'linkhub_events_total{kind="caption",outcome="saved"}': 1,
            'linkhub_events_total{kind="thumbnail",outcome="saved"}': 1,
        },
    ),
    (
        ProductSaved(key=KEY, revision=2, kinds=(Kind.CAPTION,), origins=(ORIGIN,)),
        "info",
        "product_saved",
        {"revision": 2, "halves": ["caption"]},
        {'linkhub_products_saved_total{change="update"}': 1},
    ),
    (
        ProductAnnounced(
            key=KEY,
            revision=1,
            origin=ORIGIN,
            latency=timedelta(seconds=0.2),
            own_latency=timedelta(seconds=0.03),
        ),
        "info",
        "product_announced",
        {"revision": 1, "latency_seconds": 0.2, "own_latency_seconds": 0.03, "correlation_id": "c-1"},
        {
            'linkhub_own_latency_seconds_bucket{le="0.05"}': 1,
            'linkhub_own_latency_seconds_bucket{le="0.025"}': 0,
            'linkhub_partner_wait_seconds_bucket{le="0.25"}': 1,
            'linkhub_partner_wait_seconds_bucket{le="0.1"}': 0,
            "linkhub_announcements_total": 1,
            'linkhub_assembly_latency_seconds_bucket{le="0.25"}': 1,
            'linkhub_assembly_latency_seconds_bucket{le="0.1"}': 0,
        },
    ),
    (
        ProductAnnounced(key=KEY, revision=2, origin=ORIGIN, latency=None, own_latency=timedelta(seconds=-1)),
        "info",
        "product_announced",
        {"latency_seconds": None, "own_latency_seconds": 0.0},
        {
            "linkhub_announcements_total": 1,
            "linkhub_assembly_latency_seconds_count": 0,
            "linkhub_own_latency_seconds_count": 1,
            "linkhub_partner_wait_seconds_count": 0,
        },
    ),
    (
        ProductAnnounced(key=KEY, revision=1, origin=ORIGIN, latency=timedelta(hours=-1)),
        "info",
        "product_announced",
        {"latency_seconds": 0.0},
        {"linkhub_assembly_latency_seconds_sum": 0},
    ),
    (
        HalfExpired(key=KEY, kind=Kind.CAPTION, origin=ORIGIN, age=timedelta(days=1)),
        "warning",
        "half_expired",
        {"half": "caption", "age_seconds": 86_400, "seller_handle": "nalu-fashion", "video_id": "7301"},
        {
            'linkhub_halves_expired_total{kind="caption"}': 1,
            'linkhub_events_total{kind="caption",outcome="expired"}': 1,
        },
    ),
    (
        HalfStalled(key=KEY, kind=Kind.CAPTION, origin=ORIGIN, age=timedelta(minutes=15)),
        "warning",
        "half_stalled",
        {"half": "caption", "missing": "thumbnail", "age_seconds": 900, "video_id": "7301"},
        {'linkhub_halves_stalled_total{kind="caption"}': 1, 'linkhub_halves_stalled_total{kind="thumbnail"}': 0},
    ),
    (
        HalvesExpired(counts={Kind.CAPTION: 200_000, Kind.THUMBNAIL: 3}, sampled={Kind.CAPTION: 20}),
        "warning",
        "halves_expired",
        {"count": 200_003, "caption": 200_000, "thumbnail": 3, "logged_one_by_one": 20},
        {
            'linkhub_halves_expired_total{kind="caption"}': 199_980,
            'linkhub_events_total{kind="thumbnail",outcome="expired"}': 3,
        },
    ),
    (
        RowSkipped(store="staging", seller_handle="a shop", video_id="7301", problem="no version"),
        "error",
        "row_skipped",
        {"store": "staging", "seller_handle": "a shop", "video_id": "7301", "problem": "no version"},
        {},
    ),
    (
        Swept(seen=3, folded=1, expired=1, announced=0, skipped=2),
        "info",
        "swept",
        {"seen": 3, "folded": 1, "expired": 1, "announced": 0, "skipped": 2},
        {"linkhub_rows_skipped": 2},
    ),
    (
        ActivityFailed(activity="receive", problem="the queue is away", transient=True, retry_seconds=0.2),
        "warning",
        "activity_failed",
        {"activity": "receive", "problem": "the queue is away", "retry_seconds": 0.2},
        {'linkhub_failures_total{activity="receive",transient="true"}': 1},
    ),
    (
        ActivityFailed(activity="receive", problem="KeyError()", transient=False, retry_seconds=0.2),
        "error",
        "activity_failed",
        {"problem": "KeyError()"},
        {'linkhub_failures_total{activity="receive",transient="false"}': 1},
    ),
]


@pytest.mark.parametrize(("entry", "level", "event", "fields", "samples"), CASES)
def test_an_entry_is_logged_and_counted(
    entry: Entry, level: str, event: str, fields: Mapping[str, Any], samples: Mapping[str, float]
) -> None:
    """An entry becomes one line of its level with its fields, and moves its metrics."""
    lines = CapturingLogger()
    metrics = Metrics()
    log = structlog.wrap_logger(lines, wrapper_class=structlog.make_filtering_bound_logger(0), processors=[_as_fields])
    TelemetryJournal(metrics=metrics, log=log).record([entry])
    (call,) = lines.calls
    assert (call.method_name, call.kwargs["event"]) == (level, event)
    assert {name: call.kwargs[name] for name in fields} == fields
    exposed = metrics.expose()[0].decode().splitlines()
    values = {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in exposed if not line.startswith("#")}
    assert {name: values.get(name) for name in samples} == samples


def test_a_body_that_is_wrong_everywhere_gives_one_short_line() -> None:
    """Of very many faults a line shows the first twenty, and says how many there were."""
    lines = CapturingLogger()
    log = structlog.wrap_logger(lines, wrapper_class=structlog.make_filtering_bound_logger(0), processors=[_as_fields])
    faults = [Fault(f"tags[{number}]", "must be text") for number in range(10_000)]
    rejected = MessageRejected(kind=Kind.CAPTION, message_id="m", origin=ORIGIN, faults=faults, receive_count=1)
    TelemetryJournal(metrics=Metrics(), log=log).record([rejected])
    (call,) = lines.calls
    assert call.kwargs["faults"] == [str(fault) for fault in faults[:20]]
    assert call.kwargs["fault_count"] == 10_000


def test_every_entry_of_the_core_has_its_line() -> None:
    """No entry of the core is without a function here, and no function without an entry."""
    assert set(_HANDLERS) == set(get_args(entries.Entry))


def _as_fields(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return event


def test_a_row_that_is_skipped_is_named_once() -> None:
    """Each sweep meets it again; one line of the log names it, until something else is wrong with it."""
    lines = CapturingLogger()
    log = structlog.wrap_logger(lines, wrapper_class=structlog.make_filtering_bound_logger(0), processors=[_as_fields])
    journal = TelemetryJournal(metrics=Metrics(), log=log)
    skipped = RowSkipped(store="products", seller_handle="s", video_id="v", problem="no version")
    for _ in range(3):
        journal.record([skipped])
    journal.record([evolve(skipped, problem="no title")])
    assert [call.kwargs["problem"] for call in lines.calls] == ["no version", "no title"]


def test_rows_that_are_skipped_are_named_up_to_a_bound() -> None:
    """A table full of another program's rows fills neither the log nor the memory."""
    lines = CapturingLogger()
    log = structlog.wrap_logger(lines, wrapper_class=structlog.make_filtering_bound_logger(0), processors=[_as_fields])
    journal = TelemetryJournal(metrics=Metrics(), log=log)
    journal.record(
        [RowSkipped(store="products", seller_handle="s", video_id=str(number), problem="") for number in range(5_000)]
    )
    assert len(lines.calls) == MOST_ROWS_NAMED
