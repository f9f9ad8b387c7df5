"""This process among the others of its backend: it leaves a report of itself, and knows theirs.

Where a backend has no place for reports, a process knows of itself alone.
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

__all__ = ["MEET_SECONDS", "Attendance", "Presence"]

MEET_SECONDS = 2.0


@define(kw_only=True)
class Presence:
    """One process, and what it has heard of the others.

    ``meet`` leaves a report under a name and gives those of all, ``leave`` removes it; ``realtime`` counts the viewers
    here. A process that is killed does not leave: the others miss it until the backend forgets it.
    """

    node: Node
    metrics: Metrics
    clock: Clock
    log: FilteringBoundLogger
    meet: Callable[[str, bytes], Awaitable[Sequence[bytes]]] | None = None
    leave: Callable[[str], Awaitable[None]] | None = None
    realtime: Callable[[], Readings | None] = field(default=lambda: None)
    _others: Sequence[NodeReport] = field(default=(), init=False)

    async def look_round(self) -> None:
        """Leave a report, and read the others'.

        Raises:
            ServiceUnavailable: the backend does not answer; what was known stays.
        """
        if self.meet is None:
            return
        texts = await self.meet(self._name, encode_report(self.report()))
        reports = [report for text in texts if (report := self._read(text)) is not None]
        self._others = [report for report in reports if report.node != self.node]

    async def sign_off(self) -> None:
        """Remove the report, for the process stops: no other process is to miss it."""
        if self.leave is None:
            return
        try:
            await self.leave(self._name)
        except LinkhubError as error:
            self.log.info("not_signed_off", problem=str(error))

    @property
    def _name(self) -> str:
        return f"{self.node.node_id} {self.node.started_at.isoformat()}"

    def _read(self, text: bytes) -> NodeReport | None:
        try:
            return decode_report(text)
        except Exception as error:  # noqa: BLE001  whatever another release wrote is no reason to stop
            self.log.debug("report_unread", problem=str(error))
            return None

    def report(self) -> NodeReport:
        """This process as it is now."""
        realtime = self.realtime()
        return NodeReport(
            node=self.node,
            seen_at=self.clock.now(),
            connections=sum(realtime["connections"].values()) if realtime else None,
            work=totals_of(self.metrics) if self.node.consumes else None,
        )

    def nodes(self) -> Sequence[NodeReport]:
        """Every process that is known, this one first; one that was killed stays for ten minutes."""
        return [self.report(), *self._others]

    def work(self) -> WorkTotals | None:
        """What all of them have done together; none where nobody that is known consumes."""
        counted = [report.work for report in self.nodes() if report.work is not None]
        return reduce(WorkTotals.plus, counted) if counted else None


@frozen(kw_only=True)
class Attendance:
    """The duty of a process among others: it meets them every two seconds, and signs off when it is stopped."""

    presence: Presence
    journal: Journal

    async def run(self, stop: asyncio.Event) -> None:
        """Meet the others until ``stop`` is set."""
        meeting = Repeater(
            activity="meet", action=self.presence.look_round, journal=self.journal, interval_seconds=MEET_SECONDS
        )
        await meeting.run(stop)
        await self.presence.sign_off()
