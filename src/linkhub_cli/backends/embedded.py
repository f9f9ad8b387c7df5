"""The embedded backend: all in one SQLite file under ``LINKHUB_DATA_DIR``, shared by as many processes as like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from linkhub_adapters.observability import Figures
from linkhub_adapters.sqlite import (
    SqliteAnnouncements,
    SqliteDatabase,
    SqliteDeadLetters,
    SqliteDepths,
    SqliteEventPublisher,
    SqliteEventQueue,
    SqliteFileHealth,
    SqliteProcessRegistry,
    SqliteProductStore,
    SqliteShopStamps,
    SqliteStagingStore,
    SqliteVideoLookup,
)
from linkhub_cli.backends.backend import OPEN_ALL, Backend, Opening
from linkhub_cli.settings import Consuming, Settings
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty
from linkhub_core.ports import Clock

__all__ = ["FILE_NAME", "open_backend"]

FILE_NAME = "linkhub.sqlite3"


@asynccontextmanager
async def open_backend(settings: Settings, clock: Clock, opening: Opening = OPEN_ALL) -> AsyncIterator[Backend]:
    """See :class:`~linkhub_cli.backends.OpenBackend`."""
    if not opening.makes_storage:
        _check_there(settings.storage.data_dir)
    database = await asyncio.to_thread(_open, settings.storage.data_dir)
    stamps = SqliteShopStamps.open(database)
    try:
        yield _Embedded(database, stamps, settings.consuming, clock).backend()
    finally:
        stamps.close()
        await asyncio.to_thread(database.close)


def _check_there(data_dir: Path) -> None:
    """Return if there is a data file, or what is left of one."""
    if not any(data_dir.glob(f"{FILE_NAME}*")):
        problem = (
            f"has no data file ({FILE_NAME}): run this where `linkhub serve` runs, or set LINKHUB_DATA_DIR to its "
            "directory; `linkhub init` makes a new file"
        )
        raise SettingsFaulty([SettingFault("LINKHUB_DATA_DIR", problem, str(data_dir))])


def _open(data_dir: Path) -> SqliteDatabase:
    try:
        return SqliteDatabase.open(data_dir / FILE_NAME)
    except OSError as error:
        problem = f"cannot be used ({error.strerror or error}): set it to a directory that may be written to"
        raise SettingsFaulty([SettingFault("LINKHUB_DATA_DIR", problem, str(data_dir))]) from error


@frozen
class _Embedded:
    """The ports over one opened file."""

    database: SqliteDatabase
    stamps: SqliteShopStamps
    consuming: Consuming
    clock: Clock

    def backend(self) -> Backend:
        health = SqliteFileHealth(database=self.database)
        nodes = SqliteProcessRegistry(database=self.database, clock=self.clock)
        announcements = SqliteAnnouncements(database=self.database)
        return Backend(
            name="embedded",
            queue=self._queue(),
            publisher=SqliteEventPublisher(database=self.database, clock=self.clock),
            dead_letters=SqliteDeadLetters(database=self.database, clock=self.clock),
            staging=SqliteStagingStore(database=self.database),
            products=SqliteProductStore(database=self.database),
            videos=SqliteVideoLookup(database=self.database),
            notifier=announcements,
            open_feed=announcements.open_feed,
            probes={"file": health.check_readable},
            work_probes={"writes": health.check_writable},
            guard=health.check_there,
            made=str(self.database.path) if self.database.is_new else None,
            figures=self._figures,
            cheap_to_scan=True,
            stamps=self.stamps,
            meet=nodes.meet,
            leave=nodes.leave,
        )

    def _queue(self) -> SqliteEventQueue:
        return SqliteEventQueue(
            database=self.database,
            clock=self.clock,
            batch_size=self.consuming.batch_size,
            visibility_timeout_seconds=self.consuming.visibility_timeout_seconds,
            receive_wait_seconds=self.consuming.receive_wait_seconds,
            max_receive_count=self.consuming.max_receive_count,
        )

    async def _figures(self) -> Figures:
        taken_at = self.clock.now()
        depths = await SqliteDepths(database=self.database).take()
        return Figures(
            taken_at=taken_at,
            queued=depths.queued,
            staged=depths.staged,
            oldest_staged_at=depths.oldest_staged_at,
            dead_letters=depths.dead_letters,
        )
