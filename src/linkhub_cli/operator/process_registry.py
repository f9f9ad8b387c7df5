"""This process among the others of its backend: it stores a report of itself, and reads the reports of the others.

If a backend has no place for reports, a process knows itself alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import reduce

from attrs import define, field, frozen
from cattrs.preconf.orjson import make_converter
from prometheus_client import Counter as Metric
from prometheus_client import Histogram
from prometheus_client.samples import Sample
from structlog.typing import FilteringBoundLogger

from linkhub_adapters.observability import Metrics, Readings
from linkhub_adapters.runtime import Repeater
from linkhub_core.errors import LinkhubError
from linkhub_core.ports import Clock, Journal

EXCHANGE_SECONDS = 2.0

_CONVERTER = make_converter()

Buckets = Sequence[tuple[float | None, int]]


@frozen(kw_only=True)
class WorkTotals:
    """The work since a process began: messages by kind and outcome, revisions, and times to announcement.

    ``notes`` counts deviations from the event schema by queue and rule. ``latency`` counts products by the upper bounds
    of their times in seconds, cumulatively; the last has no bound. ``own_latency`` and ``partner_wait`` are its parts.
    """

    events: Mapping[str, Mapping[str, int]] = field(factory=dict)
    notes: Mapping[str, Mapping[str, int]] = field(factory=dict)
    created: int = 0
    revised: int = 0
    announced: int = 0
    stalled: int = 0
    expired: int = 0
    latency: Buckets = ()
    own_latency: Buckets = ()
    partner_wait: Buckets = ()

    def plus(self, other: WorkTotals) -> WorkTotals:
        """The sum."""
        return WorkTotals(
            events=_sum(self.events, other.events),
            notes=_sum(self.notes, other.notes),
            created=self.created + other.created,
            revised=self.revised + other.revised,
            announced=self.announced + other.announced,
            stalled=self.stalled + other.stalled,
            expired=self.expired + other.expired,
            latency=_sum_of_buckets(self.latency, other.latency),
            own_latency=_sum_of_buckets(self.own_latency, other.own_latency),
            partner_wait=_sum_of_buckets(self.partner_wait, other.partner_wait),
        )


def _sum_of_buckets(one: Buckets, other: Buckets) -> Buckets:
    counts = Counter(dict(one))
    counts.update(dict(other))
    return sorted(counts.items(), key=lambda entry: float("inf") if entry[0] is None else entry[0])


def _sum(one: Mapping[str, Mapping[str, int]], other: Mapping[str, Mapping[str, int]]) -> Mapping[str, Counter[str]]:
    """The sum of two tables of counts."""
    both = {name: Counter(counts) for name, counts in one.items()}
    for name, counts in other.items():
        both.setdefault(name, Counter()).update(counts)
    return both


@frozen(kw_only=True)
class Node:
    """A process: a unique name, and its role: ``serve``, ``consume`` or ``serve+consume``."""

    node_id: str
    role: str
    started_at: datetime

    @property
    def consumes(self) -> bool:
        """Whether it consumes."""
        return "consume" in self.role


@frozen(kw_only=True)
class NodeReport:
    """A process at one moment: ``connections`` is none without a server, ``work`` without a consumer.

    ``on_screen`` counts the times from a worker's stamp to the connections of subscribers, in buckets.
    """

    node: Node
    seen_at: datetime
    connections: int | None = None
    work: WorkTotals | None = None
    on_screen: Buckets = ()


def encode_report(report: NodeReport) -> bytes:
    """A report as JSON, for other processes of the same release."""
    return _CONVERTER.dumps(report)


def decode_report(text: bytes) -> NodeReport:
    """Read a report; raises exceptions of many kinds if another release wrote it."""
    return _CONVERTER.loads(text, NodeReport)


def totals_of(metrics: Metrics) -> WorkTotals:
    """The work of this process, from its metrics."""
    return WorkTotals(
        events=_table(metrics.events, "kind", "outcome"),
        notes=_table(metrics.intake_notes, "queue", "rule", without_zeros=True),
        created=counter_total(metrics.saved, change="new"),
        revised=counter_total(metrics.saved, change="update"),
        announced=counter_total(metrics.announced),
        stalled=counter_total(metrics.stalled),
        expired=counter_total(metrics.expired),
        latency=_buckets(metrics.latency),
        own_latency=_buckets(metrics.own_latency),
        partner_wait=_buckets(metrics.partner_wait),
    )


def _buckets(histogram: Histogram) -> Buckets:
    return [
        (None if sample.labels["le"] == "+Inf" else float(sample.labels["le"]), int(sample.value))
        for sample in _samples(histogram, "_bucket")
    ]


def counter_total(counter: Metric, **labels: str) -> int:
    """The sum of a counter over all children with these labels."""
    return sum(int(one.value) for one in _samples(counter, "_total") if labels.items() <= one.labels.items())


def _table(counter: Metric, row: str, column: str, *, without_zeros: bool = False) -> Mapping[str, Mapping[str, int]]:
    table: dict[str, dict[str, int]] = {}
    for sample in _samples(counter, "_total"):
        if sample.value or not without_zeros:
            table.setdefault(sample.labels[row], {})[sample.labels[column]] = int(sample.value)
    return table


def _samples(metric: Metric | Histogram, suffix: str) -> Iterable[Sample]:
    return [sample for family in metric.collect() for sample in family.samples if sample.name.endswith(suffix)]


@define(kw_only=True)
class ProcessRegistry:
    """This process, and the reports of the others.

    Attributes:
        exchange: stores a report under a name and returns the reports of all processes.
        remove: removes it. After a kill the report stays until the backend deletes it.
        realtime: counts the connections of this process; none without a server.
    """

    node: Node
    metrics: Metrics
    clock: Clock
    journal: Journal
    log: FilteringBoundLogger
    exchange: Callable[[str, bytes], Awaitable[Sequence[bytes]]] | None = None
    remove: Callable[[str], Awaitable[None]] | None = None
    realtime: Callable[[], Readings | None] = field(default=lambda: None)
    _others: Sequence[NodeReport] = field(default=(), init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Exchange reports every two seconds until ``stop`` is set, then remove this process's."""
        await Repeater(
            activity="meet", action=self.exchange_reports, journal=self.journal, interval_seconds=EXCHANGE_SECONDS
        ).run(stop)
        await self.sign_off()

    async def exchange_reports(self) -> None:
        """Store this process's report, and read the others'; if the backend does not answer, the known ones stay."""
        if self.exchange is None:
            return
        texts = await self.exchange(self._name, encode_report(self.report()))
        reports = [report for text in texts if (report := self._read(text)) is not None]
        self._others = [report for report in reports if report.node != self.node]

    async def sign_off(self) -> None:
        """Remove the report when the process stops."""
        if self.remove is None:
            return
        try:
            await self.remove(self._name)
        except LinkhubError as error:
            self.log.info("not_signed_off", problem=str(error))

    @property
    def _name(self) -> str:
        return f"{self.node.node_id} {self.node.started_at.isoformat()}"

    def _read(self, text: bytes) -> NodeReport | None:
        try:
            return decode_report(text)
        except Exception as error:  # noqa: BLE001  another release may write anything
            self.log.debug("report_unread", problem=str(error))
            return None

    def report(self) -> NodeReport:
        """The report of this process."""
        realtime = self.realtime()
        return NodeReport(
            node=self.node,
            seen_at=self.clock.now(),
            connections=sum(realtime["connections"].values()) if realtime else None,
            work=totals_of(self.metrics) if self.node.consumes else None,
            on_screen=() if realtime is None else _buckets(self.metrics.on_screen),
        )

    def nodes(self) -> Sequence[NodeReport]:
        """Every known process, this one first; a killed one stays for ten minutes."""
        return [self.report(), *self._others]

    def work(self) -> WorkTotals | None:
        """The totals of all of them; none if no known process consumes."""
        counted = [report.work for report in self.nodes() if report.work is not None]
        return reduce(WorkTotals.plus, counted) if counted else None

    def on_screen(self) -> Buckets:
        """The times to the screen of all known servers."""
        return reduce(_sum_of_buckets, (report.on_screen for report in self.nodes()), ())
