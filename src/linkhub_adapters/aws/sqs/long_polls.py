"""Long polls of one queue: several at once during a backlog, on daemon threads that a stop does not wait for.

Theory of operation. A poll blocks its thread for up to 20 seconds, so polls run on daemon threads, and their messages
are stored under a lock. After a full reply twice as many polls may run, up to ``most``; after a reply that is not full,
half as many; after an empty one a single poll. After a failure the next poll starts with a delay, which grows. Only
:meth:`LongPolls.start` starts polls: without a caller that wants messages nothing is leased.

After :meth:`LongPolls.close` a poll that is still running releases its messages itself; if the process ends before,
their leases run out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TYPE_CHECKING

from attrs import define, field

from linkhub_adapters.aws.client.daemon_threads import DaemonThreads
from linkhub_core.errors import LinkhubError
from linkhub_core.model.backoff import backoff_seconds

if TYPE_CHECKING:
    from types_boto3_sqs.type_defs import MessageTypeDef

FULL = 10
FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 3.0  # readiness has to recover within 5 seconds after a permission is granted
PASSED_SECONDS = 1.0


def next_width(width: int, received: int, most: int) -> int:
    """How many polls may run at once after one of ``width`` polls received ``received`` messages."""
    if received >= FULL:
        return min(most, width * 2)
    return max(1, width // 2) if received else 1


@define(kw_only=True, eq=False)
class LongPolls:
    """The polls of one queue.

    Args:
        receive: makes one poll; it blocks, and raises a ``LinkhubError`` if it failed.
        give_back: releases messages; it blocks, and raises a ``LinkhubError`` if it failed.
        arrived: is called on any thread after each poll.
        most: how many polls run at once.
        name: the prefix of the threads' names.
        seconds: a monotonic clock.
    """

    receive: Callable[[], Sequence[MessageTypeDef]]
    give_back: Callable[[Sequence[MessageTypeDef]], None]
    arrived: Callable[[], None]
    most: int
    name: str
    seconds: Callable[[], float] = monotonic
    _lock: threading.Lock = field(factory=threading.Lock, init=False)
    _messages: list[MessageTypeDef] = field(factory=list, init=False)
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
        """How many polls are running."""
        return self._running

    @property
    def has_more(self) -> bool:
        """Whether the queue has a backlog: its last replies were full."""
        return self._width > 1

    @property
    def current_error(self) -> LinkhubError | None:
        """The error with which polls fail at present, or None.

        A poll that is refused ends at once. So a poll that has been running for a second counts as accepted, though its
        reply may take 20 seconds.
        """
        with self._lock:
            is_accepted = self._running > 0 and self.seconds() - self._started_at >= PASSED_SECONDS
            return None if is_accepted else self._last_error

    def start(self, room: int) -> None:
        """Start polls, as long as there is room for full replies.

        Args:
            room: how many more messages the caller takes, those of running polls included.
        """
        with self._lock:
            if self._is_closed or self.seconds() < self._paused_until:
                return
            free = room - len(self._messages) - self._running * FULL
            started = max(0, min(self._width - self._running, free // FULL))
            self._running += started
            if started:
                self._started_at = self.seconds()
        for _ in range(started):
            self._threads.start(self._poll)

    def take(self) -> tuple[Sequence[MessageTypeDef], LinkhubError | None]:
        """The messages since the last call, and the error of the last poll that failed since then."""
        with self._lock:
            messages, self._messages = self._messages, []
            error, self._error = self._error, None
            return messages, error

    def close(self) -> Sequence[MessageTypeDef]:
        """Stop; returns the messages that nothing has taken yet."""
        with self._lock:
            self._is_closed = True
        self._threads.end()
        messages, _ = self.take()
        return messages

    def _poll(self) -> None:
        """One poll, on its thread."""
        try:
            messages = self.receive()
        except LinkhubError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001  the receiver has to get any error
            self._failed(LinkhubError(f"a poll of {self.name} failed: {error!r}"))
        else:
            self._succeeded(messages)

    def _failed(self, error: LinkhubError) -> None:
        with self._lock:
            self._running -= 1
            self._width = 1
            self._failures += 1
            self._paused_until = self.seconds() + backoff_seconds(
                self._failures, first_seconds=FIRST_PAUSE_SECONDS, max_seconds=MAX_PAUSE_SECONDS
            )
            self._error = self._last_error = error
        self.arrived()

    def _succeeded(self, messages: Sequence[MessageTypeDef]) -> None:
        with self._lock:
            self._running -= 1
            self._width = next_width(self._width, len(messages), self.most)
            self._failures = 0
            self._last_error = None
            is_taken = not self._is_closed
            if is_taken:
                self._messages += messages
        if is_taken:
            self.arrived()
        elif messages:
            self._release(messages)

    def _release(self, messages: Sequence[MessageTypeDef]) -> None:
        try:
            self.give_back(messages)
        except LinkhubError:
            return  # the queue is closed, and the leases run out
