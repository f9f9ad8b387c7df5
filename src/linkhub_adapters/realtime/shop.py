"""The viewers of one shop, and the loops that show them what is announced.

A viewer is either *live* (in ``live``, by dialect) or *held*, while what it missed is read and sent. What is announced
meanwhile waits in its :class:`Hold`: references to announcements that all share, one a product, bounded.

A replay may give a viewer a revision that has not been announced yet. ``replayed`` remembers that until the revision
is announced, so that no viewer sees it twice; when that many products are remembered, the oldest is forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attrs import define, field

from linkhub_adapters.realtime.dialect import Dialect
from linkhub_adapters.realtime.viewer import Viewer
from linkhub_core.announcement import Announcement

__all__ = ["Hold", "Order", "Shop"]

MAX_HELD: Final = 1_000
MAX_REPLAYED: Final = 1_000
# What is written at once is far below what may wait for a reader.
MAX_WRITE_BYTES: Final = 65_536

Order = tuple[str, int]


@define(eq=False)
class Hold:
    """What was announced while a viewer catches up: the newest revision of each product, in order of arrival.

    ``overflowed`` tells that there was more than may wait, so that this viewer has to load the page again.
    """

    waiting: dict[str, Announcement] = field(factory=dict)
    overflowed: bool = False

    def put(self, announcement: Announcement) -> None:
        """Keep an announcement, in the place of an older one of its product."""
        self.waiting.pop(announcement.key.video_id, None)
        if len(self.waiting) >= MAX_HELD:
            self.waiting.clear()
            self.overflowed = True
        self.waiting[announcement.key.video_id] = announcement

    def take(self) -> Announcement:
        """Remove what has waited longest, and return it."""
        return self.waiting.pop(next(iter(self.waiting)))

    def outdates(self, announcement: Announcement) -> bool:
        """Whether this revision or a newer one of the product waits; an older one that waits is forgotten."""
        waiting = self.waiting.get(announcement.key.video_id)
        if waiting is None:
            return False
        if waiting.order >= announcement.order:
            return True
        del self.waiting[announcement.key.video_id]
        return False


@define(eq=False)
class Shop:
    """The viewers of one seller."""

    live: dict[Dialect, dict[Viewer, None]] = field(factory=dict)
    held: dict[Viewer, Hold] = field(factory=dict)
    replayed: dict[str, dict[Viewer, Order]] = field(factory=dict)

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
        """Let a viewer see what is announced from now on."""
        self.held.pop(viewer, None)
        self.live.setdefault(viewer.dialect, {})[viewer] = None

    def hold(self, viewer: Viewer) -> Hold:
        """Let what is announced from now on wait for this viewer; it may be live already."""
        self.live.get(viewer.dialect, {}).pop(viewer, None)
        return self.held.setdefault(viewer, Hold())

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self.held.pop(viewer, None)
        self.live.get(viewer.dialect, {}).pop(viewer, None)
        for viewers in self.replayed.values():
            viewers.pop(viewer, None)

    def remember_replayed(self, viewer: Viewer, announcement: Announcement) -> None:
        """Remember that this viewer has seen a revision that is not announced yet."""
        video_id = announcement.key.video_id
        if video_id not in self.replayed and len(self.replayed) >= MAX_REPLAYED:
            del self.replayed[next(iter(self.replayed))]
        self.replayed.setdefault(video_id, {})[viewer] = announcement.order

    def show(self, announcement: Announcement) -> int:
        """Write an announcement to all viewers, encoded once for each dialect; tells how many got it now."""
        seen = self._take_seen(announcement) if self.replayed else {}
        for viewer, hold in self.held.items():
            if viewer not in seen:
                hold.put(announcement)
        count = 0
        for dialect, viewers in self.live.items():
            if viewers:
                # A copy, because a write may find that its reader is too slow, who then leaves.
                recipients = [viewer for viewer in viewers if viewer not in seen] if seen else list(viewers)
                payload = dialect.encode(announcement)
                for viewer in recipients:
                    viewer.write(payload)
                count += len(recipients)
        return count

    def has_replayed(self, announcements: Sequence[Announcement]) -> bool:
        """Whether a viewer may have seen one of them already, so that they have to be shown one by one."""
        return any(announcement.key.video_id in self.replayed for announcement in announcements)

    def show_all(self, announcements: Sequence[Announcement]) -> int:
        """Write announcements, none of which was replayed, to all viewers, as many in one write as may be.

        Tells how many were written. What cannot be encoded raises before anything is written.
        """
        written = [
            (viewers, list(_joined(dialect, announcements))) for dialect, viewers in self.live.items() if viewers
        ]
        for hold in self.held.values():
            for announcement in announcements:
                hold.put(announcement)
        count = 0
        for viewers, payloads in written:
            for payload, events in payloads:
                recipients = list(viewers)  # a copy, as above
                for viewer in recipients:
                    viewer.write(payload)
                count += len(recipients) * events
        return count

    def _take_seen(self, announcement: Announcement) -> Mapping[Viewer, Order]:
        """Who has seen this revision or a newer one; whoever has seen only older ones is forgotten."""
        replayed = self.replayed.pop(announcement.key.video_id, {})
        newer = {viewer: order for viewer, order in replayed.items() if order > announcement.order}
        if newer:
            self.replayed[announcement.key.video_id] = newer
        return {viewer: order for viewer, order in replayed.items() if order >= announcement.order}


def _joined(dialect: Dialect, announcements: Sequence[Announcement]) -> Iterator[tuple[Any, int]]:
    """What is handed to ``write``, and how many events each holds."""
    forms = [dialect.encode(announcement) for announcement in announcements]
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
