"""Opens connections to the file, and runs transactions on them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CACHE_KIB = 16_000
_RETRY_SECONDS = 0.005


def connect(path: Path, busy_timeout_seconds: float, *, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
    """Open a connection that may be used by any one thread at a time."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_seconds, isolation_level=None, cached_statements=256, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA cache_size=-{cache_kib}")
    # Some builds of SQLite overwrite deleted rows with zeros, which costs a write for each acknowledged message.
    connection.execute("PRAGMA secure_delete=OFF")
    return connection


def use_write_ahead_log(connection: sqlite3.Connection, deadline: float) -> None:
    """Set the journal mode. SQLite does not wait for locks here, and several processes may open a new file at once."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
        else:
            return


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what the block does; undo it if the block, or the commit, fails.

    Raises:
        sqlite3.Error: the first error. SQLite ends the transaction when the disk is full or fails, and a
            rollback then fails as well: that second error says nothing about the cause.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
