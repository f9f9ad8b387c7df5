"""The subscribers of one shop, and the loops that write announcements to them.

A subscriber is either *live* (in ``live``, by wire format) or *held*, while it catches up: its events wait in its
:class:`~.catch_up_buffer.CatchUpBuffer`. A live subscriber that must not see cursors is in a group of its own: events
are encoded a second time for that group, and written by the same loop.

A replay may show a subscriber a revision that is not announced yet. ``replayed`` remembers that until the revision is
announced, so that no subscriber sees it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any, Final

from attrs import define, field

from linkhub_adapters.realtime.hub.catch_up_buffer import CatchUpBuffer
from linkhub_adapters.realtime.hub.subscriber import Subscriber
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent, WireFormat
from linkhub_core.model.announcement import Announcement

MAX_REPLAYED: Final = 100
# What is written at once is far below what may wait for a reader.
MAX_WRITE_BYTES: Final = 65_536


@define(eq=False)
class Channel:
    """The subscribers of one shop.

    Attributes:
        live: the subscribers that get announcements at once, by wire format and by whether they see cursors.
        held: the subscribers that catch up.
        replayed: of each subscriber, the lives of products that it has seen in a replay, with the revision.
        cursor: every change up to this cursor was given to all subscribers; None until one is known. It is the last
            cursor of a live event, or of the first subscription that had one.
    """

    live: dict[tuple[WireFormat, bool], dict[Subscriber, None]] = field(factory=dict)
    held: dict[Subscriber, CatchUpBuffer] = field(factory=dict)
    replayed: dict[Subscriber, dict[int, int]] = field(factory=dict)
    cursor: str | None = None

    def __len__(self) -> int:
        """How many subscribers it has."""
        return len(self.held) + sum(map(len, self.live.values()))

    def __contains__(self, subscriber: Subscriber) -> bool:
        """Whether this subscriber is one of them."""
        return subscriber in self.held or self._is_live(subscriber, True) or self._is_live(subscriber, False)

    def _is_live(self, subscriber: Subscriber, gives_cursors: bool) -> bool:
        return subscriber in self.live.get((subscriber.wire_format, gives_cursors), ())

    def subscribers(self) -> Sequence[Subscriber]:
        """All of them, as they are now."""
        return [*self.held, *(subscriber for subscribers in self.live.values() for subscriber in subscribers)]

    def enter(self, subscriber: Subscriber, *, gives_cursors: bool = True) -> None:
        """Write announcements to this subscriber from now on."""
        self.held.pop(subscriber, None)
        self.live.setdefault((subscriber.wire_format, gives_cursors), {})[subscriber] = None

    def hold(self, subscriber: Subscriber) -> CatchUpBuffer:
        """Buffer announcements for this subscriber from now on; it may be live already."""
        gives_cursors = not self._is_live(subscriber, False)
        self._leave_live(subscriber)
        return self.held.setdefault(subscriber, CatchUpBuffer(gives_cursors))

    def leave(self, subscriber: Subscriber) -> None:
        """Forget a subscriber."""
        self.held.pop(subscriber, None)
        self._leave_live(subscriber)
        self.replayed.pop(subscriber, None)

    def switch(self, subscriber: Subscriber, wire_format: WireFormat) -> None:
        """Write to a subscriber in another format from now on; call it before the subscriber's own changes."""
        for gives_cursors in (True, False):
            if self._is_live(subscriber, gives_cursors):
                self._leave_live(subscriber)
                self.live.setdefault((wire_format, gives_cursors), {})[subscriber] = None
                return

    def _leave_live(self, subscriber: Subscriber) -> None:
        for gives_cursors in (True, False):
            self.live.get((subscriber.wire_format, gives_cursors), {}).pop(subscriber, None)

    # --- what replays have shown -----------------------------------------------------------------------------------

    def remember_replayed(self, subscriber: Subscriber, announcement: Announcement) -> None:
        """Remember that this subscriber has seen a revision that is not announced yet; the oldest is forgotten."""
        revisions = self.replayed.setdefault(subscriber, {})
        revisions.pop(announcement.life, None)
        if len(revisions) >= MAX_REPLAYED:
            del revisions[next(iter(revisions))]
        revisions[announcement.life] = announcement.revision

    def has_replayed(self, subscriber: Subscriber, announcement: Announcement) -> bool:
        """Whether this subscriber has seen this revision, or a later one, in a replay."""
        revisions = self.replayed.get(subscriber)
        return revisions is not None and revisions.get(announcement.life, 0) >= announcement.revision

    def any_replayed(self, announcements: Sequence[Announcement]) -> bool:
        """Whether a subscriber may have seen one of them in a replay, so that each is written alone."""
        lives = [announcement.life for announcement in announcements]
        return any(life in revisions for revisions in self.replayed.values() for life in lives)

    def _take_replayed(self, announcement: Announcement) -> Set[Subscriber]:
        """The subscribers that have seen this revision or a later one; once announced it is not remembered."""
        life, seen = announcement.life, set()
        for subscriber in [subscriber for subscriber, revisions in self.replayed.items() if life in revisions]:
            revisions = self.replayed[subscriber]
            if revisions[life] >= announcement.revision:
                seen.add(subscriber)
            if revisions[life] <= announcement.revision:
                del revisions[life]
                if not revisions:
                    del self.replayed[subscriber]
        return seen

    # --- writing ---------------------------------------------------------------------------------------------------

    def broadcast(self, announcement: Announcement) -> int:
        """Write an announcement to all subscribers, encoded once for each group; return how many got it now."""
        event = EncodedEvent(announcement)
        seen = self._take_replayed(announcement) if self.replayed else frozenset()
        for subscriber, buffer in self.held.items():
            if subscriber not in seen:
                buffer.put(event)
        count = 0
        for (wire_format, gives_cursors), subscribers in self.live.items():
            if subscribers:
                # A copy: a write may find that its reader is too slow, and that subscriber then leaves.
                recipients = [each for each in subscribers if each not in seen] if seen else list(subscribers)
                encoding = event.encoding(wire_format, with_cursor=gives_cursors)
                for subscriber in recipients:
                    subscriber.write(encoding)
                count += len(recipients)
        self._advance(announcement)
        return count

    def broadcast_all(self, announcements: Sequence[Announcement]) -> int:
        """Write announcements, none of which was replayed, to all subscribers, as many in one write as may be.

        Returns:
            How many events were written. An announcement that cannot be encoded raises before any write.
        """
        events = [EncodedEvent(announcement) for announcement in announcements]
        written = [
            (subscribers, list(_joined(*group, events))) for group, subscribers in self.live.items() if subscribers
        ]
        for buffer in self.held.values():
            for event in events:
                buffer.put(event)
        count = 0
        for subscribers, payloads in written:
            for payload, size in payloads:
                recipients = list(subscribers)  # a copy, as above
                for subscriber in recipients:
                    subscriber.write(payload)
                count += len(recipients) * size
        for announcement in announcements:
            self._advance(announcement)
        return count

    def _advance(self, announcement: Announcement) -> None:
        self.cursor = announcement.cursor or self.cursor


def _joined(wire_format: WireFormat, gives_cursors: bool, events: Sequence[EncodedEvent]) -> Iterator[tuple[Any, int]]:
    """What ``write`` takes, each with the number of its events."""
    encodings = [event.encoding(wire_format, with_cursor=gives_cursors) for event in events]
    if not wire_format.joins:
        yield from ((encoding, 1) for encoding in encodings)
        return
    waiting: list[bytes] = []
    size_bytes = 0
    for encoding in encodings:
        if waiting and size_bytes + len(encoding) > MAX_WRITE_BYTES:
            yield b"".join(waiting), len(waiting)
            waiting, size_bytes = [], 0
        waiting.append(encoding)
        size_bytes += len(encoding)
    if waiting:
        yield b"".join(waiting), len(waiting)
