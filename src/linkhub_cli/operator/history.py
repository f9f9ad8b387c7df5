"""The last hour of this process's figures, for the charts of a page that was just opened.

A sample contains counters; the page computes rates from them, as from answers of the status. It is kept as JSON, so the
hour takes less than a megabyte.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from attrs import define, field

from linkhub_adapters.observability import Readings
from linkhub_adapters.observability.metrics import LATENCY_BUCKETS_SECONDS
from linkhub_adapters.runtime import Repeater
from linkhub_cli.operator.backend_gauges import BackendGauges
from linkhub_cli.operator.process_registry import ProcessRegistry, WorkTotals
from linkhub_core.ports import Clock, Journal
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import timestamp_text

INTERVAL_SECONDS = 10.0
SAMPLES = 360


@define(kw_only=True)
class History:
    """Takes a sample every ten seconds, and keeps those of an hour."""

    registry: ProcessRegistry
    gauges: BackendGauges
    clock: Clock
    journal: Journal
    realtime: Callable[[], Readings | None]
    _samples: deque[bytes] = field(factory=lambda: deque(maxlen=SAMPLES), init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Take samples until ``stop`` is set."""
        await Repeater(activity="look", action=self.take, journal=self.journal, interval_seconds=INTERVAL_SECONDS).run(
            stop
        )

    async def take(self) -> None:
        """Take a sample; the oldest one of a full hour goes."""
        self._samples.append(json_text.dump(self._sample()))

    def document(self) -> bytes:
        """The samples as JSON, the oldest first."""
        bounds = json_text.dump([*map(float, LATENCY_BUCKETS_SECONDS), None])
        head = b'{"interval_seconds":%d,"latency_bounds_seconds":%b,"samples":[' % (INTERVAL_SECONDS, bounds)
        return head + b",".join(self._samples) + b"]}"

    def _sample(self) -> Mapping[str, Any]:
        node, figures, realtime = self.registry.node, self.gauges.figures, self.realtime()
        return {
            "at": timestamp_text(self.clock.now()),
            "run": f"{node.node_id} {timestamp_text(node.started_at)}",
            "deliveries": realtime["deliveries"] if realtime else None,
            "queues": dict(figures.queued) if figures else None,
            "dead_letters": figures.dead_letters if figures else None,
            "screen": [count for _, count in self.registry.on_screen()],
            **_of_work(self.registry.work()),
        }


def _of_work(work: WorkTotals | None) -> Mapping[str, Any]:
    if work is None:
        return {}
    events: Counter[str] = Counter()
    for outcomes in work.events.values():
        events.update(outcomes)
    return {
        "events": events,
        "created": work.created,
        "revised": work.revised,
        "own": [count for _, count in work.own_latency],
        "partner": [count for _, count in work.partner_wait],
    }
