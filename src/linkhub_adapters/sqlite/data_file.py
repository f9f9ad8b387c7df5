"""The data file: opens connections to it, runs transactions, and notices that it was moved, deleted or replaced.

SQLite does not notice that. Three files belong together: the main one, its ``-wal`` and its ``-shm``. While a process
has them open, their inodes do not change. If one changes, no other process finds the later writes of this process.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

from linkhub_core.errors import ServiceUnavailable, StoreLost

CACHE_KIB = 16_000
WAIT_FOR_DISK = "PRAGMA synchronous=FULL"
KEEP_ORDER = "PRAGMA synchronous=NORMAL"  # with a write-ahead log it can lose the last commits, and no others
_RETRY_SECONDS = 0.005
_GONE = {errno.ENOENT, errno.ENOTDIR}


def connect(path: Path, busy_timeout_seconds: float, *, cache_kib: int = CACHE_KIB) -> sqlite3.Connection:
    """Open a connection that may be used by any one thread at a time."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_seconds, isolation_level=None, cached_statements=256, check_same_thread=False
    )
    connection.execute(WAIT_FOR_DISK)
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
    """Commit the statements of the block; roll back if the block, or the commit, fails.

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


# --- the identity of the open file


@frozen
class FileIdentity:
    """Device and inode of the three files when they were opened."""

    path: Path
    inodes: Mapping[Path, tuple[int, int]]

    @classmethod
    def of(cls, path: Path) -> FileIdentity:
        """Read the inodes; call it while a connection is open.

        Raises:
            StoreLost: the main file is not there.
        """
        absolute = path.absolute()
        found = {file: inode for file in _files_of(absolute) if (inode := _inode(file)) is not None}
        identity = cls(path, found)
        if absolute not in found:
            raise identity.lost("it was moved or deleted while it was being opened")
        return identity

    def check(self) -> None:
        """Check that each file is the one that was opened.

        Raises:
            StoreLost: one of them is not.
            ServiceUnavailable: the directory cannot be read.
        """
        for file, opened in self.inodes.items():
            try:
                found = _inode(file)
            except OSError as error:
                raise ServiceUnavailable(f"the file {self.path}", error.strerror or str(error)) from error
            if found != opened:
                subject = "it" if file.name == self.path.name else f"its file {file.name}"
                how = "was moved or deleted" if found is None else "was replaced by another file"
                raise self.lost(f"{subject} {how} while this process had it open")

    def lost(self, problem: str) -> StoreLost:
        """The error that ends the process."""
        advice = "what was written since is in the file that was moved: put it back with its -wal, then start again"
        return StoreLost(f"the file {self.path}", f"{problem}; {advice}")


def check_no_leftovers(path: Path) -> None:
    """Check that the main file is not gone while its write-ahead log is there: SQLite would delete the log.

    Raises:
        StoreLost: the file was moved or deleted alone.
    """
    log = path.with_name(f"{path.name}-wal")
    if not path.exists() and log.exists() and log.stat().st_size:
        problem = (
            f"it was moved or deleted, but {log.name}, which belongs to it, is still there: put the file back beside "
            f"it, or, if it is not wanted any more, delete {log.name} and {path.name}-shm too"
        )
        raise StoreLost(f"the file {path}", problem)


def _files_of(path: Path) -> tuple[Path, Path, Path]:
    return path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        seen = os.stat(path)  # noqa: PTH116  the same call, without an object for each
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise
    return seen.st_dev, seen.st_ino
