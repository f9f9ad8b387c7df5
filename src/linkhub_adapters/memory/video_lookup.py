"""Looks for a video in the memory of this process."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.memory.event_queue import MemoryEventQueue
from linkhub_core.model import ProductRecord, WaitingHalf
from linkhub_core.ports import ProductStore, StagingStore, Unreadable, VideoRecord


@frozen(kw_only=True)
class MemoryVideoLookup:
    """The :class:`~linkhub_core.ports.VideoLookup` of the memory stores; announcements are not kept there."""

    queue: MemoryEventQueue
    staging: StagingStore
    products: ProductStore

    async def find(self, video_id: str, seller_handles: Sequence[str]) -> VideoRecord:  # noqa: ARG002  all are seen
        """See the port."""
        staged = [row async for row in self.staging.scan() if _video_of(row) == video_id]
        stored = [row async for row in self.products.scan() if _video_of(row) == video_id]
        return VideoRecord(
            waiting=[row for row in staged if isinstance(row, WaitingHalf)],
            products=[row for row in stored if isinstance(row, ProductRecord)],
            unreadable=[row for row in (*staged, *stored) if isinstance(row, Unreadable)],
            queued=[message for message in self.queue.queued() if video_id in message.body],
        )


def _video_of(row: WaitingHalf | ProductRecord | Unreadable) -> str:
    return row.video_id if isinstance(row, Unreadable) else row.key.video_id
