"""The last hour of figures: a sample every ten seconds, an hour at most."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest
from attrs import frozen
from dependency_injector.providers import Object

from linkhub_cli.operator.history import SAMPLES, History
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import Container, open_parts
from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_outgoing
from linkhub_core.testing.fakes import FakeClock

SETTINGS = load_settings(environment={"LINKHUB_BACKEND": "memory", "LINKHUB_RECEIVE_WAIT_SECONDS": "0"}).settings
REALTIME = {"connections": {}, "deliveries": 5}


@frozen
class _Process:
    """A process, its clock and its history."""

    container: Container
    clock: FakeClock
    history: History


@pytest.fixture
async def process() -> AsyncIterator[_Process]:
    """One that consumes and serves."""
    async with open_parts(SETTINGS) as parts:
        container = Container(**parts, take_realtime=Object(lambda: REALTIME))
        clock = FakeClock()
        history = History(
            registry=container.registry(),
            gauges=container.gauges(),
            clock=clock,
            journal=container.journal(),
            realtime=container.take_realtime(),
        )
        yield _Process(container, clock, history)


async def test_a_sample_has_what_the_charts_draw(process: _Process) -> None:
    """Counters by outcome, both parts of the latency by the bounds that the document names, and gauges."""
    backend = process.container.backend()
    await backend.publisher.publish([an_outgoing(Kind.CAPTION), an_outgoing(Kind.THUMBNAIL)])
    await process.container.assemble()(await backend.queue.receive())
    await process.container.gauges().refresh()
    process.container.metrics().on_screen.observe(0.3)
    await process.history.take()
    document = orjson.loads(process.history.document())
    (sample,) = document["samples"]
    assert sample["at"] == "2026-01-15T12:00:00.000Z"
    assert (sample["events"]["saved"], sample["created"], sample["revised"]) == (2, 1, 0)
    assert (sample["queues"], sample["dead_letters"], sample["deliveries"]) == ({"caption": 0, "thumbnail": 0}, 0, 5)
    bounds = document["latency_bounds_seconds"]
    assert len(sample["own"]) == len(sample["partner"]) == len(sample["screen"]) == len(bounds)
    assert (sample["own"][-1], sample["screen"][-1], bounds[-1]) == (1, 1, None)


async def test_what_is_not_known_is_null(process: _Process) -> None:
    """Before the first look there are no figures."""
    await process.history.take()
    (sample,) = orjson.loads(process.history.document())["samples"]
    assert (sample["queues"], sample["dead_letters"]) == (None, None)


async def test_an_hour_is_kept(process: _Process) -> None:
    """The oldest sample goes, and all of them take less than a megabyte."""
    for _ in range(SAMPLES + 2):
        await process.history.take()
        process.clock.advance(10)
    document = process.history.document()
    samples = orjson.loads(document)["samples"]
    assert (len(samples), samples[0]["at"]) == (SAMPLES, "2026-01-15T12:00:20.000Z")
    assert len(document) < 1_000_000


async def test_it_begins_at_once(process: _Process) -> None:
    """A page that is opened as the process starts has a point to draw."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(process.history.run(stop))
        await asyncio.sleep(0)
        stop.set()
    assert len(orjson.loads(process.history.document())["samples"]) == 1
