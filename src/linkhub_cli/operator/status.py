"""The snapshot that the operator's page draws, ready for JSON: reports of processes, backend gauges, realtime figures.

A part that this process cannot know is null, never 0. `docs/reference` describes the shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from attrs import frozen

from linkhub_adapters.observability import Figures, Readings
from linkhub_cli.operator.backend_gauges import AGES, BackendGauges
from linkhub_cli.operator.process_registry import Buckets, NodeReport, ProcessRegistry, WorkTotals
from linkhub_cli.settings.packages import DISTRIBUTION
from linkhub_core.application import StalledHalves
from linkhub_core.model import Kind, WaitingHalf
from linkhub_core.ports import Clock
from linkhub_core.wire.codec import timestamp_text

_SHOWN_SELLERS = 100
_OF_CONSUMERS = ("events", "deviations", "products", "latency_seconds", "own_latency_seconds", "partner_wait_seconds")


@frozen(kw_only=True)
class OperatorStatus:
    """Makes the snapshot; ``stats`` are those of the hub."""

    is_stopping: Callable[[], bool]
    registry: ProcessRegistry
    gauges: BackendGauges
    backend: str
    clock: Clock
    staging_ttl_seconds: int
    stall_seconds: float
    realtime: Callable[[], Readings | None]
    stats: Callable[[], Mapping[str, Any]]

    async def __call__(self) -> Mapping[str, Any]:
        """The snapshot."""
        realtime, work, figures = self.realtime(), self.registry.work(), self.gauges.figures
        return {
            "timestamp": timestamp_text(self.clock.now()),
            "node": self._node(),
            "settings": {"staging_ttl_seconds": self.staging_ttl_seconds, "stall_seconds": self.stall_seconds},
            **(self._work(work) if work else dict.fromkeys(_OF_CONSUMERS)),
            "on_screen_seconds": _buckets(self.registry.on_screen()),
            "queues": _queues(figures) if figures else None,
            "staging": self._staging(work),
            "stalled": stalled_document(stalled) if (stalled := self.gauges.stalled) else None,
            "dead_letters": self._dead_letters(),
            "seen": self._seen(),
            "realtime": _realtime(realtime, self.stats()["clientsPerSeller"]) if realtime else None,
            "nodes": [_process(report) for report in self.registry.nodes()],
        }

    def _node(self) -> dict[str, Any]:
        return {
            "id": self.registry.node.node_id,
            "version": version(DISTRIBUTION),
            "backend": self.backend,
            "state": "draining" if self.is_stopping() else "ready",
            "started_at": timestamp_text(self.registry.node.started_at),
        }

    def _work(self, work: WorkTotals) -> dict[str, Any]:
        return {
            "events": [
                {"kind": kind, "outcome": outcome, "total": total}
                for kind, outcomes in work.events.items()
                for outcome, total in outcomes.items()
            ],
            "deviations": _deviations(work),
            "products": {
                "created_total": work.created,
                "revised_total": work.revised,
                "announced_total": work.announced,
                "unannounced": self.gauges.unannounced,
            },
            "latency_seconds": _buckets(work.latency),
            "own_latency_seconds": _buckets(work.own_latency),
            "partner_wait_seconds": _buckets(work.partner_wait),
        }

    def _staging(self, work: WorkTotals | None) -> dict[str, Any] | None:
        figures, ages = self.gauges.figures, self.gauges.ages
        if figures is None or figures.staged is None:
            return None
        oldest = figures.oldest_staged_at
        return {
            "count": figures.staged,
            "oldest_age_seconds": (figures.taken_at - oldest).total_seconds() if oldest else None,
            "by_age": _by_age(ages) if ages else None,
            "stalled_total": work.stalled if work else None,
            "expired_total": work.expired if work else None,
        }

    def _dead_letters(self) -> dict[str, Any] | None:
        figures, letters = self.gauges.figures, self.gauges.letters
        if figures is None or figures.dead_letters is None:
            return None
        by_reason = sorted(letters.by_reason.items(), key=lambda reason: -reason[1]) if letters else []
        newest_at = letters.newest_at if letters else None
        return {
            "total": figures.dead_letters,
            "unseen": self.gauges.unseen_letters,
            "newest_at": timestamp_text(newest_at) if newest_at else None,
            "is_read": letters is not None,
            "by_reason": [{"reason": reason, "count": count} for reason, count in by_reason],
        }

    def _seen(self) -> dict[str, Any]:
        seen, figures = self.gauges.seen, self.gauges.figures
        return {
            "at": timestamp_text(seen.value.at) if seen.value else None,
            "is_shared": seen.is_shared,
            "known_until": timestamp_text(figures.taken_at if figures else self.registry.node.started_at),
        }


def _buckets(buckets: Buckets) -> dict[str, Any]:
    return {"buckets": [{"le": bound, "count": count} for bound, count in buckets]}


def _queues(figures: Figures) -> Sequence[dict[str, Any]]:
    return [{"kind": kind, "messages": count} for kind, count in figures.queued.items()]


def _process(report: NodeReport) -> dict[str, Any]:
    return {
        "id": report.node.node_id,
        "role": report.node.role,
        "started_at": timestamp_text(report.node.started_at),
        "last_seen_at": timestamp_text(report.seen_at),
        "connections": report.connections,
    }


def _deviations(work: WorkTotals) -> Sequence[dict[str, Any]]:
    """Each rule that was applied, the most frequent first, then by name."""
    by_rule: dict[str, dict[str, int]] = {}
    for queue, counts in work.notes.items():
        for rule, count in counts.items():
            by_rule.setdefault(rule, {kind.value: 0 for kind in Kind})[queue] = count
    ordered = sorted(by_rule.items(), key=lambda entry: (-sum(entry[1].values()), entry[0]))
    return [{"rule": rule, **counts} for rule, counts in ordered]


def _by_age(ages: Mapping[Kind, Sequence[int]]) -> Sequence[dict[str, Any]]:
    bounds = [*(bound.total_seconds() for bound in AGES), None]
    return [
        {"up_to_seconds": bound, **{kind.value: ages[kind][place] for kind in Kind}}
        for place, bound in enumerate(bounds)
    ]


def stalled_document(stalled: StalledHalves) -> Mapping[str, Any]:
    """The halves that have waited long, ready for JSON."""
    return {
        "taken_at": timestamp_text(stalled.taken_at),
        "total": stalled.total,
        "missing": {kind.partner.value: count for kind, count in stalled.waiting.items()},
        "is_complete": stalled.is_complete,
        "newest_at": timestamp_text(stalled.newest_at) if stalled.newest_at else None,
        "oldest": [_half(row) for row in stalled.oldest],
    }


def _half(row: WaitingHalf) -> dict[str, Any]:
    return {
        "seller_handle": row.key.seller_handle,
        "video_id": row.key.video_id,
        "waiting": row.half.kind,
        "missing": row.half.kind.partner,
        "waiting_since": timestamp_text(row.waiting_since),
        "expires_at": timestamp_text(row.expires_at),
        "correlation_id": row.origin.correlation_id,
    }


def _realtime(readings: Readings, sellers: Mapping[str, int]) -> dict[str, Any]:
    busiest = sorted(sellers.items(), key=lambda seller: (-seller[1], seller[0]))[:_SHOWN_SELLERS]
    return {
        "connections": sum(readings["connections"].values()),
        "subscriptions": readings["subscriptions"],
        "deliveries_total": readings["deliveries"],
        "slow_readers_closed_total": readings["slow_readers_closed"],
        "by_transport": [
            {"transport": transport, "connections": count} for transport, count in readings["connections"].items()
        ],
        "sellers": [{"seller_handle": handle, "subscriptions": count} for handle, count in busiest],
    }
