"""Fakes of ports for tests: a clock that the test moves, a journal and a notifier that keep what they are given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from attrs import define, field

from linkhub_core.model.announcement import Announcement
from linkhub_core.model.half_report import HalfReport
from linkhub_core.ports import Entry

E = TypeVar("E")


@define
class FakeClock:
    """A :class:`~linkhub_core.ports.Clock` that only the test moves."""

    present: datetime = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return ``present``."""
        return self.present

    async def sleep(self, seconds: float) -> None:
        """Advance the clock by ``seconds`` without waiting, and let other tasks run once."""
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move the clock by ``seconds``; negative values move it back."""
        self.present += timedelta(seconds=seconds)


@define
class MemoryJournal:
    """A :class:`~linkhub_core.ports.Journal` that keeps every entry, in order, without a bound."""

    entries: list[Entry] = field(factory=list)

    def record(self, entries: Sequence[Entry]) -> None:
        """See the port."""
        self.entries += entries

    def of(self, kind: type[E]) -> list[E]:
        """Return the entries of one class."""
        return [entry for entry in self.entries if isinstance(entry, kind)]


@define(eq=False)
class RecordingNotifier:
    """A :class:`~linkhub_core.ports.Notifier` that keeps every announcement and every report."""

    taken: list[Announcement] = field(factory=list)
    reports: list[HalfReport] = field(factory=list)

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        self.taken += announcements

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port."""
        self.reports += reports
