"""Opens every port over one SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Unpack

from linkhub_adapters.sqlite.announcements import SqliteAnnouncements
from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.dead_letters import SqliteDeadLetters
from linkhub_adapters.sqlite.event_queue import SqliteEventPublisher, SqliteEventQueue
from linkhub_adapters.sqlite.product_store import SqliteProductStore
from linkhub_adapters.sqlite.queue_contents import SqliteQueueContents
from linkhub_adapters.sqlite.shop_directory import SqliteShopDirectory
from linkhub_adapters.sqlite.shop_stamps import SqliteShopStamps
from linkhub_adapters.sqlite.staging_store import SqliteStagingStore
from linkhub_adapters.sqlite.video_lookup import SqliteVideoLookup
from linkhub_core.ports import Clock, OpenedPorts, QueueOptions


@asynccontextmanager
async def open_ports(
    path: Path,
    *,
    clock: Clock,
    **options: Unpack[QueueOptions],
) -> AsyncIterator[OpenedPorts]:
    """Open the file, and close it when the context is left. Several processes may have it open.

    Args:
        path: the data file; it is created with its directory if it is absent.
        clock: the clock of the leases; processes of one file need clocks that agree.
        options: see :data:`linkhub_core.ports.QUEUE_DEFAULTS`.

    Raises:
        ServiceUnavailable: the file cannot be opened, or is not linkhub's.
        StoreLost: the file is gone, and its write-ahead log is still there.
        OSError: the directory cannot be created.
    """
    database = await asyncio.to_thread(SqliteDatabase.open, path)
    queue = SqliteEventQueue(
        database=database,
        clock=clock,
        **options,
    )
    async with ports_over(database, queue, clock) as ports:
        yield ports


@asynccontextmanager
async def ports_over(database: SqliteDatabase, queue: SqliteEventQueue, clock: Clock) -> AsyncIterator[OpenedPorts]:
    """The ports over an opened file; leaving the context closes the file."""
    stamps = SqliteShopStamps.open(database)
    announcements = SqliteAnnouncements(database=database)
    try:
        yield OpenedPorts(
            queue=queue,
            publisher=SqliteEventPublisher(database=database, clock=clock),
            dead_letters=SqliteDeadLetters(database=database, clock=clock),
            queue_contents=SqliteQueueContents(database=database, clock=clock),
            staging=SqliteStagingStore(database=database),
            products=SqliteProductStore(database=database),
            notifier=announcements,
            open_feed=announcements.open_feed,
            stamps=stamps,
            shops=SqliteShopDirectory(database=database),
            videos=SqliteVideoLookup(database=database),
        )
    finally:
        stamps.close()
        await asyncio.to_thread(database.close)
