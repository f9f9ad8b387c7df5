"""The backend within one process: its data is gone when the process ends. For tests, and for a quick look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from linkhub_cli.backends.plugin import Backend, BackendPlugin, Opening
from linkhub_cli.settings import Settings
from linkhub_core.ports import Clock, DeadLetterQuery

__all__ = ["BACKEND", "MemoryBackend"]


class MemoryBackend(BackendPlugin):
    """See the module."""

    is_lasting = False
    is_shared = False

    @asynccontextmanager
    async def open(self, settings: Settings, clock: Clock, opening: Opening) -> AsyncIterator[Backend]:  # noqa: ARG002
        """See the base class; there is nothing to find or to make."""
        from linkhub_adapters import memory
        from linkhub_adapters.observability import Figures

        consuming = settings.consuming
        queue = memory.MemoryEventQueue(
            clock=clock,
            batch_size=consuming.batch_size,
            visibility_timeout_seconds=consuming.visibility_timeout_seconds,
            receive_wait_seconds=consuming.receive_wait_seconds,
            max_receive_count=consuming.max_receive_count,
        )
        staging, products = memory.MemoryStagingStore(), memory.MemoryProductStore()
        announcements = memory.MemoryAnnouncements()

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
            queue=queue,
            publisher=queue,
            dead_letters=queue,
            staging=staging,
            products=products,
            videos=memory.MemoryVideoLookup(queue=queue, staging=staging, products=products),
            notifier=announcements,
            open_feed=announcements.open_feed,
            figures=figures,
            cheap_to_scan=True,
            stamps=memory.MemoryShopStamps(products),
        )


BACKEND = MemoryBackend()
