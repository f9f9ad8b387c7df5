"""One video, looked for in every place where something of it can stand; nothing is taken, leased or changed by that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from attrs import field, frozen

from linkhub_core.model import Kind, ProductRecord, WaitingHalf
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.unreadable import Unreadable

__all__ = ["QueuedMessage", "VideoLookup", "VideoRecord"]


@frozen(kw_only=True)
class QueuedMessage:
    """A message that is still on its queue. Until ``visible_at`` it is leased, or was given back to be tried later."""

    kind: Kind
    body: str = field(repr=False)
    message_id: str
    receive_count: int
    sent_at: datetime
    visible_at: datetime
    attributes: Mapping[str, str] = field(factory=dict)


@frozen(kw_only=True)
class VideoRecord:
    """What stands of one video, of whichever seller.

    ``unreadable`` are its rows, in staging or among the products, that cannot be read. ``queued`` and
    ``announcements`` are None if the technology cannot look without taking. ``all_sellers`` is false where products
    were looked for only with the sellers that are known.
    """

    waiting: Sequence[WaitingHalf] = ()
    products: Sequence[ProductRecord] = ()
    unreadable: Sequence[Unreadable] = ()
    queued: Sequence[QueuedMessage] | None = None
    announcements: Sequence[Announcement] | None = None
    all_sellers: bool = True


class VideoLookup(Protocol):
    """Looks for a video. Made for a person who asks once, not for programs that ask often: it may read much."""

    async def look(self, video_id: str, seller_handles: Sequence[str]) -> VideoRecord:
        """Everything that stands of a video.

        Args:
            video_id: which video.
            seller_handles: sellers that may have it, for technologies that find a product by its seller alone.

        Returns:
            What was found. A message on a queue counts when its body holds the video's id anywhere.

        Raises:
            ServiceUnavailable: a place cannot be reached.
        """
        ...
