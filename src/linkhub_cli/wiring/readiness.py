"""The probes of ``/readyz``: those that this process's work needs, and those that it only reports.

    process                     must answer                 is reported
    --------------------------  --------------------------  ------------------------------------------
    consumes (and serves)       ``probes``, ``work_probes``
    only serves                 ``probes``                  ``work_probes``: the process stays ready

A server also probes its bus, unless the backend has a probe of that name. Every client may ask, so an outcome is shared
for a second: many requests cause one check.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, field

from linkhub_adapters.http import Probe

SHARED_SECONDS = 1.0
_BUS = "bus"

Check = Callable[[], Awaitable[object]]


def probes_of(
    probes: Mapping[str, Check], work_probes: Mapping[str, Check], *, consumes: bool, bus: Check | None = None
) -> Sequence[Probe]:
    """The probes of a process; ``bus`` fails when announcements are no longer received."""
    own_bus = [] if bus is None or _BUS in {*probes, *work_probes} else [Probe(name=_BUS, check=bus)]
    return [
        *(Probe(name=name, check=SharedCheck(check)) for name, check in probes.items()),
        *(Probe(name=name, check=SharedCheck(check), is_needed=consumes) for name, check in work_probes.items()),
        *own_bus,
    ]


@define(eq=False)
class SharedCheck:
    """A check whose outcome is shared by all callers while it runs, and for a second after its end."""

    check: Check
    shared_seconds: float = SHARED_SECONDS
    seconds: Callable[[], float] = time.monotonic
    _running: asyncio.Task[object] | None = field(default=None, init=False)
    _ended_at: float = field(default=0.0, init=False)

    async def __call__(self) -> object:
        """The outcome of the check; raises its exception."""
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
    """Mark the exception as retrieved: the request that asked may be cancelled by then."""
    if not task.cancelled():
        task.exception()
