"""Time as a port, so that tests do not wait."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """A wall clock that can wait."""

    def now(self) -> datetime:
        """The present, aware, in UTC. It may run backwards."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for at least ``seconds``."""
        ...
