"""What a viewer of one shop waits for while it catches up: its subscription, and the events that come after it.

The buffer holds references to events that all viewers share, one a product, and its size is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from attrs import define, field

from linkhub_adapters.realtime.hub.encoded_event import EncodedEvent
from linkhub_adapters.realtime.hub.subscriber import Answer
from linkhub_core.application.subscriber_session import subscribed
from linkhub_core.model.announcement import Announcement

__all__ = ["CatchUpBuffer", "Request"]

MAX_BUFFERED: Final = 1_000


@define(eq=False, kw_only=True)
class Request(Answer):
    """One subscription that catches up, and its answer.

    Attributes:
        seller_handle: the shop.
        since: from when on the viewer missed changes; None if it asks for live events only.
        only_unshown: whether to leave out what live viewers have been shown: the client did not ask to see it again.
        sent: set when the answer is sent.
    """

    seller_handle: str
    since: datetime | None
    only_unshown: bool = False
    sent: asyncio.Event = field(factory=asyncio.Event, init=False)

    def answer(self, *, recovered: bool, now: datetime) -> None:
        """Set the answer, unless it is sent."""
        if not self.sent.is_set():
            self.reply = subscribed(self.seller_handle, recovered=recovered, now=now)

    def mark_sent(self) -> None:
        """See :class:`~.viewer.Answer`."""
        self.sent.set()


@define(eq=False)
class CatchUpBuffer:
    """What a viewer that catches up is to be shown: one revision of each product, in this order.

    Attributes:
        events: by ``video_id``.
        overflowed: whether there was more than may wait: the viewer has to load the page again.
        request: the subscription that the viewer catches up for, and ``task`` what carries it out.
    """

    events: dict[str, EncodedEvent] = field(factory=dict)
    overflowed: bool = False
    request: Request | None = None
    task: asyncio.Task[None] | None = None

    def put(self, event: EncodedEvent) -> None:
        """Add an announced event, in the place of an older revision of its product."""
        video_id, buffered = event.announcement.key.video_id, self._buffered(event)
        if buffered is not None and event.announcement.is_covered_by(buffered.order):
            return
        self.events.pop(video_id, None)
        if len(self.events) >= MAX_BUFFERED:
            self.events.clear()
            self.overflowed = True
        self.events[video_id] = event

    def put_first(self, replayed: Sequence[EncodedEvent]) -> None:
        """Add what was read from the store, before what was announced meanwhile, unless that is newer."""
        first = {}
        for event in replayed:
            buffered = self._buffered(event)
            if buffered is None or buffered.is_covered_by(event.announcement.order):
                first[event.announcement.key.video_id] = event
        self.events = {**first, **{video: event for video, event in self.events.items() if video not in first}}

    def take(self) -> EncodedEvent:
        """Remove the first event, and return it."""
        return self.events.pop(next(iter(self.events)))

    def _buffered(self, event: EncodedEvent) -> Announcement | None:
        buffered = self.events.get(event.announcement.key.video_id)
        return None if buffered is None else buffered.announcement
