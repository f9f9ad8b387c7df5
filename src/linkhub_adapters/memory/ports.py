"""Opens every port in memory, connected to each other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from linkhub_adapters.memory.announcements import MemoryAnnouncements
from linkhub_adapters.memory.event_queue import MemoryEventQueue
from linkhub_adapters.memory.product_store import MemoryProductStore, MemoryShopStamps
from linkhub_adapters.memory.staging_store import MemoryStagingStore
from linkhub_adapters.memory.video_lookup import MemoryVideoLookup
from linkhub_core.ports import Clock, OpenedPorts


@asynccontextmanager
async def open_ports(
    *,
    clock: Clock,
    batch_size: int = 100,
    visibility_timeout_seconds: float = 30.0,
    receive_wait_seconds: float = 1.0,
    max_receive_count: int = 20,
) -> AsyncIterator[OpenedPorts]:
    """Open empty queues, stores and a bus. They are gone when the context is left.

    Args:
        clock: the clock of the leases.
        batch_size: the most messages that one ``receive`` returns.
        visibility_timeout_seconds: the length of a lease.
        receive_wait_seconds: how long ``receive`` waits for the first message.
        max_receive_count: after so many deliveries a message goes to the dead letters.
    """
    queue = MemoryEventQueue(
        clock=clock,
        batch_size=batch_size,
        visibility_timeout_seconds=visibility_timeout_seconds,
        receive_wait_seconds=receive_wait_seconds,
        max_receive_count=max_receive_count,
    )
    staging, products, announcements = MemoryStagingStore(), MemoryProductStore(), MemoryAnnouncements()
    yield OpenedPorts(
        queue=queue,
        publisher=queue,
        dead_letters=queue,
        staging=staging,
        products=products,
        notifier=announcements,
        open_feed=announcements.open_feed,
        stamps=MemoryShopStamps(products),
        videos=MemoryVideoLookup(queue=queue, staging=staging, products=products),
    )
