"""The rules of a store that stamps changes with its time instead of numbering them.

The stamp of a product is the time of the store, in milliseconds since 1970, at its last visible save. A save may become
readable after a read that already passed its stamp, so each position keeps a margin behind the store's time:

    where                               position
    ----------------------------------  ------------------------------------------------------------
    the first page of a list            the store's time before the read, minus the margin
    a live event                        the stamp of its product, minus the margin
    a change within an answer           exactly its stamp and its video, and when the walk began
    an answer that is cut               exactly that of its last change
    the answer that ends a walk         the time at which the walk began, minus the margin

Rule 1. A walk is a sequence of answers, each asked for with the cursor of the one before, until one is not cut.
Rule 2. A process that announces a stamp older than ``RENEW_AFTER`` first writes a new stamp, once more if that took as
        long, and once more when it clears the debt: otherwise a client could hold a later position already. An
        announcement that was on time but took as long gets a new stamp when its debt is cleared.
Rule 3. ``RENEW_AFTER`` + the delay of the bus + twice the error of the clock <= ``MARGIN``. The store's time has whole
        seconds, so the error is at least one second.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import frozen

RENEW_AFTER_MS: Final = 1_000
MARGIN_MS: Final = 5_000

_POSITION = re.compile(r"([0-9]{1,15})(?:~([0-9]{1,15})~([A-Za-z0-9_-]{1,128}))?")


@frozen
class StampPosition:
    """A position among the changes of a shop, which are ordered by stamp, then by video.

    Args:
        stamp_ms: milliseconds since 1970, 0 or more.
        video_id: the last video given of those with this stamp; empty: none of them was given.
        walk_began_ms: when the walk began within which this is a position; None outside a walk.
    """

    stamp_ms: int
    video_id: str = ""
    walk_began_ms: int | None = None

    @classmethod
    def parse(cls, text: str) -> StampPosition | None:
        """Read the text of ``str()``; None for any other text."""
        match = _POSITION.fullmatch(text)
        if match is None:
            return None
        stamp, began, video_id = match.groups()
        return cls(int(stamp), video_id or "", None if began is None else int(began))

    def __str__(self) -> str:
        stamp = str(self.stamp_ms)
        return stamp if self.walk_began_ms is None else f"{stamp}~{self.walk_began_ms}~{self.video_id}"

    @property
    def restart(self) -> StampPosition | None:
        """The start of a new walk that gives the changes which this one may have passed; None if there are none.

        A save whose stamp is within the margin of this walk may have become readable behind this position. A reader
        who ends the walk reads on from its beginning minus the margin. A reader who subscribes instead does not.
        """
        start = None if self.walk_began_ms is None else page_position(self.walk_began_ms)
        return start if start is not None and start.stamp_ms < self.stamp_ms else None

    def is_settled(self, now_ms: int) -> bool:
        """Whether every change up to here is readable at ``now_ms``."""
        return self.stamp_ms <= now_ms - MARGIN_MS

    def began_ms(self, now_ms: int) -> int:
        """When the walk began that goes on from here with a read at ``now_ms``."""
        return now_ms if self.walk_began_ms is None else self.walk_began_ms

    def of_change(self, stamp_ms: int, video_id: str, now_ms: int) -> StampPosition:
        """The position of a change that a read after this position at ``now_ms`` found."""
        return StampPosition(stamp_ms, video_id, self.began_ms(now_ms))

    def at_end(self, now_ms: int) -> StampPosition:
        """The position after a read at ``now_ms`` that found everything after this one."""
        ended = page_position(self.began_ms(now_ms))
        # Outside a walk every change up to this position was given, also if the clock was set back since.
        return ended if self.walk_began_ms is not None else StampPosition(max(self.stamp_ms, ended.stamp_ms))


def page_position(now_ms: int) -> StampPosition:
    """The position of a list whose first page is read at ``now_ms``, by the store's time."""
    return StampPosition(max(0, now_ms - MARGIN_MS))


def event_position(stamp_ms: int) -> StampPosition:
    """The position that a live event of a product with this stamp carries."""
    return StampPosition(max(0, stamp_ms - MARGIN_MS))


def is_late(stamp_ms: int, now_ms: int) -> bool:
    """Whether a product with this stamp needs a new one before it is announced at ``now_ms``."""
    return now_ms - stamp_ms > RENEW_AFTER_MS
