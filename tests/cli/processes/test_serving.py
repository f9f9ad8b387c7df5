"""A serving process, wired: readiness hears of a bus that is silent, where the backend does not know it itself."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from attrs import evolve
from dependency_injector.providers import Object

from linkhub_cli.backends.embedded import FILE_NAME
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import open_container
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_cli.wiring.server_container import ServerContainer, open_server
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.builders import NOON
from linkhub_core.testing.fakes import FakeClock, MemoryJournal


@asynccontextmanager
async def _server(clock: FakeClock, **environment: str) -> AsyncIterator[ServerContainer]:
    """A server on a clock that does not move."""
    process = ListenerInfo(
        host="127.0.0.1", port=3002, ws_port=None, consumes=False, started_at=NOON, stop=asyncio.Event()
    )
    settings = load_settings(environment=environment).settings
    async with open_server(settings, process, clock=clock) as container:
        yield container


async def _readiness(container: ServerContainer) -> tuple[int, dict[str, Any]]:
    """The status of ``/readyz``, and its checks."""
    transport = httpx2.ASGITransport(container.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:3002") as client:
        answer = await client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


async def test_a_bus_that_fails_shows_in_readiness(tmp_path: Path) -> None:
    """The file answers, the table of announcements does not: after 15 s the node is not ready, and then is again."""
    clock, journal = FakeClock(), MemoryJournal()
    async with _server(clock, LINKHUB_BACKEND="embedded", LINKHUB_DATA_DIR=str(tmp_path)) as container:
        container.journal.override(Object(journal))
        listener, stop = container.listener(), asyncio.Event()
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as file:
            file.execute("ALTER TABLE announcements RENAME TO lost")
            listening = asyncio.create_task(listener.run(stop))
            async with asyncio.timeout(20):
                while not journal.of(ActivityFailed):  # noqa: ASYNC110  it has no event
                    await asyncio.sleep(0.01)
            clock.advance(15)
            assert (await _readiness(container))[0] == 200
            clock.advance(1)
            status, checks = await _readiness(container)
            assert (status, checks["file"]["ok"]) == (503, True)
            assert checks["bus"] == {
                "ok": False,
                "problem": "the bus of announcements is unavailable: it has not answered for 16 s",
            }
            file.execute("ALTER TABLE lost RENAME TO announcements")
        async with asyncio.timeout(20):
            while (await _readiness(container))[0] != 200:  # noqa: ASYNC110  it is asked, as a balancer does
                await asyncio.sleep(0.05)
        stop.set()
        await listening


async def test_a_listener_that_is_stuck_shows_in_readiness() -> None:
    """On the memory backend as well: what counts is that the bus was heard, not that the process lives."""
    clock = FakeClock()
    async with _server(clock, LINKHUB_BACKEND="memory") as container:
        assert await _readiness(container) == (200, {"bus": {"ok": True, "problem": None}})
        clock.advance(16)
        assert (await _readiness(container))[0] == 503


async def test_a_backend_that_knows_its_bus_is_asked_instead() -> None:
    """One probe of that name: the backend's own."""
    clock = FakeClock()

    async def check() -> None:
        raise OSError

    async with _server(clock, LINKHUB_BACKEND="memory") as container:
        container.backend.override(Object(evolve(container.backend(), probes={"bus": check})))
        assert await _readiness(container) == (503, {"bus": {"ok": False, "problem": "OSError"}})


@pytest.mark.parametrize("backend", ["memory", "embedded"])
async def test_a_process_that_does_not_listen_has_no_probe_of_the_bus(tmp_path: Path, backend: str) -> None:
    """A consumer receives no announcements, and is ready all the same."""
    settings = load_settings(environment={"LINKHUB_BACKEND": backend, "LINKHUB_DATA_DIR": str(tmp_path)}).settings
    async with open_container(settings) as container:
        assert "bus" not in {probe.name for probe in container.probes()}
