"""The heartbeat of Engine.IO 4: the server pings, and a client without a pong in time is gone.

| waiting for        | until                                | then      |
|--------------------|--------------------------------------|-----------|
| the time to ping   | the last pong + `interval_seconds`   | ping      |
| a pong             | the ping + `timeout_seconds`         | gone      |

An unexpected pong has no effect.
"""

from enum import Enum, auto

from attrs import define, field

__all__ = ["Beat", "Heartbeat"]


class Beat(Enum):
    """What is due."""

    NOTHING = auto()
    PING = auto()
    GONE = auto()


@define(eq=False)
class Heartbeat:
    """One session's heartbeat; times are seconds of a monotonic clock."""

    interval_seconds: float
    timeout_seconds: float
    deadline: float = field(init=False, default=0.0)
    _awaits_pong: bool = field(init=False, default=False)

    def start(self, now: float) -> None:
        """Begin to wait for the time of the next ping."""
        self._awaits_pong = False
        self.deadline = now + self.interval_seconds

    def check(self, now: float) -> Beat:
        """Return what is due; the caller then sends the ping, or closes the session."""
        if now < self.deadline:
            return Beat.NOTHING
        if self._awaits_pong:
            return Beat.GONE
        self._awaits_pong = True
        self.deadline = now + self.timeout_seconds
        return Beat.PING

    def pong(self, now: float) -> None:
        """Take a pong."""
        if self._awaits_pong:
            self.start(now)
