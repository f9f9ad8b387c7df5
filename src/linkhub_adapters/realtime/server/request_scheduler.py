"""The scheduler of requests for pages: a few run at a time, and addresses take turns.

Theory of operation. Requests and events for subscribers share the event loop. If all requests of a client with 400
connections ran in one turn of the loop, an event would wait for all of them. So at most ``max_in_work`` requests run,
and a free place is filled in the next turn of the loop, after waiting events. Addresses take turns, so a client with
many requests does not delay another one.

A request is in work until its response begins. The unsent bytes of large responses are limited in total and by address:
an address at its limit waits with its next requests.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from attrs import define, field

SENDING_BYTES: Final = 67_108_864
SENDING_BYTES_PER_ADDRESS: Final = 16_777_216


@define(eq=False, kw_only=True)
class RequestScheduler:
    """Starts requests in turns.

    Args:
        max_in_work: the most requests in work.
    """

    max_in_work: int = 16
    in_work: int = field(default=0, init=False)
    _sending_bytes: Counter[str] = field(factory=Counter, init=False)
    _all_sending_bytes: int = field(default=0, init=False)
    # By address, the next one first.
    _waiting: dict[str, deque[Callable[[], bool]]] = field(factory=dict, init=False)

    @property
    def waiting(self) -> int:
        """The number of waiting requests."""
        return sum(map(len, self._waiting.values()))

    def ask(self, address: str, begin: Callable[[], bool]) -> None:
        """Begin a request now or at its turn.

        Args:
            address: its client.
            begin: begins it and returns true, or returns false if its client is gone.
        """
        if not self._waiting and self._has_room_for(address):
            self._begin(begin)
        else:
            self._waiting.setdefault(address, deque()).append(begin)

    def release(self) -> None:
        """A request is no longer in work; a waiting one begins in the next turn of the loop."""
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._release)
        else:
            self.in_work -= 1

    def sending(self, address: str, size_bytes: int) -> None:
        """Count bytes of a large response that are to be sent, or were sent (negative)."""
        self._sending_bytes[address] += size_bytes
        self._all_sending_bytes += size_bytes
        if not self._sending_bytes[address]:
            del self._sending_bytes[address]
        if size_bytes < 0 and self._waiting:
            asyncio.get_running_loop().call_soon(self._begin_waiting)

    def _release(self) -> None:
        self.in_work -= 1
        self._begin_waiting()

    def _begin_waiting(self) -> None:
        while (address := next(filter(self._has_room_for, self._waiting), None)) is not None:
            waiting = self._waiting.pop(address)
            begin = waiting.popleft()
            if waiting:
                self._waiting[address] = waiting  # last in turn
            self._begin(begin)

    def _has_room_for(self, address: str) -> bool:
        return (
            self.in_work < self.max_in_work
            and self._all_sending_bytes < SENDING_BYTES
            and self._sending_bytes[address] < SENDING_BYTES_PER_ADDRESS
        )

    def _begin(self, begin: Callable[[], bool]) -> None:
        self.in_work += 1
        if not begin():
            self.release()
