"""Threads that read for clients: several at once, and none for a client that left."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from linkhub_adapters.sqlite import SqliteDatabase
from linkhub_adapters.sqlite.reader_pool import ReaderPool

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
SAFETY_SECONDS = 20.0


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ReaderPool]:
    """Two threads on a file."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(tmp_path / "file", isolation_level=None, check_same_thread=True)

    pool = ReaderPool(connect=connect, max_threads=2)
    yield pool
    pool.cancel()


def _one(connection: sqlite3.Connection) -> int:
    found: int = connection.execute("SELECT 1").fetchone()[0]
    return found


async def test_as_many_reads_run_at_once_as_there_are_threads(pool: ReaderPool) -> None:
    """Two meet at a barrier, which one thread alone would never pass; later reads use the same threads."""
    barrier = threading.Barrier(2, timeout=SAFETY_SECONDS)
    await asyncio.gather(*(pool.run(lambda _: barrier.wait()) for _ in range(2)))
    names = await asyncio.gather(*(pool.run(lambda _: threading.get_ident()) for _ in range(20)))
    assert len(set(names)) <= 2
    assert await pool.run(_one) == 1


async def test_a_running_read_ends_when_its_client_leaves(pool: ReaderPool) -> None:
    """Statements without end give their threads back, also where they had not begun when the client left."""
    async with asyncio.timeout(SAFETY_SECONDS):
        for turns in range(4):
            readers = [
                asyncio.create_task(pool.run(lambda connection: connection.execute(ENDLESS).fetchone()))
                for _ in range(2)
            ]
            for _ in range(turns):
                await asyncio.sleep(0.001)
            for reader in readers:
                reader.cancel()
            assert [await pool.run(_one) for _ in range(5)] == [1] * 5


async def test_a_read_that_waits_is_dropped_when_its_client_leaves(pool: ReaderPool) -> None:
    """It is never begun."""
    gate, begun = threading.Event(), list[str]()
    busy = [asyncio.create_task(pool.run(lambda _: gate.wait(SAFETY_SECONDS))) for _ in range(2)]
    left = asyncio.create_task(pool.run(lambda _: begun.append("left")))
    stays = asyncio.create_task(pool.run(lambda _: begun.append("stays")))
    await asyncio.sleep(0)
    left.cancel()
    gate.set()
    await asyncio.gather(*busy, stays)
    assert begun == ["stays"]


async def test_what_a_read_raises_is_its_callers(pool: ReaderPool) -> None:
    """The thread goes on."""
    with pytest.raises(sqlite3.OperationalError):
        await pool.run(lambda connection: connection.execute("SELECT nothing"))
    assert await pool.run(_one) == 1


async def test_a_client_that_reads_for_long_delays_no_feed(database: SqliteDatabase) -> None:
    """Reads of the process itself have a thread of their own."""
    gate = threading.Event()
    clients = [asyncio.create_task(database.read_for_client(lambda _: gate.wait(SAFETY_SECONDS))) for _ in range(9)]
    await asyncio.sleep(0)
    assert await database.read(_one) == 1
    gate.set()
    await asyncio.gather(*clients)
