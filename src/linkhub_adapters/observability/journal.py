"""The journal of a running service: it counts each entry and writes its log line.

The table at the end has the function for each class of entries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from attrs import asdict, astuple, define, field
from structlog.typing import FilteringBoundLogger

from linkhub_adapters.observability.metrics import Metrics
from linkhub_core.model import Kind, Origin, ProductKey
from linkhub_core.model.journal_entries import (
    ActivityFailed,
    Entry,
    EventDeviated,
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

MOST_NOTES_LOGGED = 50
MOST_FAULTS_LOGGED = 20  # a body of 100 KiB can have ten thousand; the dead letter has all of them
MOST_ROWS_NAMED = 1_000  # of skipped rows; the gauge counts all of them

_INDEX = re.compile(r"\[\d+\]")
_TRACE_ID = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-")
_FIELD = re.compile(r"[A-Za-z_.\[\]]{1,80}")


@define(kw_only=True)
class TelemetryJournal:
    """A :class:`~linkhub_core.ports.Journal` that writes logs and counts."""

    metrics: Metrics
    log: FilteringBoundLogger
    named_rows: set[tuple[str, ...]] = field(factory=set, init=False)

    def record(self, entries: Sequence[Entry]) -> None:
        """Count each entry and write its line."""
        for entry in entries:
            _HANDLERS[type(entry)](self, entry)


def _rejected(journal: TelemetryJournal, entry: MessageRejected) -> None:
    journal.metrics.events.labels(entry.kind.value, "rejected").inc()
    for fault in entry.faults:
        journal.metrics.rejections.labels(entry.kind.value, _field_label(fault.field)).inc()
    journal.log.warning(
        "message_rejected",
        queue=entry.kind.value,
        message_id=entry.message_id,
        faults=[str(fault) for fault in entry.faults[:MOST_FAULTS_LOGGED]],
        fault_count=len(entry.faults),
        receive_count=entry.receive_count,
        **_traced(entry.origin),
    )


def _released(journal: TelemetryJournal, entry: MessagesReleased) -> None:
    journal.metrics.events.labels("any", "released").inc(len(entry.origins))
    line = journal.log.warning if entry.transient else journal.log.error
    line(
        "messages_released",
        problem=entry.problem,
        delay_seconds=round(entry.delay_seconds, 3),
        correlation_ids=[origin.correlation_id for origin in entry.origins],
    )


def _deviated(journal: TelemetryJournal, entry: EventDeviated) -> None:
    for note in entry.origin.notes:
        journal.metrics.intake_notes.labels(entry.queue.value, note.rule).inc()
    journal.log.info(
        "event_deviated",
        queue=entry.queue.value,
        half=entry.kind.value,
        notes=[{"field": note.field, "rule": note.rule} for note in entry.origin.notes[:MOST_NOTES_LOGGED]],
        note_count=len(entry.origin.notes),
        **_keyed(entry.key),
        **_traced(entry.origin),
    )


def _staged(journal: TelemetryJournal, entry: HalfStaged) -> None:
    _count_half(journal, entry.kind, "staged")
    journal.log.info("half_staged", **_half(entry))


def _was_known(journal: TelemetryJournal, entry: HalfWasKnown) -> None:
    _count_half(journal, entry.kind, "known")
    journal.metrics.duplicates.labels(entry.kind.value).inc()
    journal.log.info("half_was_known", **_half(entry))


def _saved(journal: TelemetryJournal, entry: ProductSaved) -> None:
    for kind in entry.kinds:
        _count_half(journal, kind, "saved")
    journal.metrics.saved.labels("new" if entry.revision == 1 else "update").inc()
    journal.log.info(
        "product_saved",
        revision=entry.revision,
        halves=[kind.value for kind in entry.kinds],
        correlation_ids=[origin.correlation_id for origin in entry.origins],
        **_keyed(entry.key),
        **({"trace_ids": trace_ids} if (trace_ids := _trace_ids(entry.origins)) else {}),
    )


def _announced(journal: TelemetryJournal, entry: ProductAnnounced) -> None:
    journal.metrics.announced.inc()
    latency_seconds, own_seconds = _seconds(entry.latency), _seconds(entry.own_latency)
    if latency_seconds is not None:
        journal.metrics.latency.observe(latency_seconds)
    if own_seconds is not None:
        journal.metrics.own_latency.observe(own_seconds)
        if latency_seconds is not None:
            journal.metrics.partner_wait.observe(max(0.0, latency_seconds - own_seconds))
    journal.log.info(
        "product_announced",
        revision=entry.revision,
        latency_seconds=latency_seconds,
        own_latency_seconds=own_seconds,
        **_keyed(entry.key),
        **_traced(entry.origin),
    )


def _seconds(latency: timedelta | None) -> float | None:
    return None if latency is None else max(0.0, latency.total_seconds())


def _expired(journal: TelemetryJournal, entry: HalfExpired) -> None:
    _count_half(journal, entry.kind, "expired")
    journal.metrics.expired.labels(entry.kind.value).inc()
    journal.log.warning("half_expired", age_seconds=round(entry.age.total_seconds()), **_half(entry))


def _stalled(journal: TelemetryJournal, entry: HalfStalled) -> None:
    journal.metrics.stalled.labels(entry.kind.value).inc()
    journal.log.warning(
        "half_stalled", missing=entry.kind.partner.value, age_seconds=round(entry.age.total_seconds()), **_half(entry)
    )


def _many_expired(journal: TelemetryJournal, entry: HalvesExpired) -> None:
    for kind, count in entry.counts.items():
        unsampled = count - entry.sampled.get(kind, 0)
        journal.metrics.events.labels(kind.value, "expired").inc(unsampled)
        journal.metrics.expired.labels(kind.value).inc(unsampled)
    journal.log.warning(
        "halves_expired",
        count=sum(entry.counts.values()),
        logged_one_by_one=sum(entry.sampled.values()),
        **{kind.value: count for kind, count in entry.counts.items()},
    )


def _skipped(journal: TelemetryJournal, entry: RowSkipped) -> None:
    """Log each row once, not at every sweep and read."""
    row = astuple(entry)
    if row not in journal.named_rows and len(journal.named_rows) < MOST_ROWS_NAMED:
        journal.named_rows.add(row)
        journal.log.error("row_skipped", **asdict(entry))


def _swept(journal: TelemetryJournal, entry: Swept) -> None:
    journal.metrics.skipped.set(entry.skipped)
    journal.log.info("swept", **asdict(entry))


def _failed(journal: TelemetryJournal, entry: ActivityFailed) -> None:
    journal.metrics.failures.labels(entry.activity, str(entry.transient).lower()).inc()
    line = journal.log.warning if entry.transient else journal.log.error
    line(
        "activity_failed",
        activity=entry.activity,
        problem=entry.problem,
        retry_seconds=round(entry.retry_seconds, 3),
    )


def _count_half(journal: TelemetryJournal, kind: Kind, outcome: str) -> None:
    journal.metrics.events.labels(kind.value, outcome).inc()


def _half(entry: HalfStaged | HalfWasKnown | HalfStalled | HalfExpired) -> Mapping[str, str]:
    return {"half": entry.kind.value, **_keyed(entry.key), **_traced(entry.origin)}


def _keyed(key: ProductKey) -> Mapping[str, str]:
    return {"seller_handle": key.seller_handle, "video_id": key.video_id}


def _traced(origin: Origin) -> Mapping[str, str]:
    traced = {"correlation_id": origin.correlation_id}
    if origin.traceparent is not None:
        traced["traceparent"] = origin.traceparent
        if found := _TRACE_ID.match(origin.traceparent):
            traced["trace_id"] = found.group(1)
    return traced


def _trace_ids(origins: Sequence[Origin]) -> Sequence[str]:
    return [traced["trace_id"] for origin in origins if "trace_id" in (traced := _traced(origin))]


def _field_label(field: str) -> str:
    """A label with few values, for any field name that a sender made up."""
    name = _INDEX.sub("[]", field)
    return name if _FIELD.fullmatch(name) else "body" if not name else "other"


_HANDLERS: Mapping[type[Entry], Callable[[TelemetryJournal, Any], None]] = {
    MessageRejected: _rejected,
    MessagesReleased: _released,
    EventDeviated: _deviated,
    HalfStaged: _staged,
    HalfWasKnown: _was_known,
    ProductSaved: _saved,
    ProductAnnounced: _announced,
    HalfStalled: _stalled,
    HalfExpired: _expired,
    HalvesExpired: _many_expired,
    RowSkipped: _skipped,
    Swept: _swept,
    ActivityFailed: _failed,
}
