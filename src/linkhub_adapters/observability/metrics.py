"""The metrics of one process, on a registry of their own: everything an operator watches, by name.

The journal and the observed stores feed counters and histograms. All other metrics are read at each scrape from what
its owner counts; the tables at the end say under which name. An unknown reading is None, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from attrs import asdict, define, field, frozen
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from linkhub_adapters.observability.logs import dropped_lines
from linkhub_core.model import Kind
from linkhub_core.wire.intake import DEVIATIONS

LATENCY_BUCKETS_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 14_400, 86_400)
ACTIVITIES = ("assemble", "extend", "listen", "look", "meet", "receive", "replay", "report", "sweep")
CALL_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


Readings = Mapping[str, Any]
"""Numbers by name; one with labels is a mapping from the label's value to a number. Their owner counts them."""


@frozen(kw_only=True)
class Figures:
    """The contents of queues and stores at one moment.

    Attributes:
        taken_at: that moment.
        queued: messages by queue (``caption``, ``thumbnail``).
        staged: halves that wait for their partner.
        oldest_staged_at: since when the oldest of them waits.
        dead_letters: rejected messages that are kept.
    """

    taken_at: datetime
    queued: Mapping[str, int] = field(factory=dict)
    staged: int | None = None
    oldest_staged_at: datetime | None = None
    dead_letters: int | None = None


@frozen(kw_only=True)
class CloudUsage:
    """The calls of this process to a cloud's services since its start, which the bill is made of.

    Attributes:
        calls: by service and operation.
        retries: repeated attempts, likewise.
        failures: by service and code.
        units: capacity units by table and direction (``read``, ``write``).
    """

    calls: Mapping[tuple[str, str], int] = field(factory=dict)
    retries: Mapping[tuple[str, str], int] = field(factory=dict)
    failures: Mapping[tuple[str, str], int] = field(factory=dict)
    units: Mapping[tuple[str, str], float] = field(factory=dict)


