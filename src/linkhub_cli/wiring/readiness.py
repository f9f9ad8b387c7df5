"""What ``/readyz`` asks of this process: the probes that its work needs, and those that it only reports.

    process                     must answer                 is reported
    --------------------------  --------------------------  ------------------------------------------
    consumes (and serves)       ``probes``, ``work_probes``
    only serves                 ``probes``                  ``work_probes``: the process stays ready

Every client may ask, so an outcome is shared for a second: many requests cause one check.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, field

from linkhub_adapters.http import Probe

__all__ = ["SHARED_SECONDS", "SharedCheck", "probes_of"]

SHARED_SECONDS = 1.0

Check = Callable[[], Awaitable[object]]


def probes_of(probes: Mapping[str, Check], work_probes: Mapping[str, Check], *, consumes: bool) -> Sequence[Probe]:
    """The probes of a process."""
    return [
        *(Probe(name=name, check=SharedCheck(check)) for name, check in probes.items()),
        *(Probe(name=name, check=SharedCheck(check), is_needed=consumes) for name, check in work_probes.items()),
    ]


@define(eq=False)
class SharedCheck:
    """A check whose outcome is shared: by those who ask while it is under way, and for a second after it ended."""

    check: Check
    shared_seconds: float = SHARED_SECONDS
    seconds: Callable[[], float] = time.monotonic
    _running: asyncio.Task[object] | None = field(default=None, init=False)
    _ended_at: float = field(default=0.0, init=False)

    async def __call__(self) -> object:
        """The outcome of the check.

        Raises:
            Exception: what the check raised.
        """
        if self._running is None or (self._running.done() and self.seconds() - self._ended_at >= self.shared_seconds):
            self._running = asyncio.ensure_future(self._ask())
            self._running.add_done_callback(_retrieve)
        return await asyncio.shield(self._running)

    async def _ask(self) -> object:
        try:
            return await self.check()
        finally:
            self._ended_at = self.seconds()


def _retrieve(task: asyncio.Future[object]) -> None:
    """Mark what a check raised as seen: the request that asked may be cancelled when it ends."""
    if not task.cancelled():
        task.exception()
