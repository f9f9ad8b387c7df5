"""The metrics of one process, on a registry of their own: everything an operator watches, by name.

Counters and histograms are fed by the journal and the store wrappers. Gauges are read at the moment of the scrape from
figures that others keep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attrs import define, field
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0

from linkhub_adapters.observability.gauges import CloudUsage, Figures, HttpFigures, RealtimeFigures
from linkhub_adapters.observability.logs import dropped_lines
from linkhub_core.model import Kind
from linkhub_core.wire.intake import DEVIATIONS

__all__ = ["LATENCY_BUCKETS_SECONDS", "Metrics"]

LATENCY_BUCKETS_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 14_400, 86_400)
ACTIVITIES = ("assemble", "extend", "listen", "look", "meet", "receive", "replay", "sweep")
CALL_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


@define(kw_only=True, eq=False)
class Metrics:
    """Every metric that linkhub exposes. The ``take_...`` are asked at each scrape."""

    take_figures: Callable[[], Figures | None] = field(default=lambda: None)
    take_realtime: Callable[[], RealtimeFigures | None] = field(default=lambda: None)
    take_http: Callable[[], HttpFigures | None] = field(default=lambda: None)
    take_usage: Callable[[], CloudUsage | None] = field(default=lambda: None)
    take_dropped_lines: Callable[[], int] = field(default=dropped_lines)
    registry: CollectorRegistry = field(factory=CollectorRegistry)
    events: Counter = field(init=False)
    rejections: Counter = field(init=False)
    intake_notes: Counter = field(init=False)
    saved: Counter = field(init=False)
    announced: Counter = field(init=False)
    latency: Histogram = field(init=False)
    duplicates: Counter = field(init=False)
    expired: Counter = field(init=False)
    skipped: Gauge = field(init=False)
    failures: Counter = field(init=False)
    store_calls: Counter = field(init=False)
    store_call_seconds: Histogram = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.events = self._counter("events", "Messages by kind and by what became of them", "kind", "outcome")
        self.rejections = self._counter("rejections", "Rejected messages by kind and field at fault", "kind", "field")
        self.intake_notes = self._counter(
            "intake_notes", "Deviations from the event schema that were put right or left out", "queue", "rule"
        )
        self.saved = self._counter("products_saved", "Revisions saved: new products and updates", "change")
        self.announced = self._counter("announcements", "Revisions handed to the notifier")
        self.duplicates = self._counter("duplicates", "Halves that brought nothing new", "kind")
        self.expired = self._counter("halves_expired", "Halves whose partner never came", "kind")
        self.skipped = Gauge(
            "linkhub_rows_skipped",
            "Rows that the last sweep could not read, or that a store refused",
            registry=self.registry,
        )
        self.failures = self._counter("failures", "Activities that failed and are tried again", "activity", "transient")
        self.store_calls = self._counter("store_calls", "Calls of a store by outcome", "store", "call", "outcome")
        self.latency = Histogram(
            "linkhub_assembly_latency_seconds",
            "From the receipt of a product's first half to its announcement",
            buckets=LATENCY_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self.store_call_seconds = Histogram(
            "linkhub_store_call_seconds",
            "How long calls of a store take",
            ["store", "call"],
            buckets=CALL_BUCKETS_SECONDS,
            registry=self.registry,
        )
        self._begin_at_nought()
        self.registry.register(self)

    def _begin_at_nought(self) -> None:
        """Show what an alert counts from the start: the first failure of a process has to be an increase, too."""
        for activity in ACTIVITIES:
            for transient in ("true", "false"):
                self.failures.labels(activity, transient)
        for kind in Kind:
            self.expired.labels(kind.value)
            for outcome in ("known", "rejected", "saved", "staged"):
                self.events.labels(kind.value, outcome)
            for deviation in DEVIATIONS:
                self.intake_notes.labels(kind.value, deviation.rule)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"linkhub_{name}", documentation, labels, registry=self.registry)

    def expose(self) -> tuple[bytes, str]:
        """The exposition in Prometheus' text format, and its media type."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_1_0_0

    def collect(self) -> Iterator[Metric]:
        """What only a look can tell; called by the registry at each scrape."""
        dropped = "Lines of the log that could not be written"
        yield CounterMetricFamily("linkhub_log_lines_dropped", dropped, self.take_dropped_lines())
        if (figures := self.take_figures()) is not None:
            yield from _standing(figures)
        if (realtime := self.take_realtime()) is not None:
            yield from _connected(realtime)
        if (http := self.take_http()) is not None:
            yield from _answered(http)
        if (usage := self.take_usage()) is not None:
            yield from _used(usage)


