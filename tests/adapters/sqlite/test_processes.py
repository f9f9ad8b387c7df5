"""Several processes on one file: every message is settled once in effect, and nothing is lost."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
from datetime import timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import orjson

from linkhub_adapters.runtime import SystemClock
from linkhub_adapters.sqlite import (
    SqliteAnnouncements,
    SqliteDatabase,
    SqliteDepths,
    SqliteEventPublisher,
    SqliteEventQueue,
    SqliteProductStore,
    SqliteStagingStore,
)
from linkhub_core.application import AssembleBatch
from linkhub_core.model import Kind, ProductKey
from linkhub_core.model.journal_entries import ActivityFailed, MessagesReleased
from linkhub_core.ports import OutgoingMessage
from linkhub_core.testing.builders import KEY, a_half, a_key
from linkhub_core.testing.cursors import first_cursor, read_after
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.testing.readable import scanned
from linkhub_core.wire.codec import encode_event
from linkhub_core.wire.cursor import parse_cursor

PAIRS = 300
PROCESSES = 4
SAFETY_SECONDS = 60.0


def _consume(path: Path, seed: int, together: Barrier, worked: Queue[tuple[int, int]]) -> None:
    """One process: open the file when all are ready to, assemble until the queue is empty, tell what it did."""
    together.wait(SAFETY_SECONDS)
    worked.put(asyncio.run(_assemble(path, random.Random(seed))))


async def _assemble(path: Path, chance: random.Random) -> tuple[int, int]:
    """Give how many messages were worked on, and how often something had to be given back."""
    database, clock, journal = SqliteDatabase.open(path), SystemClock(), MemoryJournal()
    queue = SqliteEventQueue(database=database, clock=clock, batch_size=10, receive_wait_seconds=0.2)
    assemble = AssembleBatch(
        queue=queue,
        products=SqliteProductStore(database=database),
        staging=SqliteStagingStore(database=database),
        notifier=SqliteAnnouncements(database=database),
        journal=journal,
        clock=clock,
        staging_ttl=timedelta(days=1),
        jitter=chance.random,
    )
    count = 0
    while deliveries := await queue.receive():
        await assemble(deliveries)
        count += len(deliveries)
    database.close()
    return count, len(journal.of(MessagesReleased)) + len(journal.of(ActivityFailed))


async def _receive(
    database: SqliteDatabase, opened: asyncio.Event, keys: set[ProductKey]
) -> list[tuple[ProductKey, int]]:
    """Receive until each product was announced: keys and the numbers of cursors, in the order of the bus."""
    received: list[tuple[ProductKey, int]] = []
    async with SqliteAnnouncements(database=database).open_feed() as feed, asyncio.timeout(SAFETY_SECONDS):
        opened.set()
        while {key for key, _ in received} != keys:
            received += [(one.key, _number(orjson.loads(one.event_json)["cursor"])) for one in await feed.receive()]
    return received


def _number(text: str) -> int:
    cursor = parse_cursor(text, KEY.seller_handle)
    assert cursor is not None
    return int(cursor.position)


async def test_processes_that_share_a_file_lose_and_double_nothing(tmp_path: Path) -> None:
    """Four drain one shuffled queue at once: no message is worked on twice, each product is there once and announced.

    When a subscriber gets an event, it already has every change up to the event's cursor.
    """
    path, chance = tmp_path / "linkhub.sqlite3", random.Random(1)
    keys = [a_key(number) for number in range(PAIRS)]
    messages = [
        OutgoingMessage(kind=kind, body=encode_event(a_half(kind, key=key)).decode()) for key in keys for kind in Kind
    ]
    chance.shuffle(messages)
    database = SqliteDatabase.open(path)
    await SqliteEventPublisher(database=database, clock=SystemClock()).publish(messages)
    beginning, opened = await first_cursor(SqliteProductStore(database=database)), asyncio.Event()
    receiving = asyncio.create_task(_receive(database, opened, set(keys)))
    await opened.wait()

    spawn = multiprocessing.get_context("spawn")
    together, worked = spawn.Barrier(PROCESSES), spawn.Queue()
    arguments = [(path, seed, together, worked) for seed in range(PROCESSES)]
    processes = [spawn.Process(target=_consume, args=given, daemon=True) for given in arguments]
    for process in processes:
        process.start()
    done = [await asyncio.to_thread(worked.get, True, SAFETY_SECONDS) for _ in processes]
    for process in processes:
        await asyncio.to_thread(process.join, SAFETY_SECONDS)
    assert [process.exitcode for process in processes] == [0] * PROCESSES

    assert sum(count for count, _ in done) == 2 * PAIRS
    assert [failures for _, failures in done] == [0] * PROCESSES
    received = await receiving
    assert {key for key, _ in received} == set(keys)
    depths = await SqliteDepths(database=database).take()
    assert (depths.queued, depths.staged, depths.dead_letters) == ({"caption": 0, "thumbnail": 0}, 0, 0)
    products = await scanned(SqliteProductStore(database=database).scan())
    assert [record.key for record in products] == sorted(keys)
    assert {(record.revision, record.unannounced_revision) for record in products} == {(1, None)}

    changes = await read_after(SqliteProductStore(database=database), beginning, PAIRS)
    numbers = [(_number(change.cursor), change.product.key) for change in changes.changes]
    assert [number for number, _ in numbers] == list(range(1, PAIRS + 1))
    for place, (_, cursor_number) in enumerate(received):
        before = {key for key, _ in received[:place]}
        assert {key for number, key in numbers if number <= cursor_number} <= before
    database.close()


def _open_and_count(path: Path, together: Barrier, opened: Queue[int]) -> None:
    together.wait(SAFETY_SECONDS)
    database = SqliteDatabase.open(path)
    opened.put(sum(asyncio.run(SqliteDepths(database=database).take()).queued.values()))
    database.close()


async def test_processes_may_all_be_the_first(tmp_path: Path) -> None:
    """Several that open a file that is not there yet make it together: none fails, and all see the same tables."""
    spawn = multiprocessing.get_context("spawn")
    together, opened = spawn.Barrier(PROCESSES), spawn.Queue()
    arguments = (tmp_path / "new" / "linkhub.sqlite3", together, opened)
    processes = [spawn.Process(target=_open_and_count, args=arguments, daemon=True) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    assert [await asyncio.to_thread(opened.get, True, SAFETY_SECONDS) for _ in processes] == [0] * PROCESSES
    for process in processes:
        await asyncio.to_thread(process.join, SAFETY_SECONDS)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
