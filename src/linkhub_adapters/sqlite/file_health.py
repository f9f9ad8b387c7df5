"""The health of an open file: is it there, can it be read, can it be written.

    method            fails with             when
    ----------------  ---------------------  ----------------------------------------------------------------------
    check_there       StoreLost              the file, its -wal or its -shm was moved, deleted or replaced
    check_readable    the above, or          a page that cannot be read, a header of another program, a file that became
                      ServiceUnavailable     shorter, or damage that any earlier call met
    check_writable    the above, or          a full disk, a read-only file, a lock that is not released
                      ServiceUnavailable

SQLite goes on with a file that was moved away, and answers reads from its cache after the file was overwritten. So each
check looks at the path and opens a connection of its own. No check opens the file by other means than SQLite: closing
such a descriptor drops the locks that SQLite holds for this process (https://www.sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from attrs import define, field

from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.errors import free_bytes, translated, translating
from linkhub_core.errors import LinkhubError, ServiceUnavailable

LEAST_FREE_BYTES = 1_048_576
MOST_CHECKED_BYTES = 16 * 1_048_576
CHECK_EVERY_SECONDS = 3.0
_BUDGET_SECONDS = 0.2
# The first and last pages of the tables; announcements have a probe of their own, the feed.
_HEADS = (
    "SELECT max(id) FROM messages",
    "SELECT max(id) FROM dead_letters",
    "SELECT max(seller_handle) FROM products",
    "SELECT max(seller_handle) FROM staging",
    "SELECT max(rowid) FROM products",
)


@define(kw_only=True, eq=False)
class SqliteFileHealth:
    """Checks one open file. ``seconds`` is a steady clock."""

    database: SqliteDatabase
    seconds: Callable[[], float] = time.monotonic
    _longest_bytes: int = field(default=0, init=False)
    _pages_checked_at: float = field(default=float("-inf"), init=False)

    async def check_there(self) -> None:
        """Check that the path still leads to the open file.

        Raises:
            StoreLost: it does not; no other process finds the writes of this one.
            ServiceUnavailable: the directory cannot be read.
        """
        await asyncio.to_thread(self.database.check_identity)

    async def check_readable(self) -> None:
        """Check that the file is there and its pages can be read.

        Raises:
            StoreLost, ServiceUnavailable: as the module says.
        """
        await asyncio.to_thread(self._check_readable)

    def _check_readable(self) -> None:
        self.database.check_identity()
        if self.database.damage is not None:
            raise self.database.damage
        path = self.database.path
        try:
            self._check_length(path)
            _check_header(path)
            with closing(sqlite3.connect(path, timeout=1.0)) as connection:
                for statement in _HEADS:
                    connection.execute(statement).fetchone()
                self._check_pages(connection, path)
        except sqlite3.Error as error:
            failure = translated(error, path)
            self.database.note_damage(error, failure)
            raise failure from error

    def _check_length(self, path: Path) -> None:
        """The main file never becomes shorter while it is in use: only VACUUM shortens it, and linkhub calls none."""
        length = path.stat().st_size
        if length < self._longest_bytes:
            raise _damage(f"it was cut from {self._longest_bytes:,} to {length:,} bytes")
        self._longest_bytes = length

    def _check_pages(self, connection: sqlite3.Connection, path: Path) -> None:
        """Check all pages of a small file every few seconds. A large file takes too long for that."""
        now = self.seconds()
        if now - self._pages_checked_at < CHECK_EVERY_SECONDS or path.stat().st_size > MOST_CHECKED_BYTES:
            return
        self._pages_checked_at = now
        deadline = time.monotonic() + _BUDGET_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() >= deadline, 10_000)
        try:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_INTERRUPT":
                raise
            return
        if found != "ok":
            raise _damage(found)

    async def check_writable(self) -> None:
        """Check that a transaction can be committed now.

        Raises:
            StoreLost, ServiceUnavailable: as the module says.
        """
        await self.check_there()
        with translating(self.database.path):
            free = await asyncio.to_thread(free_bytes, self.database.path.parent)
        if free < LEAST_FREE_BYTES:
            raise disk_full(self.database.path, free)
        await self.database.write(_write_a_page)


def disk_full(path: Path, free: int) -> LinkhubError:
    """The error for a disk that has no room for the next transactions."""
    problem = f"the disk is full ({free:,} bytes free); make room, nothing that was accepted is lost"
    return ServiceUnavailable(f"the file {path}", problem)


def _write_a_page(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute(f"PRAGMA user_version = {version}")  # the same value, but SQLite writes the page


def _check_header(path: Path) -> None:
    """Read the first page from the disk; the other connections may read it from the write-ahead log."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        connection.execute("PRAGMA schema_version").fetchone()


def _damage(found: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(found)
    error.sqlite_errorname = "SQLITE_CORRUPT"
    return error
