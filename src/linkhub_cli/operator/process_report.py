"""The report of a process about itself, and the totals of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from attrs import field, frozen
from cattrs.preconf.orjson import make_converter
from prometheus_client import Counter as Metric
from prometheus_client import Histogram
from prometheus_client.samples import Sample

from linkhub_adapters.observability import Metrics

_CONVERTER = make_converter()


@frozen(kw_only=True)
class WorkTotals:
    """The work since a process began: messages by kind and outcome, revisions, and times to announcement.

    ``notes`` counts deviations from the event schema by queue and rule. ``latency`` counts products by the upper bounds
    of their times in seconds, cumulatively; the last has no bound.
    """

    events: Mapping[str, Mapping[str, int]] = field(factory=dict)
    notes: Mapping[str, Mapping[str, int]] = field(factory=dict)
    created: int = 0
    revised: int = 0
    announced: int = 0
    expired: int = 0
    latency: Sequence[tuple[float | None, int]] = ()

    def plus(self, other: WorkTotals) -> WorkTotals:
        """The sum."""
        latency = Counter(dict(self.latency))
        latency.update(dict(other.latency))
        return WorkTotals(
            events=_sum(self.events, other.events),
            notes=_sum(self.notes, other.notes),
            created=self.created + other.created,
            revised=self.revised + other.revised,
            announced=self.announced + other.announced,
            expired=self.expired + other.expired,
            latency=sorted(latency.items(), key=lambda entry: float("inf") if entry[0] is None else entry[0]),
        )


def _sum(one: Mapping[str, Mapping[str, int]], other: Mapping[str, Mapping[str, int]]) -> Mapping[str, Counter[str]]:
    """The sum of two tables of counts."""
    both = {name: Counter(counts) for name, counts in one.items()}
    for name, counts in other.items():
        both.setdefault(name, Counter()).update(counts)
    return both


@frozen(kw_only=True)
class Node:
    """A process: a unique name, and its role.

    ``role`` is ``serve``, ``consume`` or ``serve+consume``.
    """

    node_id: str
    role: str
    started_at: datetime

    @property
    def consumes(self) -> bool:
        """Whether it consumes."""
        return "consume" in self.role


@frozen(kw_only=True)
class NodeReport:
    """A process at one moment: ``connections`` is none without a server, ``work`` without a consumer."""

    node: Node
    seen_at: datetime
    connections: int | None = None
    work: WorkTotals | None = None


def encode_report(report: NodeReport) -> bytes:
    """A report as JSON, for other processes of the same release."""
    return _CONVERTER.dumps(report)


def decode_report(text: bytes) -> NodeReport:
    """Read a report.

    Raises:
        Exception: another release wrote it; cattrs' own, of many kinds.
    """
    return _CONVERTER.loads(text, NodeReport)


def totals_of(metrics: Metrics) -> WorkTotals:
    """The work of this process, from its metrics."""
    return WorkTotals(
        events=_table(metrics.events, "kind", "outcome"),
        notes=_table(metrics.intake_notes, "queue", "rule", without_zeros=True),
        created=counter_total(metrics.saved, change="new"),
        revised=counter_total(metrics.saved, change="update"),
        announced=counter_total(metrics.announced),
        expired=counter_total(metrics.expired),
        latency=[
            (None if sample.labels["le"] == "+Inf" else float(sample.labels["le"]), int(sample.value))
            for sample in _samples(metrics.latency, "_bucket")
        ],
    )


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