@define(kw_only=True, eq=False, slots=False)
class Metrics:
    """Every metric that linkhub exposes.

    Args:
        take_figures: the newest figures of queues and stores.
        take_realtime: the readings of the realtime room, one for each row of its table.
        take_http: the readings of plain HTTP, likewise.
        take_usage: what a cloud's services were asked for.
        take_dropped_lines: how many lines of the log were dropped.
        registry: where they are registered.
    """

    take_figures: Callable[[], Figures | None] = field(default=lambda: None)
    take_realtime: Callable[[], Readings | None] = field(default=lambda: None)
    take_http: Callable[[], Readings | None] = field(default=lambda: None)
    take_usage: Callable[[], CloudUsage | None] = field(default=lambda: None)
    take_dropped_lines: Callable[[], int] = field(default=dropped_lines)
    registry: CollectorRegistry = field(factory=CollectorRegistry)

    def __attrs_post_init__(self) -> None:
        self.events = self._counter("events", "Messages by kind and by what became of them", "kind", "outcome")
        self.rejections = self._counter("rejections", "Rejected messages by kind and field at fault", "kind", "field")
        self.intake_notes = self._counter(
            "intake_notes", "Deviations from the event schema that were put right or left out", "queue", "rule"
        )
        self.saved = self._counter("products_saved", "Revisions saved: new products and updates", "change")
        self.announced = self._counter("announcements", "Revisions handed to the notifier")
        self.duplicates = self._counter("duplicates", "Halves that brought nothing new", "kind")
        self.stalled = self._counter("halves_stalled", "Halves that were reported because they wait long", "kind")
        self.expired = self._counter("halves_expired", "Halves whose partner never came", "kind")
        self.skipped = Gauge(
            "linkhub_rows_skipped",
            "Rows that the last sweep could not read, or that a store refused",
            registry=self.registry,
        )
        self.failures = self._counter("failures", "Activities that failed and are tried again", "activity", "transient")
        self.store_calls = self._counter("store_calls", "Calls of a store by outcome", "store", "call", "outcome")
        self.latency = self._latency(
            "assembly_latency", "From the receipt of a product's first half to its announcement"
        )
        self.own_latency = self._latency(
            "own_latency", "From the moment when the queue took a revision's last message to its announcement"
        )
        self.partner_wait = self._latency(
            "partner_wait", "From the receipt of a product's first half to that of the second"
        )
        self.on_screen = self._latency(
            "stamp_to_screen", "From the worker's stamp of the newest half to the connections of subscribers"
        )
        self.store_call_seconds = Histogram(
            "linkhub_store_call_seconds",
            "How long calls of a store take",
            ["store", "call"],
            buckets=CALL_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._begin_at_zero()
        self.registry.register(self)

    def _begin_at_zero(self) -> None:
        """Expose zeros from the start, so that the first failure of a process is an increase."""
        for activity in ACTIVITIES:
            for transient in ("true", "false"):
                self.failures.labels(activity, transient)
        for kind in Kind:
            self.stalled.labels(kind.value)
            self.expired.labels(kind.value)
            for outcome in ("known", "rejected", "saved", "staged"):
                self.events.labels(kind.value, outcome)
            for deviation in DEVIATIONS:
                self.intake_notes.labels(kind.value, deviation.rule)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"linkhub_{name}", documentation, labels, registry=self.registry)

    def _latency(self, name: str, documentation: str) -> Histogram:
        return Histogram(
            f"linkhub_{name}_seconds", documentation, buckets=LATENCY_BUCKETS_SECONDS, registry=self.registry
        )

    def expose(self) -> tuple[bytes, str]:
        """The exposition in Prometheus' text format, and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_1_0_0

    def collect(self) -> Iterator[Metric]:
        """The readings of the moment; the registry calls this at each scrape."""
        yield from _families({"dropped_lines": self.take_dropped_lines()}, _LOG_ROWS)
        if (figures := self.take_figures()) is not None:
            yield from _families(_backend_readings(figures), _BACKEND_ROWS)
        if (realtime := self.take_realtime()) is not None:
            yield from _families(realtime, _REALTIME_ROWS)
        if (http := self.take_http()) is not None:
            yield from _families(http, _HTTP_ROWS)
        if (usage := self.take_usage()) is not None:
            yield from _families(asdict(usage, recurse=False), _CLOUD_ROWS)


class _Row(NamedTuple):
    """How one reading is exposed; with labels it is a mapping from their values, one text or a tuple, to numbers."""

    reading: str
    name: str
    family: type[GaugeMetricFamily | CounterMetricFamily]
    documentation: str
    labels: Sequence[str] = ()


_GAUGE, _TOTAL = GaugeMetricFamily, CounterMetricFamily

_BACKEND_ROWS = (
    _Row("queued", "queue_messages", _GAUGE, "Messages on a queue, leased ones too", ["queue"]),
    _Row("staged", "staging_halves", _GAUGE, "Halves that wait for their partner"),
    _Row("oldest_age_seconds", "staging_oldest_age_seconds", _GAUGE, "How long the oldest half has waited"),
    _Row("dead_letters", "dead_letters", _GAUGE, "Rejected messages that are kept"),
)
_REALTIME_ROWS = (
    _Row("connections", "connections", _GAUGE, "Open connections by transport", ["transport"]),
    _Row("subscriptions", "subscriptions", _GAUGE, "Subscriptions to shops"),
    _Row("connections_opened", "connections_opened", _TOTAL, "Subscribers that were connected"),
    _Row("connections_closed", "connections_closed", _TOTAL, "Subscribers that were disconnected"),
    _Row("slow_readers_closed", "slow_readers_closed", _TOTAL, "Connections closed with 1013"),
    _Row("messages_in", "viewer_messages", _TOTAL, "Messages of subscribers"),
    _Row("errors", "viewer_errors", _TOTAL, "Error events that answered subscribers"),
    _Row("broadcasts", "broadcasts", _TOTAL, "Announcements that were broadcast to subscribers"),
    _Row("repeats_dropped", "repeats_dropped", _TOTAL, "Announcements that were not newer than the last one"),
    _Row("deliveries", "deliveries", _TOTAL, "Events written to connections"),
    _Row("refused", "connections_refused", _TOTAL, "Connections refused, by reason", ["reason"]),
)
_HTTP_ROWS = (
    _Row("page_reads", "page_reads", _TOTAL, "First pages of shops: kept, joined to a read, or read", ["source"]),
    _Row("kept_page_bytes", "kept_page_bytes", _GAUGE, "Bytes of the first pages that are kept"),
    _Row("cut", "http_connections_cut", _TOTAL, "Connections of plain HTTP that were cut, by reason", ["reason"]),
    _Row("requests", "http_requests", _GAUGE, "Requests for pages: in work, and waiting", ["state"]),
)
_CLOUD_ROWS = (
    _Row("calls", "aws_calls", _TOTAL, "Calls of AWS by service and operation", ["service", "operation"]),
    _Row("retries", "aws_retries", _TOTAL, "Attempts that botocore repeated, by operation", ["service", "operation"]),
    _Row("failures", "aws_failures", _TOTAL, "Calls, or parts of batches, that failed, by code", ["service", "code"]),
    _Row("units", "dynamodb_units", _TOTAL, "DynamoDB capacity units by table", ["table", "direction"]),
)
_LOG_ROWS = (_Row("dropped_lines", "log_lines_dropped", _TOTAL, "Lines of the log that could not be written"),)


def _backend_readings(figures: Figures) -> Readings:
    oldest = figures.oldest_staged_at or figures.taken_at
    age_seconds = None if figures.staged is None else (figures.taken_at - oldest).total_seconds()
    return {**asdict(figures, recurse=False), "oldest_age_seconds": age_seconds}


def _families(readings: Readings, rows: Sequence[_Row]) -> Iterator[Metric]:
    """One family a row; a reading of None is unknown and left out."""
    for row in rows:
        value = readings[row.reading]
        if value is None:
            continue
        family = row.family(f"linkhub_{row.name}", row.documentation, labels=row.labels)
        samples = value.items() if isinstance(value, Mapping) else [((), value)]
        for labels, number in samples:
            family.add_metric([labels] if isinstance(labels, str) else labels, number)
        yield family
