"""Opens every port in memory, connected to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Unpack

from linkhub_adapters.memory.announcements import MemoryAnnouncements
from linkhub_adapters.memory.event_queue import MemoryEventQueue, MemoryQueueContents
from linkhub_adapters.memory.product_store import MemoryProductStore, MemoryShopStamps
from linkhub_adapters.memory.shop_directory import MemoryShopDirectory
from linkhub_adapters.memory.staging_store import MemoryStagingStore
from linkhub_adapters.memory.video_lookup import MemoryVideoLookup
from linkhub_core.ports import Clock, OpenedPorts, QueueOptions


@asynccontextmanager
async def open_ports(*, clock: Clock, **options: Unpack[QueueOptions]) -> AsyncIterator[OpenedPorts]:
    """Open empty queues, stores and a bus. They are gone when the context is left.

    Args:
        clock: the clock of the leases.
        options: see :data:`linkhub_core.ports.QUEUE_DEFAULTS`.
    """
    queue = MemoryEventQueue(clock=clock, **options)
    staging, products, announcements = MemoryStagingStore(), MemoryProductStore(), MemoryAnnouncements()
    yield OpenedPorts(
        queue=queue,
        publisher=queue,
        dead_letters=queue,
        queue_contents=MemoryQueueContents(queue=queue),
        staging=staging,
        products=products,
        notifier=announcements,
        open_feed=announcements.open_feed,
        stamps=MemoryShopStamps(products),
        shops=MemoryShopDirectory(products=products),
        videos=MemoryVideoLookup(queue=queue, staging=staging, products=products),
    )
