"""Shows the messages in the file without leasing them, and adds those that another queue held."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, from_microseconds, microseconds
from linkhub_adapters.sqlite.event_queue import attributes_of, problem_of
from linkhub_core.model import Kind
from linkhub_core.ports import Added, AddOutcome, Clock, Known, QueuedMessage, Refused

PAGE_SIZE = 50  # a body may have 1 MiB
MESSAGE_COLUMNS = "id, coalesce(message_id, id), kind, body, attributes, sent_at, visible_at, receive_count"
_PAGE = f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE id > ? ORDER BY id LIMIT {PAGE_SIZE}"  # noqa: S608  our own names
_SAME = "sent_at = :sent_at AND kind = :kind AND body = :body"
KNOWN = f"""
SELECT 1 FROM messages WHERE id = :number AND message_id IS NULL AND {_SAME}
UNION ALL SELECT 1 FROM messages WHERE message_id = :message_id AND {_SAME}
UNION ALL SELECT 1 FROM dead_letters WHERE message_id = :message_id AND {_SAME}
"""  # noqa: S608  our own names
_PUT = """
INSERT INTO messages (kind, body, attributes, sent_at, visible_at, receive_count, message_id)
VALUES (:kind, :body, :attributes, :sent_at, :now, :receive_count, :message_id)
"""
_MOST_DIGITS = 18


@frozen(kw_only=True)
class SqliteQueueContents:
    """The :class:`~linkhub_core.ports.QueueContents` of the file."""

    database: SqliteDatabase
    clock: Clock

    @property
    def can_browse(self) -> bool:
        """See the port."""
        return True

    async def browse(self) -> AsyncIterator[QueuedMessage]:
        """See the port."""
        last = 0
        while rows := await self.database.read(
            lambda connection, after=last: connection.execute(_PAGE, (after,)).fetchall()  # type: ignore[misc]
        ):
            last = rows[-1][0]
            for row in rows:
                yield read_message(row)

    async def add(self, messages: Sequence[QueuedMessage], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        now = microseconds(self.clock.now())
        rows = [Refused(problem) if (problem := problem_of(one)) else _row(one, now) for one in messages]

        def work(connection: sqlite3.Connection) -> list[AddOutcome]:
            return [row if isinstance(row, Refused) else _add(connection, row, dry_run) for row in rows]

        outcomes = await (self.database.read(work) if dry_run else self.database.write(work))
        self.database.notify_waiters()
        return outcomes


def _add(connection: sqlite3.Connection, row: dict[str, Any], dry_run: bool) -> AddOutcome:
    if connection.execute(KNOWN, row).fetchone() is not None:
        return Known()
    if not dry_run:
        connection.execute(_PUT, row)
    return Added()


def _row(message: QueuedMessage, now: int) -> dict[str, Any]:
    message_id = message.message_id
    return {
        "number": int(message_id) if message_id.isdecimal() and len(message_id) <= _MOST_DIGITS else -1,
        "message_id": message_id,
        "kind": message.kind.value,
        "body": message.body,
        "attributes": orjson.dumps(dict(message.attributes)).decode(),
        "sent_at": microseconds(message.sent_at),
        "receive_count": message.receive_count,
        "now": now,
    }


def read_message(row: tuple[Any, ...]) -> QueuedMessage:
    """Read the :data:`MESSAGE_COLUMNS` of a row."""
    _, message_id, kind, body, attributes, sent_at, visible_at, receive_count = row
    return QueuedMessage(
        kind=Kind(kind),
        body=body,
        message_id=str(message_id),
        receive_count=receive_count,
        sent_at=from_microseconds(sent_at),
        visible_at=from_microseconds(visible_at),
        attributes=attributes_of(attributes),
    )
