"""The backend of one process: everything is gone when it ends. For tests, and for a quick look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from linkhub_adapters.memory import (
    MemoryAnnouncements,
    MemoryEventQueue,
    MemoryProductStore,
    MemoryShopStamps,
    MemoryStagingStore,
    MemoryVideoLookup,
)
from linkhub_adapters.observability import Figures
from linkhub_cli.backends.backend import OPEN_ALL, Backend, Opening
from linkhub_cli.settings import Settings
from linkhub_core.ports import Clock, DeadLetterQuery

__all__ = ["open_backend"]


@asynccontextmanager
async def open_backend(
    settings: Settings,
    clock: Clock,
    opening: Opening = OPEN_ALL,  # noqa: ARG001  there is nothing to find
) -> AsyncIterator[Backend]:
    """See :class:`~linkhub_cli.backends.OpenBackend`."""
    consuming = settings.consuming
    queue = MemoryEventQueue(
        clock=clock,
        batch_size=consuming.batch_size,
        visibility_timeout_seconds=consuming.visibility_timeout_seconds,
        receive_wait_seconds=consuming.receive_wait_seconds,
        max_receive_count=consuming.max_receive_count,
    )
    staging, products = MemoryStagingStore(), MemoryProductStore()
    announcements = MemoryAnnouncements()

    async def figures() -> Figures:
        rows = staging.rows.values()
        return Figures(
            taken_at=clock.now(),
            queued=queue.depth,
            staged=len(rows),
            oldest_staged_at=min((row.waiting_since for row in rows), default=None),
            dead_letters=len([letter async for letter in queue.browse(DeadLetterQuery())]),
        )

    yield Backend(
        name="memory",
        queue=queue,
        publisher=queue,
        dead_letters=queue,
        staging=staging,
        products=products,
        videos=MemoryVideoLookup(queue=queue, staging=staging, products=products),
        notifier=announcements,
        open_feed=announcements.open_feed,
        probes={},
        figures=figures,
        cheap_to_scan=True,
        stamps=MemoryShopStamps(products),
    )
