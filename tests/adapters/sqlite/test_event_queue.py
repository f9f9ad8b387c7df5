"""The queues in the file beyond the contract: fairness, spent messages, and prompt delivery."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest

from linkhub_adapters.sqlite import (
    SqliteDatabase,
    SqliteDeadLetters,
    SqliteDepths,
    SqliteEventPublisher,
    SqliteEventQueue,
)
from linkhub_adapters.sqlite.depths import QUEUED
from linkhub_adapters.sqlite.event_queue import NEXT_DUE, faults_text
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import DeadLetterQuery, Delivery, OutgoingMessage, Rejection
from linkhub_core.testing.builders import an_outgoing
from linkhub_core.testing.fakes import FakeClock

LONG_SECONDS = 3600.0


def _many(kind: Kind, count: int) -> list[OutgoingMessage]:
    return [an_outgoing(kind, body=f"{kind} {number:03}") for number in range(count)]


def _by_kind(deliveries: Sequence[Delivery]) -> Counter[Kind]:
    return Counter(delivery.kind for delivery in deliveries)


async def test_each_kind_has_half_of_a_batch(database: SqliteDatabase) -> None:
    """In any order of arrival, a full batch is half captions and half thumbnails, the oldest of each."""
    clock = FakeClock()
    publisher, queue = (
        SqliteEventPublisher(database=database, clock=clock),
        SqliteEventQueue(database=database, clock=clock),
    )
    await publisher.publish(_many(Kind.CAPTION, 300))
    await publisher.publish(_many(Kind.THUMBNAIL, 60))
    first, second = await queue.receive(), await queue.receive()
    assert _by_kind(first) == {Kind.CAPTION: 50, Kind.THUMBNAIL: 50}
    assert {delivery.body for delivery in first if delivery.kind is Kind.CAPTION} == {
        message.body for message in _many(Kind.CAPTION, 50)
    }
    assert _by_kind(second) == {Kind.CAPTION: 90, Kind.THUMBNAIL: 10}
    assert _by_kind(await queue.receive()) == {Kind.CAPTION: 100}


async def test_a_batch_of_one_goes_to_the_oldest(database: SqliteDatabase) -> None:
    """The smallest batches, too, keep neither kind waiting: they go by age."""
    clock = FakeClock()
    publisher = SqliteEventPublisher(database=database, clock=clock)
    queue = SqliteEventQueue(database=database, clock=clock, batch_size=1)
    for kind in (Kind.THUMBNAIL, Kind.CAPTION, Kind.THUMBNAIL):
        await publisher.publish([an_outgoing(kind, body=kind)])
        clock.advance(1)
    delivered = [delivery.kind for _ in range(3) for delivery in await queue.receive()]
    assert delivered == [Kind.THUMBNAIL, Kind.CAPTION, Kind.THUMBNAIL]


async def test_spent_messages_do_not_block_later_ones(database: SqliteDatabase) -> None:
    """More spent messages than a batch holds become dead letters in one receive, which delivers the next sound one."""
    clock = FakeClock()
    publisher = SqliteEventPublisher(database=database, clock=clock)
    queue = SqliteEventQueue(
        database=database, clock=clock, batch_size=10, receive_wait_seconds=0.01, max_receive_count=1
    )
    await publisher.publish(_many(Kind.CAPTION, 25))
    while await queue.receive():
        pass
    clock.advance(31)
    await publisher.publish([an_outgoing(body="sound")])
    assert [delivery.body for delivery in await queue.receive()] == ["sound"]
    letters = [letter async for letter in SqliteDeadLetters(database=database, clock=clock).browse(DeadLetterQuery())]
    assert len(letters) == 25
    assert {(letter.receive_count, str(letter.faults[0])) for letter in letters} == {
        (1, "was delivered 1 times and never acknowledged")
    }
    assert (await SqliteDepths(database=database).take()).queued == {"caption": 1, "thumbnail": 0}


async def test_a_receive_that_waits_is_woken_by_a_publish_of_this_process(database: SqliteDatabase) -> None:
    """A publisher and a receiver of one process need no poll to find each other."""
    clock = FakeClock()
    queue = SqliteEventQueue(database=database, clock=clock, receive_wait_seconds=LONG_SECONDS)
    async with asyncio.timeout(30):
        receiving = asyncio.create_task(queue.receive())
        await asyncio.sleep(0)
        await SqliteEventPublisher(database=database, clock=clock).publish([an_outgoing(body="one")])
        assert [delivery.body for delivery in await receiving] == ["one"]


async def test_a_receive_that_waits_sees_leases_run_out(database: SqliteDatabase) -> None:
    """A receive delivers a message that becomes visible while it waits, without a notification."""
    clock = FakeClock()
    queue = SqliteEventQueue(database=database, clock=clock, receive_wait_seconds=LONG_SECONDS)
    await SqliteEventPublisher(database=database, clock=clock).publish([an_outgoing(body="one")])
    await queue.receive()
    async with asyncio.timeout(30):
        receiving = asyncio.create_task(queue.receive())
        await asyncio.sleep(0)
        clock.advance(31)
        assert [delivery.receive_count for delivery in await receiving] == [2]


def test_a_fault_that_no_file_can_hold_is_kept_legibly() -> None:
    """A lone surrogate in a fault must not keep its message from the dead letters."""
    assert faults_text([Fault("a\ud800", "b\udfff")]) == '[{"field":"a?","problem":"b?"}]'


@pytest.mark.parametrize(
    ("statement", "plan"),
    [
        (NEXT_DUE, "SEARCH messages USING COVERING INDEX messages_due (kind=? AND visible_at<?)"),
        (QUEUED, "SCAN messages USING COVERING INDEX messages_due"),
    ],
)
async def test_a_long_backlog_costs_no_more(database: SqliteDatabase, statement: str, plan: str) -> None:
    """The next messages and the operator's figures are read from an index that holds no bodies, without sorting."""
    values = [1] * statement.count("?")
    explain = f"EXPLAIN QUERY PLAN {statement}"
    rows = await database.read(lambda connection: connection.execute(explain, values).fetchall())
    assert [row[3] for row in rows] == [plan]


