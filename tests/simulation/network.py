"""The network between processes and services: calls take time and fail, and processes die."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from attrs import define

from linkhub_core.errors import ServiceUnavailable
from tests.simulation.plan import FaultRates
from tests.simulation.run_log import RunLog

E = TypeVar("E")
T = TypeVar("T")

_HEALED_LATENCY_SECONDS = 0.001
_STALL_SECONDS = 20.0
# A call that has to be prompt takes at most this long for each way, whatever else the faults are.
PROMPT_SECONDS = 0.05
_HICCUP = 20


class Killable(Protocol):
    """A process, as the network sees it."""

    name: str
    alive: bool

    def die(self) -> None:
        """Stop the process for good."""
        ...


@define(eq=False)
class Network:
    """Carries calls. Once ``calm``, everything arrives, quickly."""

    chance: random.Random
    fault_rates: FaultRates
    log: RunLog
    is_healed: bool = False
    crashes: int = 0

    async def travel(self, process: Killable, *, is_prompt: bool = False) -> None:
        """One way over the network. A process that dies here never returns from this call."""
        latency = self._latency_seconds()
        await asyncio.sleep(min(latency, PROMPT_SECONDS) if is_prompt else latency)
        if process.alive and self._kills():
            self.crashes += 1
            self.log.tell(process.name, "crashes")
            process.die()
        if not process.alive:
            await asyncio.get_running_loop().create_future()

    async def each(
        self,
        process: Killable,
        service: str,
        title: str,
        entries: Sequence[E],
        effect: Callable[[E], Awaitable[T]],
        *,
        is_prompt: bool = False,
    ) -> list[T]:
        """Carry a batch there, let ``effect`` happen entry by entry in any order, and carry the outcomes back.

        Others come in between the entries. What fails on the way there has no effect, what fails between two entries
        a part of it, what fails on the way back all of it.
        """
        await self.travel(process, is_prompt=is_prompt)
        self._may_fail(process, service, f"its call {title} never arrives")
        outcomes: dict[int, T] = {}
        for index in self.chance.sample(range(len(entries)), len(entries)):
            if outcomes:
                await self.travel(process, is_prompt=is_prompt)
                self._may_fail(process, service, f"its call {title} stops after {len(outcomes)} of {len(entries)}")
            outcomes[index] = await effect(entries[index])
        await self.travel(process, is_prompt=is_prompt)
        self._may_fail(process, service, f"the reply to its call {title} is lost")
        return [outcomes[index] for index in range(len(entries))]

    def duplicates(self) -> bool:
        """Whether a message is to come twice this time."""
        return not self.is_healed and self._happens(self.fault_rates.copy_rate)

    def _latency_seconds(self) -> float:
        if self.is_healed:
            return self.chance.expovariate(1 / _HEALED_LATENCY_SECONDS)
        if self._happens(self.fault_rates.stall_rate):
            return self.chance.expovariate(1 / _STALL_SECONDS)
        # Now and then a way takes as long as all that the others do: they come in between as a whole.
        hiccup = _HICCUP if self._happens(self.fault_rates.hiccup_rate) else 1
        return self.chance.expovariate(1 / self.fault_rates.latency_seconds) * hiccup

    def _kills(self) -> bool:
        return (
            not self.is_healed
            and self.crashes < self.fault_rates.most_crashes
            and self._happens(self.fault_rates.crash_rate)
        )

    def _happens(self, rate: float) -> bool:
        return self.chance.random() < rate

    def _may_fail(self, process: Killable, service: str, what: str) -> None:
        if self.is_healed:
            return
        begin, end = self.fault_rates.outages.get(service, (0.0, 0.0))
        if begin <= asyncio.get_running_loop().time() < end:
            self.log.tell(process.name, f"gets no answer, for {service} is down")
            raise ServiceUnavailable(service, "is down for a while")
        if self._happens(self.fault_rates.fault_rate):
            self.log.tell(process.name, f"meets a fault: {what}")
            # One fault in five is of a kind that nothing foresees.
            raise RuntimeError(what) if self._happens(0.2) else ServiceUnavailable(service, what)
