"""The backend within one process: its data is gone when the process ends. For tests, and for a quick look."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from linkhub_cli.backends.plugin import Backend, BackendPlugin, Opening
from linkhub_cli.settings import Settings
from linkhub_core.model import WaitingHalf
from linkhub_core.ports import Clock, DeadLetterQuery


class MemoryBackend(BackendPlugin):
    """See the module."""

    is_lasting = False
    is_shared = False

    @asynccontextmanager
    async def open(self, settings: Settings, clock: Clock, opening: Opening) -> AsyncIterator[Backend]:  # noqa: ARG002
        """See the base class; there is nothing to find or to make."""
        from linkhub_adapters import memory
        from linkhub_adapters.observability import Figures

        async with memory.open_ports(clock=clock, **settings.consuming.queue_options) as ports:

            async def figures() -> Figures:
                rows = [row async for row in ports.staging.scan() if isinstance(row, WaitingHalf)]
                return Figures(
                    taken_at=clock.now(),
                    queued=cast(memory.MemoryEventQueue, ports.queue).depth,
                    staged=len(rows),
                    oldest_staged_at=min((row.waiting_since for row in rows), default=None),
                    dead_letters=len([letter async for letter in ports.dead_letters.browse(DeadLetterQuery())]),
                )

            yield Backend.of(ports, figures=figures, cheap_to_scan=True)


BACKEND = MemoryBackend()
