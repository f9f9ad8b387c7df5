"""Both queues and their publisher: one table of messages, which are leased, then acknowledged, released or rejected."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

import orjson
from attrs import frozen

from linkhub_adapters.sqlite.database import POLL_SECONDS, SqliteDatabase, from_microseconds, microseconds
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import (
    QUEUE_DEFAULTS,
    Clock,
    DeadLetter,
    Delivery,
    OutgoingMessage,
    QueuedMessage,
    Refusal,
    Rejection,
)

_PUT = "INSERT INTO messages (kind, body, attributes, sent_at, visible_at) VALUES (?, ?, ?, ?, ?)"
_ANY_DUE = "SELECT 1 FROM messages WHERE kind IN ('caption', 'thumbnail') AND visible_at <= ? LIMIT 1"
NEXT_DUE = """
SELECT visible_at, id FROM messages
WHERE kind = ? AND visible_at <= ? ORDER BY visible_at, id LIMIT ?
"""
_READ = """
SELECT id, kind, body, attributes, sent_at, receive_count, lease, coalesce(message_id, id) FROM messages
WHERE id IN (SELECT value FROM json_each(?))
"""
_LEASE = """
UPDATE messages SET visible_at = ?, receive_count = receive_count + 1, lease = lease + 1
WHERE id IN (SELECT value FROM json_each(?))
"""
_REJECT = """
INSERT INTO dead_letters (kind, body, attributes, faults, message_id, receive_count, sent_at, rejected_at)
SELECT kind, body, attributes, ?, coalesce(message_id, id), receive_count, sent_at, ?
FROM messages WHERE id = ? AND lease = ?
"""
_KINDS = {kind.value: kind for kind in Kind}
_DELETE = "DELETE FROM messages WHERE id = ? AND lease = ?"


def faults_text(faults: Iterable[Fault]) -> str:
    """The faults of a dead letter as stored text; a lone surrogate, which SQLite cannot store, becomes ``?``."""
    return orjson.dumps([_entry_of(fault) for fault in faults]).decode()


def _entry_of(fault: Fault) -> dict[str, str | bool]:
    entry: dict[str, str | bool] = {"field": _sound(fault.field), "problem": _sound(fault.problem)}
    return entry | {"of_store": True} if fault.of_store else entry


def _sound(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _too_often(count: int) -> str:
    return faults_text([Fault("", f"was delivered {count} times and never acknowledged")])


class _Due(NamedTuple):
    """A message that may be delivered, as it was before its lease."""

    number: int
    kind: str
    body: str
    attributes: str
    sent_at: int
    receive_count: int
    lease: int
    message_id: str | int


@frozen(kw_only=True)
class SqliteEventQueue:
    """An :class:`~linkhub_core.ports.EventQueue` in the file.

    ``batch_size`` messages are leased at a time, for ``visibility_timeout_seconds``. ``receive`` waits for the first
    one for up to ``receive_wait_seconds``. After ``max_receive_count`` deliveries a message goes to the dead letters.
    """

    database: SqliteDatabase
    clock: Clock
    batch_size: int = QUEUE_DEFAULTS["batch_size"]
    visibility_timeout_seconds: float = QUEUE_DEFAULTS["visibility_timeout_seconds"]
    receive_wait_seconds: float = QUEUE_DEFAULTS["receive_wait_seconds"]
    max_receive_count: int = QUEUE_DEFAULTS["max_receive_count"]

    async def receive(self) -> Sequence[Delivery]:
        """See the port."""
        deadline = time.monotonic() + self.receive_wait_seconds
        while True:
            if await self.database.read(self._any_due):
                deliveries = await self.database.write(self._lease, durably=False)
                if deliveries:
                    return deliveries
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return []
            await self.database.wait_for_change(min(remaining, POLL_SECONDS))

    def _any_due(self, connection: sqlite3.Connection) -> bool:
        return connection.execute(_ANY_DUE, (microseconds(self.clock.now()),)).fetchone() is not None

    def _lease(self, connection: sqlite3.Connection) -> list[Delivery]:
        now = microseconds(self.clock.now())
        while numbers := self._due(connection, now):
            # Two statements: RETURNING would copy each body once more.
            due = [_Due(*row) for row in connection.execute(_READ, (_json(numbers),))]
            exhausted = [message for message in due if message.receive_count >= self.max_receive_count]
            _reject(connection, [(_too_often(one.receive_count), now, one.number, one.lease) for one in exhausted])
            if deliverable := [message for message in due if message.receive_count < self.max_receive_count]:
                visible_at = self._visible_at(self.visibility_timeout_seconds)
                connection.execute(_LEASE, (visible_at, _json([message.number for message in deliverable])))
                return [_delivery(message) for message in deliverable]
        return []

    def _due(self, connection: sqlite3.Connection, now: int) -> list[int]:
        """The oldest messages of both kinds in turns, so that a backlog of one kind does not block the other."""
        due = [
            (place, visible_at, number)
            for kind in Kind
            for place, (visible_at, number) in enumerate(
                connection.execute(NEXT_DUE, (kind, now, self.batch_size)).fetchall()
            )
        ]
        return [number for _, _, number in sorted(due)[: self.batch_size]]

    def _visible_at(self, delay_seconds: float) -> int:
        return microseconds(self.clock.now() + timedelta(seconds=delay_seconds))

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        leases = [_lease_of(delivery) for delivery in deliveries]
        await self.database.write(lambda connection: connection.executemany(_DELETE, leases), durably=False)

    async def release(self, deliveries: Sequence[Delivery], delay_seconds: float) -> None:
        """See the port."""
        given_back = [(self._visible_at(delay_seconds), *_lease_of(delivery)) for delivery in deliveries]
        statement = "UPDATE messages SET visible_at = ?, lease = lease + 1 WHERE id = ? AND lease = ?"
        await self.database.write(lambda connection: connection.executemany(statement, given_back))
        self.database.notify_waiters()

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """See the port."""
        visible_at = self._visible_at(self.visibility_timeout_seconds)
        extended = [(visible_at, *_lease_of(delivery)) for delivery in deliveries]
        statement = "UPDATE messages SET visible_at = ? WHERE id = ? AND lease = ?"
        await self.database.write(lambda connection: connection.executemany(statement, extended), durably=False)

    async def reject(self, rejections: Sequence[Rejection]) -> None:
        """See the port."""
        now = microseconds(self.clock.now())
        faults = {_lease_of(one.delivery): faults_text(one.faults) for one in rejections}
        moved = [(text, now, *lease) for lease, text in faults.items()]
        await self.database.write(lambda connection: _reject(connection, moved))


def _reject(connection: sqlite3.Connection, moved: Sequence[tuple[str, int, int, int]]) -> None:
    connection.executemany(_REJECT, moved)
    connection.executemany(_DELETE, [(message_id, lease) for _, _, message_id, lease in moved])


def _lease_of(delivery: Delivery) -> tuple[int, int]:
    number, _, lease = delivery.receipt.partition("#")
    return int(number), int(lease)


def _delivery(message: _Due) -> Delivery:
    return Delivery(
        kind=_KINDS[message.kind],
        body=message.body,
        message_id=str(message.message_id),
        receipt=f"{message.number}#{message.lease + 1}",
        receive_count=message.receive_count + 1,
        sent_at=from_microseconds(message.sent_at),
        attributes=attributes_of(message.attributes),
    )


def attributes_of(stored: str) -> Mapping[str, str]:
    """The attributes of a row: those that can be read. A damaged row must not hold up the queue."""
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def _json(numbers: Sequence[int]) -> str:
    return orjson.dumps(numbers).decode()


# --- publishing


@frozen(kw_only=True)
class SqliteEventPublisher:
    """An :class:`~linkhub_core.ports.EventPublisher` of the file."""

    database: SqliteDatabase
    clock: Clock

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See the port."""
        problems = [(message, problem_of(message)) for message in messages]
        now = microseconds(self.clock.now())
        rows = [
            (message.kind.value, message.body, orjson.dumps(dict(message.attributes)).decode(), now, now)
            for message, problem in problems
            if problem is None
        ]
        await self.database.write(lambda connection: connection.executemany(_PUT, rows))
        self.database.notify_waiters()
        return [Refusal(message=message, problem=problem) for message, problem in problems if problem is not None]


def problem_of(message: OutgoingMessage | QueuedMessage | DeadLetter) -> str | None:
    """Why the file cannot hold a message; None if it can."""
    texts = [message.body, *message.attributes, *message.attributes.values()]
    if any("\0" in text for text in texts):
        return "holds a NUL, which no queue carries"
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return "holds a lone surrogate, which UTF-8 cannot carry"
    return None
