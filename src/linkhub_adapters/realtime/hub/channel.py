"""The viewers of one shop, and the loops that write announcements to them.

A viewer is either *live* (in ``live``, by dialect) or *held*, while it catches up: what it is to be shown waits in its
:class:`~.catch_up_buffer.CatchUpBuffer`.

A replay may show a viewer a revision that is not announced yet. ``replayed`` remembers that until the revision is
announced, so that no viewer sees it twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any, Final

from attrs import define, field

from linkhub_adapters.realtime.hub.catch_up_buffer import CatchUpBuffer
from linkhub_adapters.realtime.hub.encoded_event import EncodedEvent
from linkhub_adapters.realtime.hub.subscriber import Viewer
from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_core.model.announcement import Announcement

__all__ = ["Channel"]

MAX_REPLAYED: Final = 100
# What is written at once is far below what may wait for a reader.
MAX_WRITE_BYTES: Final = 65_536


@define(eq=False)
class Channel:
    """The viewers of one seller.

    Attributes:
        live: the viewers that get announcements at once, by dialect.
        held: the viewers that catch up.
        replayed: of each viewer, the lives of products that it has seen in a replay, with the revision.
    """

    live: dict[WireFormat, dict[Viewer, None]] = field(factory=dict)
    held: dict[Viewer, CatchUpBuffer] = field(factory=dict)
    replayed: dict[Viewer, dict[int, int]] = field(factory=dict)

    def __len__(self) -> int:
        """How many viewers it has."""
        return len(self.held) + sum(map(len, self.live.values()))

    def __contains__(self, viewer: Viewer) -> bool:
        """Whether this viewer is one of them."""
        return viewer in self.held or viewer in self.live.get(viewer.dialect, ())

    def viewers(self) -> Sequence[Viewer]:
        """All of them, as they are now."""
        return [*self.held, *(viewer for viewers in self.live.values() for viewer in viewers)]

    def enter(self, viewer: Viewer) -> None:
        """Write announcements to this viewer from now on."""
        self.held.pop(viewer, None)
        self.live.setdefault(viewer.dialect, {})[viewer] = None

    def hold(self, viewer: Viewer) -> CatchUpBuffer:
        """Buffer announcements for this viewer from now on; it may be live already."""
        self.live.get(viewer.dialect, {}).pop(viewer, None)
        return self.held.setdefault(viewer, CatchUpBuffer())

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self.held.pop(viewer, None)
        self.live.get(viewer.dialect, {}).pop(viewer, None)
        self.replayed.pop(viewer, None)

    # --- what replays have shown -----------------------------------------------------------------------------------

    def remember_replayed(self, viewer: Viewer, announcement: Announcement) -> None:
        """Remember that this viewer has seen a revision that is not announced yet; bounded, the oldest goes first."""
        revisions = self.replayed.setdefault(viewer, {})
        revisions.pop(announcement.life, None)
        if len(revisions) >= MAX_REPLAYED:
            del revisions[next(iter(revisions))]
        revisions[announcement.life] = announcement.revision

    def has_replayed(self, viewer: Viewer, announcement: Announcement) -> bool:
        """Whether this viewer has seen this revision, or a later one, in a replay."""
        revisions = self.replayed.get(viewer)
        return revisions is not None and revisions.get(announcement.life, 0) >= announcement.revision

    def any_replayed(self, announcements: Sequence[Announcement]) -> bool:
        """Whether a viewer may have seen one of them in a replay, so that each is written alone."""
        lives = [announcement.life for announcement in announcements]
        return any(life in revisions for revisions in self.replayed.values() for life in lives)

    def _take_replayed(self, announcement: Announcement) -> Set[Viewer]:
        """The viewers that have seen this revision or a later one; what is announced now is remembered no longer."""
        life, seen = announcement.life, set()
        for viewer in [viewer for viewer, revisions in self.replayed.items() if life in revisions]:
            revisions = self.replayed[viewer]
            if revisions[life] >= announcement.revision:
                seen.add(viewer)
            if revisions[life] <= announcement.revision:
                del revisions[life]
                if not revisions:
                    del self.replayed[viewer]
        return seen

    # --- writing ---------------------------------------------------------------------------------------------------

    def broadcast(self, announcement: Announcement) -> int:
        """Write an announcement to all viewers, encoded once for each dialect; return how many got it now."""
        event = EncodedEvent(announcement)
        seen = self._take_replayed(announcement) if self.replayed else frozenset()
        for viewer, buffer in self.held.items():
            if viewer not in seen:
                buffer.put(event)
        count = 0
        for dialect, viewers in self.live.items():
            if viewers:
                # A copy: a write may find that its reader is too slow, and that viewer then leaves.
                recipients = [viewer for viewer in viewers if viewer not in seen] if seen else list(viewers)
                form = event.form(dialect)
                for viewer in recipients:
                    viewer.write(form)
                count += len(recipients)
        return count

    def broadcast_all(self, announcements: Sequence[Announcement]) -> int:
        """Write announcements, none of which was replayed, to all viewers, as many in one write as may be.

        Returns:
            How many events were written to viewers. An announcement that cannot be encoded raises before any write.
        """
        events = [EncodedEvent(announcement) for announcement in announcements]
        written = [(viewers, list(_joined(dialect, events))) for dialect, viewers in self.live.items() if viewers]
        for buffer in self.held.values():
            for event in events:
                buffer.put(event)
        count = 0
        for viewers, payloads in written:
            for payload, size in payloads:
                recipients = list(viewers)  # a copy, as above
                for viewer in recipients:
                    viewer.write(payload)
                count += len(recipients) * size
        return count


def _joined(dialect: WireFormat, events: Sequence[EncodedEvent]) -> Iterator[tuple[Any, int]]:
    """What ``write`` takes, each with the number of its events."""
    forms = [event.form(dialect) for event in events]
    if not dialect.joins:
        yield from ((form, 1) for form in forms)
        return
    waiting: list[bytes] = []
    size_bytes = 0
    for form in forms:
        if waiting and size_bytes + len(form) > MAX_WRITE_BYTES:
            yield b"".join(waiting), len(waiting)
            waiting, size_bytes = [], 0
        waiting.append(form)
        size_bytes += len(form)
    if waiting:
        yield b"".join(waiting), len(waiting)
