"""Export everything: the messages on the queues, the halves that wait, the products, the dead letters.

They are read in the order in which an event moves, so one that moves during the export is seen again later rather than
missed. One page of rows is in memory at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

from attrs import frozen

from linkhub_core.application.export_lines import Item, end_line, header_line, item_line, type_of
from linkhub_core.model import WaitingHalf
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports.clock import Clock
from linkhub_core.ports.dead_letters import DeadLetterQuery, DeadLetters
from linkhub_core.ports.product_store import ProductStore
from linkhub_core.ports.queue_contents import QueueContents
from linkhub_core.ports.staging_store import StagingStore


@frozen(kw_only=True)
class ExportAll:
    """Writes the lines of a full export (:mod:`~linkhub_core.application.export_lines`). Nothing is changed."""

    queue_contents: QueueContents
    staging: StagingStore
    products: ProductStore
    dead_letters: DeadLetters
    clock: Clock

    async def __call__(self, linkhub: str) -> AsyncIterator[bytes | Unreadable]:
        """The lines, each with its newline, and between them the rows that cannot be read.

        Args:
            linkhub: the version of this program, for the header.

        Raises:
            ServiceUnavailable: a part cannot be read; without its last line the export is not whole.
        """
        counts: Counter[str] = Counter()
        unreadable = 0
        yield header_line(linkhub=linkhub, exported_at=self.clock.now(), queues=self.queue_contents.can_browse)
        async for one in self._items():
            if isinstance(one, Unreadable):
                unreadable += 1
                yield one
            else:
                counts[type_of(one)] += 1
                yield item_line(one)
        yield end_line(counts, unreadable)

    async def _items(self) -> AsyncIterator[Item | Unreadable]:
        async for message in self.queue_contents.browse():
            yield message
        async for row in self.staging.scan():
            for one in row.apart if isinstance(row, WaitingHalf) else (row,):
                yield one
        async for product in self.products.scan():
            yield product
        async for letter in self.dead_letters.browse(DeadLetterQuery()):
            yield letter