async def test_a_damaged_row_holds_up_no_other(database: SqliteDatabase) -> None:
    """A message keeps what can be read of its attributes, and a dead letter what can be read of it."""
    clock = FakeClock()
    publisher = SqliteEventPublisher(database=database, clock=clock)
    await publisher.publish(_many(Kind.CAPTION, 3))
    damaged = ["{", "[]", '{"correlationId":7,"traceparent":"t"}']
    await database.write(
        lambda connection: connection.executemany(
            "UPDATE messages SET attributes = ? WHERE id = ?", [(text, id_) for id_, text in enumerate(damaged, 1)]
        )
    )
    queue = SqliteEventQueue(database=database, clock=clock)
    deliveries = await queue.receive()
    assert [dict(one.attributes) for one in deliveries] == [{}, {}, {"traceparent": "t"}]
    await queue.reject([Rejection(delivery=one, faults=[Fault("price", "no")]) for one in deliveries])
    faults = ["{", "[7]", '[{"field":"price","problem":"no","of_later":1}]']
    await database.write(
        lambda connection: connection.executemany(
            "UPDATE dead_letters SET faults = ?, kind = 'odd' WHERE id = ?",
            [(text, id_) for id_, text in enumerate(faults, 1)],
        )
    )
    letters = SqliteDeadLetters(database=database, clock=clock)
    found = [letter async for letter in letters.browse(DeadLetterQuery())]
    assert [(one.kind, str(one.faults[0])) for one in found] == [
        (None, "its faults cannot be read"),
        (None, "its faults cannot be read"),
        (None, "price: no"),
    ]
