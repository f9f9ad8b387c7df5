"""The checks of a trial: they pass on adapters that pass the contract suites, and notice one that does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters import memory, sqlite
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.trial.checks import CHECKS, Deviation, Tried
from linkhub_core.model import ProductRecord, WaitingHalf
from linkhub_core.ports import Created, CreateOutcome, Delivery, DropOutcome, Dropped, Rejection, Staged, StageOutcome

_QUICK = {"receive_wait_seconds": 0.01}


@pytest.mark.parametrize("sentence", CHECKS)
async def test_it_passes_in_memory_and_on_a_file(sentence: str, tmp_path: Path) -> None:
    """Both adapters pass the contract suites, of which the checks are the essentials."""
    clock = SystemClock()
    async with memory.open_ports(clock=clock) as ports:
        await CHECKS[sentence](Tried(ports=ports, clock=clock))
    async with sqlite.open_ports(tmp_path / "linkhub.sqlite3", clock=clock) as file_ports:
        await CHECKS[sentence](Tried(ports=file_ports, clock=clock))


class _Broken:
    """A port whose other methods are those of ``inner``."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _OverwritingStaging(_Broken):
    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        return [Staged()] * len(halves)

    async def drop(self, rows: Sequence[object]) -> Sequence[DropOutcome]:
        return [Dropped()] * len(rows)


class _ForgetfulProducts(_Broken):
    async def create(self, records: Sequence[ProductRecord]) -> Sequence[CreateOutcome]:
        return [Created()] * len(records)


class _LossyQueue(_Broken):
    async def reject(self, rejections: Sequence[Rejection]) -> None:
        await self.inner.acknowledge([each.delivery for each in rejections])

    async def receive(self) -> Sequence[Delivery]:
        return [evolve(each, body=each.body.upper()) for each in await self.inner.receive()]


_BREAKS = {
    "staging": (_OverwritingStaging, ["a half waits once", "a half is given its partner", "a staging row is deleted"]),
    "products": (_ForgetfulProducts, ["of two writers one creates", "of two writers one revises", "pages list"]),
    "queue": (_LossyQueue, ["a message is delivered"]),
}


@pytest.mark.parametrize(
    ("port", "sentence"),
    [
        (port, sentence)
        for port, (_, beginnings) in _BREAKS.items()
        for sentence in CHECKS
        for each in beginnings
        if sentence.startswith(each)
    ],
)
async def test_it_notices_a_port_that_deviates(port: str, sentence: str) -> None:
    """A check fails on an adapter that breaks what its sentence says."""
    clock = SystemClock()
    async with memory.open_ports(clock=clock) as ports:
        change: Any = {port: _BREAKS[port][0](getattr(ports, port))}
        broken = evolve(ports, **change)
        with pytest.raises(Deviation):
            await CHECKS[sentence](Tried(ports=broken, clock=clock))
