"""The file, opened: one thread that writes, one that reads for this process, several that read for its clients.

SQLite allows one writer at a time, so this process has one, and lets other processes' writers wait for at most
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

from linkhub_adapters.sqlite.errors import is_damage, translated, translating
from linkhub_adapters.sqlite.file_identity import FileIdentity, check_no_leftovers
from linkhub_adapters.sqlite.reader_pool import ReaderPool
from linkhub_adapters.sqlite.schema import prepare
from linkhub_adapters.sqlite.transaction import transaction
from linkhub_core.errors import LinkhubError

__all__ = ["POLL_SECONDS", "SqliteDatabase", "from_microseconds", "microseconds"]

T = TypeVar("T")

POLL_SECONDS = 0.05
_CACHE_KIB = 16_000
# Readers of clients read other pages of the file each time. A page that the kernel has is copied faster into memory
# that is in use already than into more memory: a first read of a shop takes 85 us instead of 125.
_CLIENT_CACHE_KIB = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The moment of so many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=count)


@define(eq=False)
class _Lane:
    """One connection, used by its own thread only, until that has ended."""

    connection: sqlite3.Connection
    thread: ThreadPoolExecutor

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, work, self.connection)

    def close(self) -> None:
        """Finish what waits, then close."""
        self.thread.submit(self.connection.close).result()
        self.thread.shutdown()

    def break_off(self) -> None:
        """Let nothing more begin, interrupt what is under way, and close."""
        self.thread.shutdown(wait=False, cancel_futures=True)
        self.connection.interrupt()
        self.thread.shutdown()
        self.connection.close()


@define(eq=False)
class SqliteDatabase:
    """One open file. Made by :meth:`open`; closed by :meth:`close`, after which nothing may use it.

    ``is_new`` says that there was no file before. ``damage`` is the first error that said that the file is damaged: a
    damaged file stays damaged until the process ends.
    """

    path: Path
    is_new: bool
    _writer: _Lane
    _reader: _Lane
    _client_readers: ReaderPool
    _identity: FileIdentity
    damage: LinkhubError | None = field(default=None, init=False)
    _waiting: set[asyncio.Future[None]] = field(factory=set, init=False)

    @classmethod
    def open(cls, path: Path, *, busy_timeout_seconds: float = 5.0) -> SqliteDatabase:
        """Open the file; make it if there is none.

        Args:
            path: the file; its directory is made when it is missing.
            busy_timeout_seconds: how long a write waits for another process's.

        Raises:
            ServiceUnavailable: the file cannot be opened, or is not ours.
            StoreLost: the file is gone, and its write-ahead log is still there.
            OSError: its directory cannot be made.
        """
        with translating(path):
            check_no_leftovers(path)
            is_new = not path.exists() or not path.stat().st_size  # an empty one is left where the disk was full
            path.parent.mkdir(parents=True, exist_ok=True)
            writer = _open_lane(path, busy_timeout_seconds, "linkhub-sqlite-writer")
            try:
                writer.thread.submit(_prepare, writer.connection, busy_timeout_seconds).result()
                identity = FileIdentity.of(path)
                reader = _open_lane(path, busy_timeout_seconds, "linkhub-sqlite-reader")
            except BaseException:
                writer.close()
                raise
        clients = ReaderPool(connect=lambda: _connect(path, busy_timeout_seconds, cache_kib=_CLIENT_CACHE_KIB))
        return cls(path, is_new, writer, reader, clients, identity)

    def close(self) -> None:
        """Break off what is read, finish what is written, then close the file."""
        self._client_readers.break_off()
        self._reader.break_off()
        self._writer.close()

    def check_identity(self) -> None:
        """Return if the path still leads to the open file; a system call or three.

        Raises:
            StoreLost: the file was moved, deleted or replaced.
            ServiceUnavailable: the directory cannot be looked at.
        """
        self._identity.check()

    def note_damage(self, error: sqlite3.Error, told: LinkhubError) -> None:
        """Remember ``told`` if ``error`` says that the file is damaged."""
        if self.damage is None and is_damage(error):
            self.damage = told

    def _translated(self, work: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
        try:
            return work(connection)
        except sqlite3.Error as error:
            told = translated(error, self.path)
            self.note_damage(error, told)
            raise told from error

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the reading thread; it sees everything that was committed before.

        Raises:
            ServiceUnavailable: as the module :mod:`~linkhub_adapters.sqlite.errors` tells.
        """
        return await self._reader.run(partial(self._translated, work))

    async def read_for_client(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The same on one of several threads that serve clients, so that no feed and no queue waits for them.

        If the caller is cancelled, the read is interrupted.

        Raises:
            ServiceUnavailable: as for :meth:`read`.
        """
        return await self._client_readers.run(partial(self._translated, work))

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` as one transaction on the writing thread; when this returns, it is on the disk.

        Raises:
            ServiceUnavailable, StoreRefused: nothing of it was written.
        """

        def within(connection: sqlite3.Connection) -> T:
            with transaction(connection):
                return work(connection)

        return await self._writer.run(partial(self._translated, within))

    def tell(self) -> None:
        """Wake those in this process who wait for news."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def news(self, seconds: float) -> None:
        """Wait until somebody in this process has news, or for ``seconds``: another process cannot tell us."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            self._waiting.discard(waiting)


def _open_lane(path: Path, busy_timeout_seconds: float, name: str) -> _Lane:
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
    try:
        connection = thread.submit(_connect, path, busy_timeout_seconds).result()
    except BaseException:
        thread.shutdown()
        raise
    return _Lane(connection, thread)


def _connect(path: Path, busy_timeout_seconds: float, *, cache_kib: int = _CACHE_KIB) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy_timeout_seconds, isolation_level=None, cached_statements=256, check_same_thread=False
    )
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA cache_size=-{cache_kib}")
    # Some systems' SQLite overwrites what is deleted with zeros, which would cost a write for each settled message.
    connection.execute("PRAGMA secure_delete=OFF")
    return connection


def _prepare(connection: sqlite3.Connection, busy_timeout_seconds: float) -> None:
    _use_write_ahead_log(connection, time.monotonic() + busy_timeout_seconds)
    prepare(connection)


def _use_write_ahead_log(connection: sqlite3.Connection, deadline: float) -> None:
    """Changing the journal mode does not wait for locks by itself: several processes may open a new file at once."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS / 10)
        else:
            return
