"""The status line of the demonstration, redrawn in place on a terminal."""

from __future__ import annotations

import asyncio

from attrs import frozen
from rich.console import Console

from linkhub_adapters.observability import Metrics
from linkhub_cli.operator.backend_gauges import BackendGauges
from linkhub_cli.operator.process_registry import counter_total

_REDRAW_SECONDS = 0.5


@frozen(kw_only=True)
class StatusLine:
    """The duty that draws the line on ``console``, if that is a terminal."""

    console: Console
    metrics: Metrics
    gauges: BackendGauges

    def text(self) -> str:
        """The counts of this moment."""
        figures, realtime = self.gauges.figures, self.metrics.take_realtime()
        counted = {
            "products": counter_total(self.metrics.saved, change="new"),
            "updates": counter_total(self.metrics.saved, change="update"),
            "copies": counter_total(self.metrics.duplicates),
            "waiting": figures.staged if figures and figures.staged is not None else 0,
            "rejected": figures.dead_letters if figures and figures.dead_letters is not None else 0,
            "viewers": sum(realtime["connections"].values()) if realtime else 0,
        }
        return " · ".join(f"{count:,} {name}" for name, count in counted.items())

    async def run(self, stop: asyncio.Event) -> None:
        """Redraw twice a second until ``stop`` is set."""
        if not self.console.is_terminal:
            await stop.wait()
            return
        with self.console.status("") as status:
            while not stop.is_set():
                status.update(self.text())
                try:
                    async with asyncio.timeout(_REDRAW_SECONDS):
                        await stop.wait()
                except TimeoutError:
                    continue
