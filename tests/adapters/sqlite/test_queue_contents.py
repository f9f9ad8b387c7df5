"""The contents of the queues in the file beyond the contract: what an import costs, and when it is delivered."""

from __future__ import annotations

import asyncio

from linkhub_adapters.sqlite import SqliteDatabase, SqliteEventQueue, SqliteQueueContents
from linkhub_adapters.sqlite.queue_contents import KNOWN
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.queue_contents import a_queued


async def test_a_message_is_known_by_indexes(database: SqliteDatabase) -> None:
    """However many messages and dead letters there are."""
    values = {"number": 1, "message_id": "1", "sent_at": 1, "kind": "caption", "body": ""}
    rows = await database.read(lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {KNOWN}", values).fetchall())
    steps = [row[3] for row in rows if row[3].startswith(("SEARCH", "SCAN"))]
    assert steps == [
        "SEARCH messages USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH messages USING INDEX messages_imported (message_id=?)",
        "SEARCH dead_letters USING INDEX dead_letters_known (message_id=?)",
    ]


async def test_a_receive_that_waits_is_woken_by_an_import(database: SqliteDatabase) -> None:
    """As by a publish."""
    clock = FakeClock()
    queue = SqliteEventQueue(database=database, clock=clock, receive_wait_seconds=3600.0)
    async with asyncio.timeout(30):
        receiving = asyncio.create_task(queue.receive())
        await asyncio.sleep(0)
        await SqliteQueueContents(database=database, clock=clock).add([a_queued()])
        assert [delivery.message_id for delivery in await receiving] == ["elsewhere-1"]
