"""The open file: one thread writes, one reads for this process, several read for its clients.

SQLite allows one writer at a time. This process has one; it waits for the writers of other processes for at most
``busy_timeout_seconds``. Readers see the last commit and never wait for a writer.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import define, field

from linkhub_adapters.sqlite.data_file import (
    KEEP_ORDER,
    WAIT_FOR_DISK,
    FileIdentity,
    check_no_leftovers,
    connect,
    transaction,
    use_write_ahead_log,
)
from linkhub_adapters.sqlite.errors import UNSTORABLE, is_damage, translated, translating
from linkhub_adapters.sqlite.reader_pool import ReaderPool
from linkhub_adapters.sqlite.schema import prepare
from linkhub_core.errors import LinkhubError

T = TypeVar("T")

POLL_SECONDS = 0.05
# Clients read different pages of the file each time. A small cache reuses its memory: a first read of a shop takes
# 85 us instead of 125.
_CLIENT_CACHE_KIB = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The moment of a count of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=count)


@define(eq=False)
class _ConnectionThread:
    """One connection, used only by its own thread until the thread has ended."""

    connection: sqlite3.Connection
    thread: ThreadPoolExecutor

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, self.connection)

    def close(self) -> None:
        """Finish the waiting calls, then close."""
        self.thread.submit(self.connection.close).result()
        self.thread.shutdown()

    def cancel(self) -> None:
        """Cancel the waiting calls, interrupt the running one, and close."""
        self.thread.shutdown(wait=False, cancel_futures=True)
        self.connection.interrupt()
        self.thread.shutdown()
        self.connection.close()


@define(eq=False)
class SqliteDatabase:
    """One open file. :meth:`open` makes it. After :meth:`close` no call may use it.

    ``is_new`` says that the file was made by this call. ``damage`` is the first error that reported damage; it stays
    until the process ends.
    """

    path: Path
    is_new: bool
    _writer: _ConnectionThread
    _reader: _ConnectionThread
    _client_readers: ReaderPool
    _identity: FileIdentity
    damage: LinkhubError | None = field(default=None, init=False)
    _waiting: set[asyncio.Future[None]] = field(factory=set, init=False)

    @classmethod
    def open(cls, path: Path, *, busy_timeout_seconds: float = 5.0) -> SqliteDatabase:
        """Open the file; create it if it is absent.

        Args:
            path: the file; its directory is created if it is missing.
            busy_timeout_seconds: how long a write waits for the write of another process.

        Raises:
            ServiceUnavailable: the file cannot be opened, or is not linkhub's.
            StoreLost: the file is gone, and its write-ahead log is still there.
            OSError: its directory cannot be created.
        """
        with translating(path):
            check_no_leftovers(path)
            is_new = not path.exists() or not path.stat().st_size  # a full disk leaves an empty file
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = _open_connection_thread(path, busy_timeout_seconds, "linkhub-sqlite-writer")
            try:
                writer.thread.submit(_prepare, writer.connection, busy_timeout_seconds).result()
                identity = FileIdentity.of(path)
                reader = _open_connection_thread(path, busy_timeout_seconds, "linkhub-sqlite-reader")
            except BaseException:
                writer.close()
                raise
        clients = ReaderPool(connect=lambda: connect(path, busy_timeout_seconds, cache_kib=_CLIENT_CACHE_KIB))
        return cls(path, is_new, writer, reader, clients, identity)

    def close(self) -> None:
        """Interrupt the reads, finish the writes, then close the file."""
        self._client_readers.cancel()
        self._reader.cancel()
        self._writer.close()

    def check_identity(self) -> None:
        """Check that the path still leads to the open file; costs three system calls.

        Raises:
            StoreLost: the file was moved, deleted or replaced.
            ServiceUnavailable: the directory cannot be read.
        """
        self._identity.check()

    def note_damage(self, error: Exception, error_of_core: LinkhubError) -> None:
        """Remember ``error_of_core`` if ``error`` reports damage of the file."""
        if self.damage is None and is_damage(error):
            self.damage = error_of_core

    def _translated(self, work: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
        try:
            return work(connection)
        except (sqlite3.Error, *UNSTORABLE) as error:
            error_of_core = translated(error, self.path)
            self.note_damage(error, error_of_core)
            raise error_of_core from error

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the reading thread; it sees every earlier commit.

        Raises:
            ServiceUnavailable: see :mod:`~linkhub_adapters.sqlite.errors`.
        """
        return await self._reader.run(partial(self._translated, work))

    async def read_for_client(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on a thread for clients, so that feeds and queues do not wait for them.

        If the caller is cancelled, the read is interrupted.

        Raises:
            ServiceUnavailable: as for :meth:`read`.
        """
        return await self._client_readers.run(partial(self._translated, work))

    async def write(self, work: Callable[[sqlite3.Connection], T], *, durably: bool = True) -> T:
        """Run ``work`` as one transaction on the writing thread. When this returns, it is on the disk.

        Args:
            work: the statements.
            durably: False does not wait for the disk. A loss of power may then undo the transaction, but none before
                it, because the log keeps their order; the end of a process undoes nothing. It is for writes that may be
                lost as if the process had ended before the call: leases, acknowledgements, cleared debts.

        Raises:
            ServiceUnavailable, StoreRefused: nothing was written.
        """

        def within(connection: sqlite3.Connection) -> T:
            connection.execute(WAIT_FOR_DISK if durably else KEEP_ORDER)
            with transaction(connection):
                return work(connection)

        return await self._writer.run(partial(self._translated, within))

    def notify_waiters(self) -> None:
        """Wake all coroutines of this process that are in :meth:`wait_for_change`."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def wait_for_change(self, seconds: float) -> None:
        """Wait for :meth:`notify_waiters`, for at most ``seconds``. Changes of other processes do not end the wait."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            self._waiting.discard(waiting)


def _open_connection_thread(path: Path, busy_timeout_seconds: float, name: str) -> _ConnectionThread:
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    try:
        connection = thread.submit(connect, path, busy_timeout_seconds).result()
    except BaseException:
        thread.shutdown()
        raise
    return _ConnectionThread(connection, thread)


def _prepare(connection: sqlite3.Connection, busy_timeout_seconds: float) -> None:
    use_write_ahead_log(connection, time.monotonic() + busy_timeout_seconds)
    prepare(connection)
