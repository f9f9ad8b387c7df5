"""The processes on one file: each stores a report of itself from time to time, and reads those of the others.

A report is bytes, stored under the name of its process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import timedelta

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, microseconds
from linkhub_core.ports import Clock

FORGOTTEN_AFTER = timedelta(minutes=10)


@frozen(kw_only=True)
class SqliteProcessRegistry:
    """The reports of the processes. A report that is ten minutes old is removed."""

    database: SqliteDatabase
    clock: Clock

    async def exchange(self, node: str, report: bytes) -> Sequence[bytes]:
        """Replace the report of a process, and read the reports of all.

        Args:
            node: a name that no other process has.
            report: the bytes that other processes read.

        Returns:
            The reports of all processes, this one included, in the order of their names.

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
        """Remove the report of a process that ends; repeating the call does nothing.

        Raises:
            ServiceUnavailable: the file cannot be written to.
        """
        await self.database.write(lambda connection: connection.execute("DELETE FROM nodes WHERE node = ?", (node,)))