def _standing(figures: Figures) -> Iterator[Metric]:
    queued = GaugeMetricFamily("linkhub_queue_messages", "Messages on a queue, leased ones too", labels=["queue"])
    for queue, count in figures.queued.items():
        queued.add_metric([queue], count)
    yield queued
    if figures.staged is not None:
        yield GaugeMetricFamily("linkhub_staging_halves", "Halves that wait for their partner", figures.staged)
        since = figures.oldest_staged_at or figures.taken_at
        age = (figures.taken_at - since).total_seconds()
        yield GaugeMetricFamily("linkhub_staging_oldest_age_seconds", "How long the oldest half has waited", age)
    if figures.dead_letters is not None:
        yield GaugeMetricFamily("linkhub_dead_letters", "Rejected messages that are kept", figures.dead_letters)


def _connected(realtime: RealtimeFigures) -> Iterator[Metric]:
    connections = GaugeMetricFamily("linkhub_connections", "Open connections by transport", labels=["transport"])
    for transport, count in realtime.connections.items():
        connections.add_metric([transport], count)
    yield connections
    yield GaugeMetricFamily("linkhub_subscriptions", "Subscriptions to shops", realtime.subscriptions)
    for name, documentation, total in _totals(realtime):
        yield CounterMetricFamily(name, documentation, total)
    refused = CounterMetricFamily("linkhub_connections_refused", "Connections refused, by reason", labels=["reason"])
    for reason, count in realtime.refused.items():
        refused.add_metric([reason], count)
    yield refused


def _totals(realtime: RealtimeFigures) -> Sequence[tuple[str, str, int]]:
    return (
        ("linkhub_connections_opened", "Viewers that were greeted", realtime.connections_opened),
        ("linkhub_connections_closed", "Viewers that are gone again", realtime.connections_closed),
        ("linkhub_slow_readers_closed", "Connections closed with 1013", realtime.slow_readers_closed),
        ("linkhub_viewer_messages", "Messages of viewers", realtime.messages),
        ("linkhub_viewer_errors", "Error events that viewers were answered with", realtime.errors),
        ("linkhub_broadcasts", "Announcements that went to viewers", realtime.broadcasts),
        ("linkhub_repeats_dropped", "Announcements that viewers had seen", realtime.repeats_dropped),
        ("linkhub_deliveries", "Events written to connections", realtime.deliveries),
    )


def _answered(http: HttpFigures) -> Iterator[Metric]:
    reads = CounterMetricFamily(
        "linkhub_page_reads", "First pages of shops by source: kept, joined to a read, read", labels=["source"]
    )
    for source, count in http.page_reads.items():
        reads.add_metric([source], count)
    yield reads
    yield GaugeMetricFamily("linkhub_kept_page_bytes", "Bytes of the first pages that are kept", http.kept_page_bytes)
    cut = CounterMetricFamily(
        "linkhub_http_connections_cut", "Connections of plain HTTP that were cut, by reason", labels=["reason"]
    )
    for reason, count in http.cut.items():
        cut.add_metric([reason], count)
    yield cut
    requests = GaugeMetricFamily("linkhub_http_requests", "Requests for pages: in work, and waiting", labels=["state"])
    requests.add_metric(["in_work"], http.requests_in_work)
    requests.add_metric(["waiting"], http.requests_waiting)
    yield requests


def _used(usage: CloudUsage) -> Iterator[Metric]:
    calls, retries = "Calls of AWS by service and operation", "Attempts that botocore made again, by operation"
    failures, units = "Calls, or parts of batches, that failed, by code", "DynamoDB capacity units by table"
    yield _pairs("linkhub_aws_calls", calls, ("service", "operation"), usage.calls)
    yield _pairs("linkhub_aws_retries", retries, ("service", "operation"), usage.retries)
    yield _pairs("linkhub_aws_failures", failures, ("service", "code"), usage.failures)
    yield _pairs("linkhub_dynamodb_units", units, ("table", "direction"), usage.units)


def _pairs(
    name: str, documentation: str, labels: tuple[str, str], counts: Mapping[tuple[str, str], float]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=labels)
    for pair, count in counts.items():
        family.add_metric(pair, count)
    return family
