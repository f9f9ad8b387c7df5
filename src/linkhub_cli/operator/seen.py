"""The moment up to which an operator has seen all problems: the verdict of the operator's page counts from it.

The embedded file keeps it, for all its processes and over restarts. On other backends a process keeps it for itself,
and forgets it when it ends. As long as it is not known, all dead letters count as not seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from attrs import define, evolve, field, frozen
from cattrs.preconf.orjson import make_converter

from linkhub_core.ports import Clock

_CONVERTER = make_converter()


@frozen(kw_only=True)
class Seen:
    """A moment, and the number of dead letters that were kept then, if it was known."""

    at: datetime
    dead_letters: int | None = None


@define(kw_only=True)
class SeenMoment:
    """The newest known moment.

    Attributes:
        read: reads what any process wrote; None if this process keeps the moment for itself.
        write: writes it for all.
    """

    clock: Clock
    read: Callable[[], Awaitable[bytes | None]] | None = None
    write: Callable[[bytes], Awaitable[None]] | None = None
    value: Seen | None = field(default=None, init=False)

    @property
    def is_shared(self) -> bool:
        """Whether other processes know the same moment, and it outlives this one."""
        return self.write is not None

    async def refresh(self) -> None:
        """Read what another process may have written."""
        if self.read is not None and (text := await self.read()) is not None:
            self.value = _CONVERTER.loads(text, Seen)

    async def move(self, at: datetime, dead_letters: int | None) -> Seen:
        """Move the moment, back too; at most to the present.

        Raises:
            ServiceUnavailable: it could not be written; the moment is what it was.
        """
        seen = Seen(at=min(at, self.clock.now()), dead_letters=dead_letters)
        if self.write is not None:
            await self.write(_CONVERTER.dumps(seen))
        self.value = seen
        return seen

    def unseen_of(self, dead_letters: int) -> int:
        """How many of so many dead letters are not seen, where only their number is known."""
        if self.value is None:
            return dead_letters
        base = min(self.value.dead_letters or 0, dead_letters)
        self.value = evolve(self.value, dead_letters=base)  # of purged ones no new one takes the place
        return dead_letters - base
