"""Single values that all processes on one file share, by name."""

from __future__ import annotations

import sqlite3

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase


@frozen(kw_only=True)
class SqliteMark:
    """One value, as bytes; it stays until it is written again."""

    database: SqliteDatabase
    name: str

    async def read(self) -> bytes | None:
        """The value; None if it was never written.

        Raises:
            ServiceUnavailable: the file cannot be read.
        """

        def work(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute("SELECT value FROM marks WHERE name = ?", (self.name,)).fetchone()
            return row[0] if row else None

        return await self.database.read(work)

    async def write(self, value: bytes) -> None:
        """Replace the value.

        Raises:
            ServiceUnavailable: the file cannot be written to.
        """
        await self.database.write(
            lambda connection: connection.execute("INSERT OR REPLACE INTO marks VALUES (?, ?)", (self.name, value))
        )
