"""Looks for a video in the memory of this process."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.memory.event_queue import MemoryEventQueue
from linkhub_core.ports import ProductStore, StagingStore
from linkhub_core.ports.videos import VideoTraces

__all__ = ["MemoryVideos"]


@frozen(kw_only=True)
class MemoryVideos:
    """The :class:`~linkhub_core.ports.Videos` of the memory stores; announcements are not kept there."""

    queue: MemoryEventQueue
    staging: StagingStore
    products: ProductStore

    async def look(self, video_id: str, seller_handles: Sequence[str]) -> VideoTraces:  # noqa: ARG002  all are seen
        """See the port."""
        return VideoTraces(
            waiting=[row async for row in self.staging.scan() if row.key.video_id == video_id],
            products=[record async for record in self.products.scan() if record.key.video_id == video_id],
            queued=[message for message in self.queue.queued() if video_id in message.body],
        )
