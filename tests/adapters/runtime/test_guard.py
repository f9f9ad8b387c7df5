"""A guard ends the process when what it works on is lost, and only then."""

from __future__ import annotations

import asyncio

import pytest

from linkhub_adapters.runtime import Guard
from linkhub_core.errors import ServiceUnavailable, StoreLost


async def test_what_passes_is_left_alone_and_a_loss_ends_it() -> None:
    """After a transient error it checks again; a loss is reported, then raised."""
    outcomes: list[Exception | None] = [None, ServiceUnavailable("file", "busy"), StoreLost("file", "moved")]
    reported: list[StoreLost] = []

    async def check() -> None:
        if (outcome := outcomes.pop(0)) is not None:
            raise outcome

    with pytest.raises(StoreLost, match="moved"):
        await Guard(check=check, lost=reported.append, interval_seconds=0).run(asyncio.Event())
    assert (len(reported), outcomes) == (1, [])


async def test_it_ends_when_it_is_stopped() -> None:
    """At once, whatever its interval is."""

    async def check() -> None:
        raise AssertionError("not asked")

    stop = asyncio.Event()
    stop.set()
    await Guard(check=check, lost=lambda _: None, interval_seconds=3_600).run(stop)
