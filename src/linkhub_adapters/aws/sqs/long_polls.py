"""Long polls of one queue: as many at once as it has to give, each on a thread that a stop does not wait for.

Theory of operation. A poll blocks its thread for up to 20 seconds, so polls run on daemon threads and hand over what
they bring under a lock. A full reply says that there is more: twice as many polls may run, up to ``most``. A reply that
is not full halves that, and an empty one leaves a single poll waiting. A poll that failed keeps the next one from
starting for a while, longer each time. Polls are started by whoever wants messages (:meth:`LongPolls.start`), never by
themselves: with nobody asking, nothing is leased.

After :meth:`LongPolls.close` what a poll still brings is given back by its own thread; if the process ends before,
the leases run out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from attrs import define, field

from linkhub_adapters.aws.client.daemon_threads import DaemonThreads
from linkhub_core.errors import LinkhubError

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

__all__ = ["FULL", "LongPolls", "next_width"]

FULL = 10
FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 3.0  # readiness has to show within 5 seconds that a right was given back
PASSED_SECONDS = 1.0


def next_width(width: int, received: int, most: int) -> int:
    """How many polls may run at once, after one that ran among ``width`` brought ``received`` messages."""
    if received >= FULL:
        return min(most, width * 2)
    return max(1, width // 2) if received else 1


@define(kw_only=True, eq=False)
class LongPolls:
    """The polls of one queue.

    Args:
        receive: one poll; it blocks, and raises a ``LinkhubError`` when it failed.
        give_back: returns messages to the queue; it blocks, and raises likewise.
        arrived: called on some thread after each poll that landed.
        most: how many polls run at once.
        name: what the threads are called.
        seconds: a steady clock.
    """

    receive: Callable[[], Sequence[MessageTypeDef]]
    give_back: Callable[[Sequence[MessageTypeDef]], None]
    arrived: Callable[[], None]
    most: int
    name: str
    seconds: Callable[[], float] = monotonic
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _landed: list[MessageTypeDef] = field(factory=list, init=False)
    _error: LinkhubError | None = field(default=None, init=False)
    _running: int = field(default=0, init=False)
    _width: int = field(default=1, init=False)
    _failures: int = field(default=0, init=False)
    _last_error: LinkhubError | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _paused_until: float = field(default=0.0, init=False)
    _is_closed: bool = field(default=False, init=False)
    _threads: DaemonThreads = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._threads = DaemonThreads(self.most, self.name)

    @property
    def running(self) -> int:
        """How many polls are under way."""
        return self._running

    @property
    def has_more(self) -> bool:
        """Whether the queue seems to have more than it gave: its last replies were full."""
        return self._width > 1

    @property
    def trouble(self) -> LinkhubError | None:
        """Why polls fail at present; none before the first one has ended.

        A poll that was refused ends at once. So one that has been under way for a second after a failure counts as
        accepted, though its answer may take 20 seconds.
        """
        with self._lock:
            is_accepted = self._running > 0 and self.seconds() - self._started_at >= PASSED_SECONDS
            return None if is_accepted else self._last_error

    def start(self, room: int) -> None:
        """Start polls up to the width, as long as there is room for all that they may bring.

        Args:
            room: how many more messages the caller can hold, those of running polls included.
        """
        with self._lock:
            if self._is_closed or self.seconds() < self._paused_until:
                return
            free = room - len(self._landed) - self._running * FULL
            started = max(0, min(self._width - self._running, free // FULL))
            self._running += started
            if started:
                self._started_at = self.seconds()
        for _ in range(started):
            self._threads.start(self._poll)

    def take(self) -> tuple[Sequence[MessageTypeDef], LinkhubError | None]:
        """What landed since the last time, and the error of the last poll that failed since then."""
        with self._lock:
            landed, self._landed = self._landed, []
            error, self._error = self._error, None
            return landed, error

    def close(self) -> Sequence[MessageTypeDef]:
        """Start no more polls and take in none; give what had landed."""
        with self._lock:
            self._is_closed = True
        self._threads.end()
        landed, _ = self.take()
        return landed

    def _poll(self) -> None:
        """One poll, on a thread of its own."""
        try:
            messages = self.receive()
        except LinkhubError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001  whatever it is, whoever waits for messages has to hear of it
            self._failed(LinkhubError(f"a poll of {self.name} broke: {error!r}"))
        else:
            self._brought(messages)

    def _failed(self, error: LinkhubError) -> None:
        with self._lock:
            self._running -= 1
            self._width = 1
            pause_seconds = min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures, 10))
            self._paused_until = self.seconds() + pause_seconds
            self._failures += 1
            self._error = self._last_error = error
        self.arrived()

    def _brought(self, messages: Sequence[MessageTypeDef]) -> None:
        with self._lock:
            self._running -= 1
            self._width = next_width(self._width, len(messages), self.most)
            self._failures = 0
            self._last_error = None
            taken_in = not self._is_closed
            if taken_in:
                self._landed += messages
        if taken_in:
            self.arrived()
        elif messages:
            self._return(messages)

    def _return(self, messages: Sequence[MessageTypeDef]) -> None:
        try:
            self.give_back(messages)
        except LinkhubError:
            return  # nobody listens any more, and their leases run out by themselves
