"""Counts of the rows in the file, for metrics, the operator's page and readiness."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, from_microseconds
from linkhub_core.model import Kind

QUEUED = "SELECT kind, count(*) FROM messages GROUP BY kind"


@frozen(kw_only=True)
class Depths:
    """Messages by kind (leased ones too), waiting halves, since when the oldest of them waits, and dead letters."""

    queued: Mapping[str, int]
    staged: int
    oldest_staged_at: datetime | None
    dead_letters: int


@frozen(kw_only=True)
class SqliteDepths:
    """Counts messages, staging rows and dead letters."""

    database: SqliteDatabase

    async def take(self) -> Depths:
        """Count now.

        Raises:
            ServiceUnavailable: the file cannot be read.
        """
        return await self.database.read(_take)


def _take(connection: sqlite3.Connection) -> Depths:
    counted = dict(connection.execute(QUEUED).fetchall())
    staged, oldest = connection.execute("SELECT count(*), min(waiting_since) FROM staging").fetchone()
    (letters,) = connection.execute("SELECT count(*) FROM dead_letters").fetchone()
    return Depths(
        queued={kind.value: counted.get(kind.value, 0) for kind in Kind},
        staged=staged,
        oldest_staged_at=None if oldest is None else from_microseconds(oldest),
        dead_letters=letters,
    )
