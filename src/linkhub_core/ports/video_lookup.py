"""Finds the rows and messages of one video. Nothing is leased, removed or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from linkhub_core.model import Kind, ProductRecord, WaitingHalf
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.stored_product import Unreadable


@frozen(kw_only=True)
class QueuedMessage:
    """A message on its queue. Until ``visible_at`` it is leased, or it was released with a delay."""

    kind: Kind
    body: str = field(repr=False)
    message_id: str
    receive_count: int
    sent_at: datetime
    visible_at: datetime
    attributes: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class VideoRecord:
    """The rows and messages of one video, of all sellers.

    Args:
        waiting: its staging rows.
        products: its products.
        unreadable: its staging rows and products that cannot be read.
        queued: its messages; None if the queue cannot be read without leasing them.
        announcements: its announcements on the bus; None if the bus cannot be read without taking them.
        all_sellers: false if products were read only for sellers that are known from elsewhere.
    """

    waiting: Sequence[WaitingHalf] = ()
    products: Sequence[ProductRecord] = ()
    unreadable: Sequence[Unreadable] = ()
    queued: Sequence[QueuedMessage] | None = None
    announcements: Sequence[Announcement] | None = None
    all_sellers: bool = True


class VideoLookup(Protocol):
    """Finds a video. It may read whole tables: call it for a person, not in a loop."""

    async def find(self, video_id: str, seller_handles: Sequence[str]) -> VideoRecord:
        """Find the rows and messages of a video.

        Args:
            video_id: the video.
            seller_handles: sellers that may have it, for stores that need the seller to find a product.

        Returns:
            The record. A message counts if its body contains the id of the video.

        Raises:
            ServiceUnavailable: a queue or a store does not answer.
        """
        ...
