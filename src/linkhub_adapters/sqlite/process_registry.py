"""The processes on one file: each leaves a report of itself now and then, and reads those of the others.

What a report says is up to who writes it; here it is bytes under a name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, microseconds
from linkhub_core.ports import Clock

__all__ = ["SqliteProcessRegistry"]

FORGOTTEN_AFTER = timedelta(minutes=10)


@frozen(kw_only=True)
class SqliteProcessRegistry:
    """Who works on the file. A process that has left no report for ten minutes is forgotten."""

    database: SqliteDatabase
    clock: Clock

    async def meet(self, node: str, report: bytes) -> Sequence[bytes]:
        """Leave the report of a process in place of its last one, and read those of all.

        Args:
            node: a name that no other process has.
            report: what the others are to read.

        Returns:
            The reports of all processes, this one's too, by their names.

        Raises:
            ServiceUnavailable: the file cannot be written to.
        """
        now = self.clock.now()
        seen_at, forgotten_before = microseconds(now), microseconds(now - FORGOTTEN_AFTER)

        def work(connection: sqlite3.Connection) -> Sequence[bytes]:
            connection.execute("INSERT OR REPLACE INTO nodes VALUES (?, ?, ?)", (node, seen_at, report))
            connection.execute("DELETE FROM nodes WHERE seen_at < ?", (forgotten_before,))
            return [row[0] for row in connection.execute("SELECT report FROM nodes ORDER BY node")]

        return await self.database.write(work)

    async def leave(self, node: str) -> None:
        """Remove the report of a process that stops; a second time does nothing.

        Raises:
            ServiceUnavailable: the file cannot be written to.
        """
        await self.database.write(lambda connection: connection.execute("DELETE FROM nodes WHERE node = ?", (node,)))
