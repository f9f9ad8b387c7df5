"""Backends in memory, their exports, and imports into them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

from attrs import define, field

from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore, MemoryQueueContents, MemoryStagingStore
from linkhub_core.application import ExportAll, ImportAll, ImportTally, RefusedLine
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.testing.fakes import FakeClock, MemoryJournal, RecordingNotifier


@define(eq=False, kw_only=True)
class TransferHarness:
    """One backend: ``ports`` may be replaced by what a test wraps around them."""

    clock: FakeClock = field(factory=FakeClock)
    queue: MemoryEventQueue = field()
    products: MemoryProductStore = field(factory=MemoryProductStore)
    staging: MemoryStagingStore = field(factory=MemoryStagingStore)
    notifier: RecordingNotifier = field(factory=RecordingNotifier)
    journal: MemoryJournal = field(factory=MemoryJournal)
    refused: list[RefusedLine] = field(factory=list)
    ports: dict[str, Any] = field(factory=dict)

    @queue.default
    def _queue(self) -> MemoryEventQueue:
        return MemoryEventQueue(clock=self.clock, receive_wait_seconds=0)

    @property
    def contents(self) -> MemoryQueueContents:
        """The messages on the queues."""
        return MemoryQueueContents(queue=self.queue)

    async def export(self) -> list[bytes]:
        """The lines of a full export; a row that cannot be read is left out."""
        export = ExportAll(
            queue_contents=self.contents,
            staging=self.staging,
            products=self.products,
            dead_letters=self.queue,
            clock=self.clock,
        )
        return [line async for line in export("1.0") if not isinstance(line, Unreadable)]

    @property
    def importing(self) -> ImportAll:
        """The use case on this backend."""
        ports: dict[str, Any] = {
            "queue_contents": self.contents,
            "staging": self.staging,
            "products": self.products,
            "dead_letters": self.queue,
            "notifier": self.notifier,
        }
        return ImportAll(
            **{**ports, **self.ports}, journal=self.journal, clock=self.clock, staging_ttl=timedelta(days=7)
        )

    async def take(self, lines: Sequence[bytes], *, quiet: bool = False, dry_run: bool = False) -> ImportTally:
        """Import lines."""
        refused = self.refused.append
        return await self.importing(given_lines(lines), quiet=quiet, dry_run=dry_run, refused=refused)


async def given_lines(lines: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Lines as an import reads them."""
    for line in lines:
        yield line


def content_of(lines: Sequence[bytes]) -> set[bytes]:
    """The lines of the items, in no order."""
    return set(lines[1:-1])
