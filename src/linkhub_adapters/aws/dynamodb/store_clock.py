"""An estimate of the clock of DynamoDB, from the ``Date`` headers of its replies.

A ``Date`` has whole seconds. So the time of DynamoDB was between ``Date`` and one second later at some moment between a
request and its reply. Each reply limits the offset between the two clocks to an interval, and the intervals of several
replies overlap in a short one. The estimate is the middle of the overlap.

Rule 1. The local clock is monotonic: a process with a wrong wall clock has the right estimate.
Rule 2. An interval without an overlap means that a clock was set or that the machine slept: the newest one counts.
Rule 3. A user of the estimate allows for an error of one second: one slow reply gives no better estimate.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import lru_cache

from attrs import define

_PRECISION_SECONDS = 1.0


@define(kw_only=True, eq=False)
class StoreClock:
    """The clock of DynamoDB. It is used on the event loop only, so it needs no lock.

    Args:
        seconds: the local clock, in seconds since any moment.
    """

    seconds: Callable[[], float] = time.monotonic
    _least_offset: float | None = None
    _greatest_offset: float = 0.0

    @property
    def is_known(self) -> bool:
        """Whether a reply was observed."""
        return self._least_offset is not None

    def observe(self, sent_at: float, date: str | None) -> None:
        """Take a reply into the estimate.

        Args:
            sent_at: ``seconds()`` before the request was sent.
            date: the reply's ``Date`` header; None changes nothing.
        """
        if date is None:
            return
        began = _epoch_seconds(date)
        least, greatest = began - self.seconds(), began + _PRECISION_SECONDS - sent_at
        if self._least_offset is not None and least <= self._greatest_offset and greatest >= self._least_offset:
            least, greatest = max(least, self._least_offset), min(greatest, self._greatest_offset)
        self._least_offset, self._greatest_offset = least, greatest

    def now_ms(self) -> int:
        """The time of DynamoDB, in milliseconds since 1970.

        Raises:
            ValueError: no reply was observed.
        """
        if self._least_offset is None:
            raise ValueError("the time of DynamoDB is not known before its first reply")
        offset = (self._least_offset + self._greatest_offset) / 2
        return int((self.seconds() + offset) * 1000)


@lru_cache(maxsize=4)  # all replies of a second have the same text
def _epoch_seconds(date: str) -> float:
    return parsedate_to_datetime(date).timestamp()
