"""Several processes on one file: every message is settled once in effect, and nothing is lost."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from datetime import timedelta
from pathlib import Path

from linkhub_adapters.memory import MemoryJournal
from linkhub_adapters.sqlite import (
    SqliteAnnouncements,
    SqliteDatabase,
    SqliteDepths,
    SqliteEventPublisher,
    SqliteEventQueue,
    SqliteProductStore,
    SqliteStagingStore,
)
from linkhub_adapters.worker import SystemClock
from linkhub_core.codec import encode_event
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage
from linkhub_core.use_cases import AssembleBatch, Settlement
from tests.support.builders import a_half, a_key

PAIRS = 150
PROCESSES = 3


def _consume(path: Path, seed: int) -> None:
    """One process: open the file, assemble until the queue is empty, close."""
    asyncio.run(_assemble(path, random.Random(seed)))


async def _assemble(path: Path, chance: random.Random) -> None:
    database, clock = SqliteDatabase.open(path), SystemClock()
    settlement = Settlement(
        products=SqliteProductStore(database=database),
        staging=SqliteStagingStore(database=database),
        notifier=SqliteAnnouncements(database=database),
        journal=MemoryJournal(),
        clock=clock,
    )
    queue = SqliteEventQueue(database=database, clock=clock, batch_size=10, wait_seconds=0.2)
    assemble = AssembleBatch(queue=queue, settlement=settlement, staging_ttl=timedelta(days=1), jitter=chance.random)
    while deliveries := await queue.receive():
        await assemble(deliveries)
    database.close()


async def test_processes_that_share_a_file_lose_and_double_nothing(tmp_path: Path) -> None:
    """Three processes drain one shuffled queue, opened by all at once: each product is there once, and announced."""
    path, chance = tmp_path / "linkhub.sqlite3", random.Random(1)
    keys = [a_key(number) for number in range(PAIRS)]
    messages = [
        OutgoingMessage(kind=kind, body=encode_event(a_half(kind, key=key)).decode()) for key in keys for kind in Kind
    ]
    chance.shuffle(messages)
    database = SqliteDatabase.open(path)
    await SqliteEventPublisher(database=database, clock=SystemClock()).publish(messages)
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_consume, args=(path, seed)) for seed in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join, 60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    depths = await SqliteDepths(database=database).take()
    assert (depths.queued, depths.staged, depths.dead_letters) == ({"caption": 0, "thumbnail": 0}, 0, 0)
    products = [record async for record in SqliteProductStore(database=database).scan()]
    assert [record.key for record in products] == sorted(keys)
    assert {(record.revision, record.unannounced_revision) for record in products} == {(1, None)}
    database.close()
