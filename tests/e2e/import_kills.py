"""Imports that are killed with SIGKILL while they work, and run again."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import Backend, open_backend
from linkhub_cli.settings import Settings, load_settings
from linkhub_cli.wiring.container import open_container
from linkhub_core.model import ProductKey
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.wire.codec import read_listing_change
from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.killable_process import KillableProcess

__all__ = ["fill", "import_through_kills", "items_of"]

_SAFETY_SECONDS = 60
_BUFFERED_ITEMS = 400  # what an import may have read and not written yet: a batch of each type


def fill(deployment: Deployment, script: EventScript) -> None:
    """Process most of a script, with its listings; leave the rest on the queues."""
    asyncio.run(_fill(_settings(deployment), script))


async def _fill(settings: Settings, script: EventScript) -> None:
    *first, last = script.in_parts(5)
    async with open_container(settings) as container:
        queue, publisher = container.backend().queue, container.backend().publisher
        for part in first:
            await publisher.publish(part)
        while deliveries := await queue.receive():
            await container.assemble()(deliveries)
        for key, changes in script.listings.items():
            for change in changes:
                await container.set_listing()(ProductKey(*key), read_listing_change(change, replace=True))
        await publisher.publish(last)


def _settings(deployment: Deployment) -> Settings:
    return load_settings(environment=deployment.environment).settings


def items_of(export: bytes, *types: str) -> Sequence[Mapping[str, Any]]:
    """The lines of these types in an order of their own, without what is not imported: the debt, and who saw it."""
    lines = [json.loads(line) for line in export.splitlines()]
    items = [line | {"unannounced_revision": None, "shown": None} for line in lines if line["type"] in types]
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))


def import_through_kills(deployment: Deployment, directory: Path, export: bytes, *, kills: int, seed: int) -> None:
    """Import an export; kill the import so many times at random lines, then let it finish."""
    asyncio.run(_import_through_kills(deployment, directory, export, kills=kills, rng=random.Random(seed)))


async def _import_through_kills(
    deployment: Deployment, directory: Path, export: bytes, *, kills: int, rng: random.Random
) -> None:
    lines = export.splitlines(keepends=True)
    async with open_backend(_settings(deployment), SystemClock()) as backend:
        for _ in range(kills):
            end = rng.randint(1, len(lines) - 1)
            with _fed_process(deployment, directory) as fed:
                await _fill_until(backend, fed, lines[:end], rng.randint(0, max(0, end - _BUFFERED_ITEMS)))
                fed.process.kill()
    with _fed_process(deployment, directory) as fed:
        fed.feed(export)
    fed.process.join()
