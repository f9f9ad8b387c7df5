"""The probes that a process needs, and the sharing of their outcomes."""

from __future__ import annotations

import asyncio

import pytest

from linkhub_cli.wiring.readiness import SharedCheck, probes_of
from linkhub_core.errors import ServiceUnavailable


class CountingCheck:
    """A check that waits until it is released, counts its calls, and fails on request."""

    def __init__(self) -> None:
        self.asked = 0
        self.problem: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self) -> None:
        self.asked += 1
        await self.gate.wait()
        if self.problem is not None:
            raise self.problem


@pytest.mark.parametrize("consumes", [True, False])
def test_only_a_consumer_needs_what_work_needs(consumes: bool) -> None:
    """A process that only shows reports the probes of work, and does not depend on them."""
    check = CountingCheck()
    probes = probes_of({"file": check}, {"writes": check}, consumes=consumes)
    assert [(probe.name, probe.is_needed) for probe in probes] == [("file", True), ("writes", consumes)]


async def test_those_who_ask_together_share_a_check() -> None:
    """Fifty requests at once are one look."""
    check = CountingCheck()
    shared = SharedCheck(check)
    await asyncio.gather(*(shared() for _ in range(50)))
    assert check.asked == 1


async def test_an_outcome_is_shared_for_its_time_and_no_longer() -> None:
    """Within the time a failure is repeated; after it the check is asked again."""
    check, now = CountingCheck(), [100.0]
    shared = SharedCheck(check, shared_seconds=1.0, seconds=lambda: now[0])
    check.problem = ServiceUnavailable("disk", "full")
    for _ in range(2):
        with pytest.raises(ServiceUnavailable):
            await shared()
    check.problem = None
    with pytest.raises(ServiceUnavailable):
        await shared()
    now[0] += 1.0
    await shared()
    assert check.asked == 2


async def test_who_leaves_does_not_end_the_check_of_the_others() -> None:
    """A probe that timed out is abandoned; its check continues for the next request."""
    check = CountingCheck()
    check.gate.clear()
    shared = SharedCheck(check)
    leaver = asyncio.create_task(shared())
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.wait([leaver])
    other = asyncio.create_task(shared())
    await asyncio.sleep(0)
    check.gate.set()
    await other
    assert check.asked == 1
