"""Imports that are killed with SIGKILL while they work, and run again."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import frozen

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import Backend, open_backend
from linkhub_cli.settings import Settings, load_settings
from linkhub_cli.wiring.container import open_container
from linkhub_core.application.import_all import BATCH_SIZE
from linkhub_core.model import ProductKey
from linkhub_core.testing.readable import scanned
from linkhub_core.wire.codec import read_listing_change
from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.killable_process import KillableProcess

_SAFETY_SECONDS = 60
_POLL_SECONDS = 0.02
_LISTED_PRODUCTS = 12
_OF_ONE_BACKEND = ("unannounced_revision", "shown")


def fill(deployment: Deployment, script: EventScript) -> None:
    """Process most of a script, with some of its listings; leave the rest on the queues."""
    asyncio.run(_fill(_settings(deployment), script))


async def _fill(settings: Settings, script: EventScript) -> None:
    *first, last = script.in_parts(5)
    async with open_container(settings) as container:
        queue, publisher = container.backend().queue, container.backend().publisher
        for part in first:
            await publisher.publish(part)
        while deliveries := await queue.receive():
            await container.assemble()(deliveries)
        for key, changes in islice(script.listings.items(), _LISTED_PRODUCTS):
            for change in changes:
                await container.set_listing()(ProductKey(*key), read_listing_change(change, replace=True))
        await publisher.publish(last)


def _settings(deployment: Deployment) -> Settings:
    return load_settings(environment=deployment.environment).settings


def items_of(export: str, *types: str) -> Sequence[Mapping[str, Any]]:
    """The lines of these types, sorted, without what is of one backend: debts, and what was shown."""
    lines = [json.loads(line) for line in export.splitlines()]
    items = [line | dict.fromkeys(_OF_ONE_BACKEND) for line in lines if line["type"] in types]
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


@frozen
class _Feeding:
    """An import that reads a pipe, which is open at both ends here: writing never waits for the import."""

    process: KillableProcess
    pipe: int

    async def feed(self, lines: Sequence[bytes]) -> None:
        """Write lines into the pipe as fast as the import reads."""
        waiting = memoryview(b"".join(lines))
        while waiting:
            try:
                waiting = waiting[os.write(self.pipe, waiting) :]
            except BlockingIOError:
                self.process.check_alive()
                await asyncio.sleep(0.001)


@asynccontextmanager
async def _importing(deployment: Deployment, directory: Path) -> AsyncIterator[_Feeding]:
    path = directory / "import.pipe"
    os.mkfifo(path)
    process = KillableProcess(("import", "--quiet", str(path)), deployment.environment, directory / "import.log")
    process.start()
    pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield _Feeding(process, pipe)
    finally:
        os.close(pipe)
        path.unlink()


def import_through_kills(deployment: Deployment, directory: Path, export: str, *, kills: int, seed: int) -> None:
    """Import an export; kill the import so many times at random lines, then let it finish."""
    asyncio.run(_import_through_kills(deployment, directory, export, kills=kills, rng=random.Random(seed)))


async def _import_through_kills(
    deployment: Deployment, directory: Path, export: str, *, kills: int, rng: random.Random
) -> None:
    lines = export.encode().splitlines(keepends=True)
    async with open_backend(_settings(deployment), SystemClock()) as backend:
        for _ in range(kills):
            fed = rng.randint(1, len(lines) - 1)
            written = rng.randint(0, max(0, fed - 1 - BATCH_SIZE))  # a batch that is not full is not written yet
            async with _importing(deployment, directory) as importing:
                await importing.feed(lines[:fed])
                await _until_stored(backend, written, importing.process)
                importing.process.kill()
    async with _importing(deployment, directory) as importing:
        await importing.feed(lines)
    importing.process.finish()


async def _until_stored(backend: Backend, count: int, process: KillableProcess) -> None:
    async with asyncio.timeout(_SAFETY_SECONDS):
        while await _stored(backend) < count:
            process.check_alive()
            await asyncio.sleep(_POLL_SECONDS)


async def _stored(backend: Backend) -> int:
    """How many messages, halves, products and dead letters there are."""
    figures = await backend.figures()
    rows = [*await scanned(backend.staging.scan()), *await scanned(backend.products.scan())]
    return sum(figures.queued.values()) + (figures.dead_letters or 0) + len(rows)
