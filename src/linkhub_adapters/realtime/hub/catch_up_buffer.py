"""A subscriber of one shop while it catches up: its request, and the events that wait for it.

The buffer holds references to events that all subscribers share, one revision a product, and its size is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import define, field

from linkhub_adapters.realtime.hub.subscriber import Answer
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_core.application.subscriber_session import After, subscribed
from linkhub_core.model.announcement import Announcement
from linkhub_core.wire.cursor import Cursor, encode_cursor

MAX_BUFFERED: Final = 1_000


@define(eq=False)
class CatchUpBuffer:
    """The events that wait for a subscriber: one revision of each product, in this order.

    Attributes:
        gives_cursors: whether the subscriber may see the cursors of events of this shop.
        events: by ``video_id``.
        overflowed: whether more events came than may wait: the client has to load the page again.
        request: the subscription that the subscriber catches up for, and ``task`` the task that carries it out.
    """

    gives_cursors: bool = True
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

    def put_replay(self, replayed: Sequence[EncodedEvent], ahead: Mapping[str, EncodedEvent]) -> None:
        """Add what was read from the store before what was announced meanwhile, unless the latter is newer.

        Args:
            replayed: oldest change first.
            ahead: the events that waited before the read was asked for. They are older, so they stay in front: the
                cursor of an event must not pass one that follows it.
        """
        kept = {video: event for video, event in self.events.items() if ahead.get(video) is event}
        replay = {}
        for event in replayed:
            video_id, buffered = event.announcement.key.video_id, self._buffered(event)
            is_ahead = video_id in kept and event.announcement.is_covered_by(kept[video_id].announcement.order)
            if buffered is None or (not is_ahead and buffered.is_covered_by(event.announcement.order)):
                replay[video_id] = event
        kept = {video: event for video, event in kept.items() if video not in replay}
        later = {video: event for video, event in self.events.items() if video not in kept and video not in replay}
        self.events = {**kept, **replay, **later}

    def take(self) -> EncodedEvent:
        """Remove the first event, and return it."""
        return self.events.pop(next(iter(self.events)))

    def holds(self, event: EncodedEvent) -> bool:
        """Whether this product has an event that waits."""
        return event.announcement.key.video_id in self.events

    def _buffered(self, event: EncodedEvent) -> Announcement | None:
        buffered = self.events.get(event.announcement.key.video_id)
        return None if buffered is None else buffered.announcement


@define(eq=False, kw_only=True)
class Request(Answer):
    """One subscription that catches up, and its answer.

    Attributes:
        seller_handle: the shop.
        after: where the client left off; None if it asks for live events only.
        buffer: where the missed events go when the answer is sent.
        is_seen: whether to leave out an event. Only for a catch-up that the client did not ask for; such an answer
            repeats no cursor.
        ahead: the events that waited for the subscriber when it was asked for; see :meth:`CatchUpBuffer.put_replay`.
        sent: set when the answer is sent.
    """

    seller_handle: str
    after: After
    buffer: CatchUpBuffer
    is_seen: Callable[[EncodedEvent], bool] | None = None
    ahead: Mapping[str, EncodedEvent] = field(factory=dict)
    sent: asyncio.Event = field(factory=asyncio.Event, init=False)
    _missed: Sequence[EncodedEvent] | None = field(default=None, init=False)

    def answer(self, missed: Sequence[EncodedEvent] | None, now: datetime) -> None:
        """Set the answer, unless it is sent: the missed events follow it; with None they do not (not recovered)."""
        if not self.sent.is_set():
            self._missed = missed
            repeats_cursor = missed is not None and self.is_seen is None and isinstance(self.after, Cursor)
            cursor = encode_cursor(self.after) if repeats_cursor else None  # type: ignore[arg-type]  # it is one
            self.reply = subscribed(self.seller_handle, recovered=missed is not None, cursor=cursor, now=now)

    def mark_sent(self) -> None:
        """Put the missed events into the buffer, and say whether cursors may follow."""
        if self._missed is None or isinstance(self.after, datetime):
            self.buffer.gives_cursors = False
        elif self.after is not None and self.is_seen is None:
            self.buffer.gives_cursors = True
        missed = self._missed or ()
        self.buffer.put_replay(
            missed if self.is_seen is None else [event for event in missed if not self.is_seen(event)], self.ahead
        )
        self.sent.set()
