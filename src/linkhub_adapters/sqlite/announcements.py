"""The bus of the embedded backend: a table to which processes append announcements, and which feeds read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field, frozen

from linkhub_adapters.sqlite.database import POLL_SECONDS, SqliteDatabase
from linkhub_core.errors import AnnouncementsLost, MalformedEvent
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.half_report import HalfReport
from linkhub_core.wire.announcements import read_announcement

KEPT = 10_000
BATCH_SIZE = 500

_APPEND = "INSERT INTO announcements (event_json, correlation_id, created_at, stamped_at) VALUES (?, ?, ?, ?)"
_PRUNE = "DELETE FROM announcements WHERE id <= (SELECT max(id) FROM announcements) - ?"
_NEXT = f"""
SELECT id, event_json, correlation_id, created_at, stamped_at FROM announcements WHERE id > ?
ORDER BY id LIMIT {BATCH_SIZE}
"""  # noqa: S608  our own number
_LAST = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'announcements'"


@define(eq=False)
class SqliteAnnouncementFeed:
    """An :class:`~linkhub_core.ports.AnnouncementFeed` of the rows that any process appends after ``last``.

    The ids have no gaps: a gap means that rows were pruned before this feed read them. A row that cannot be read, such
    as one of a later linkhub, counts as lost: later events say that their receivers were given its product.
    """

    database: SqliteDatabase
    receive_wait_seconds: float
    last: int
    seconds: Callable[[], float] = time.monotonic
    _complete_at: float = field(init=False)

    @_complete_at.default
    def _opened_at(self) -> float:
        return self.seconds()

    async def receive(self) -> Sequence[Announcement]:
        """See :class:`~linkhub_core.ports.AnnouncementFeed`."""
        deadline = time.monotonic() + self.receive_wait_seconds
        while not (rows := await self._read()):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return []
            await self.database.wait_for_change(min(remaining, POLL_SECONDS))
        self._check_for_gap(rows[0][0])
        announcements: list[Announcement] = []
        for number, *columns in rows:
            try:
                announcement = read_announcement(*columns)
            except MalformedEvent as malformed:
                if announcements:
                    break  # those before it first; the next call begins with it
                self.last = number
                raise self._lost() from malformed
            announcements += [] if announcement is None else [announcement]
            self.last = number
        return announcements

    async def _read(self) -> list[tuple[Any, ...]]:
        asked_at = self.seconds()
        rows = await self.database.read(lambda connection: connection.execute(_NEXT, (self.last,)).fetchall())
        if not rows:
            self._complete_at = asked_at
        return rows

    def _check_for_gap(self, first: int) -> None:
        if first > self.last + 1:
            self.last = first - 1
            raise self._lost()

    def _lost(self) -> AnnouncementsLost:
        return AnnouncementsLost("the data file", self.seconds() - self._complete_at)


@frozen(kw_only=True)
class SqliteAnnouncements:
    """A :class:`~linkhub_core.ports.Notifier` that appends to the file; the last ``kept`` announcements stay."""

    database: SqliteDatabase
    kept: int = KEPT

    async def notify(self, announcements: Sequence[Announcement]) -> None:
        """See the port."""
        rows = [(one.event_json, one.correlation_id, one.created_at, one.stamped_at) for one in announcements]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(_APPEND, rows)
            connection.execute(_PRUNE, (self.kept,))

        await self.database.write(work)
        self.database.notify_waiters()

    async def report(self, reports: Sequence[HalfReport]) -> None:
        """See the port: no other service can subscribe."""

    @asynccontextmanager
    async def open_feed(self, *, receive_wait_seconds: float = 1.0) -> AsyncIterator[SqliteAnnouncementFeed]:
        """Open a feed of the announcements from now on.

        Args:
            receive_wait_seconds: how long ``receive`` waits for the first announcement.
        """
        last = await self.database.read(lambda connection: connection.execute(_LAST).fetchone()[0])
        yield SqliteAnnouncementFeed(self.database, receive_wait_seconds, last)
