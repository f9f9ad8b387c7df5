"""What puts events into the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import orjson
from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, microseconds
from linkhub_core.ports import Clock, OutgoingMessage, Refusal

__all__ = ["SqliteEventPublisher"]

_PUT = "INSERT INTO messages (kind, body, attributes, sent_at, visible_at) VALUES (?, ?, ?, ?, ?)"


@frozen(kw_only=True)
class SqliteEventPublisher:
    """An :class:`~linkhub_core.ports.EventPublisher` into the file."""

    database: SqliteDatabase
    clock: Clock

    async def publish(self, messages: Sequence[OutgoingMessage]) -> Sequence[Refusal]:
        """See the port."""
        problems = [(message, _problem_of(message)) for message in messages]
        sound = [message for message, problem in problems if problem is None]
        now = microseconds(self.clock.now())
        rows = [
            (message.kind.value, message.body, orjson.dumps(dict(message.attributes)).decode(), now, now)
            for message in sound
        ]
        await self.database.write(lambda connection: _put(connection, rows))
        self.database.notify_waiters()
        return [Refusal(message=message, problem=problem) for message, problem in problems if problem is not None]


def _put(connection: sqlite3.Connection, rows: Sequence[tuple[str, str, str, int, int]]) -> None:
    connection.executemany(_PUT, rows)


def _problem_of(message: OutgoingMessage) -> str | None:
    texts = [message.body, *message.attributes, *message.attributes.values()]
    if any("\0" in text for text in texts):
        return "holds a NUL, which no queue carries"
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return "holds a lone surrogate, which UTF-8 cannot carry"
    return None
