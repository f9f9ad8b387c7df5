"""Time, as a port: so that a test is as long as it takes to run, not as long as it speaks of."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """A wall clock that can wait."""

    def now(self) -> datetime:
        """The present, aware, in UTC. It may run backwards: nothing may depend on its order."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for at least ``seconds``."""
        ...
