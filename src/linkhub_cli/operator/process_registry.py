"""This process among the others of its backend: it stores a report of itself, and reads the reports of the others.

If a backend has no place for reports, a process knows itself alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import reduce

from attrs import define, field, frozen
from structlog.typing import FilteringBoundLogger

from linkhub_adapters.observability import Metrics, Readings
from linkhub_adapters.runtime import Repeater
from linkhub_cli.operator.process_report import Node, NodeReport, WorkTotals, decode_report, encode_report, totals_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports import Clock, Journal

EXCHANGE_SECONDS = 2.0


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
    log: FilteringBoundLogger
    exchange: Callable[[str, bytes], Awaitable[Sequence[bytes]]] | None = None
    remove: Callable[[str], Awaitable[None]] | None = None
    realtime: Callable[[], Readings | None] = field(default=lambda: None)
    _others: Sequence[NodeReport] = field(default=(), init=False)

    async def exchange_reports(self) -> None:
        """Store this process's report, and read the others'.

        Raises:
            ServiceUnavailable: the backend does not answer; the known reports stay.
        """
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
        )

    def nodes(self) -> Sequence[NodeReport]:
        """Every known process, this one first; a killed one stays for ten minutes."""
        return [self.report(), *self._others]

    def work(self) -> WorkTotals | None:
        """The totals of all of them; none if no known process consumes."""
        counted = [report.work for report in self.nodes() if report.work is not None]
        return reduce(WorkTotals.plus, counted) if counted else None


@frozen(kw_only=True)
class ProcessReports:
    """The duty that exchanges reports every two seconds, and removes this process's at the end."""

    registry: ProcessRegistry
    journal: Journal

    async def run(self, stop: asyncio.Event) -> None:
        """Exchange reports until ``stop`` is set."""
        exchanging = Repeater(
            activity="meet",
            action=self.registry.exchange_reports,
            journal=self.journal,
            interval_seconds=EXCHANGE_SECONDS,
        )
        await exchanging.run(stop)
        await self.registry.sign_off()
