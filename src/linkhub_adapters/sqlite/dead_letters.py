"""Rejected messages in the file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson
from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, from_microseconds, microseconds
from linkhub_adapters.sqlite.event_queue import attributes_of, faults_text, problem_of
from linkhub_core.errors import Fault
from linkhub_core.model import Kind
from linkhub_core.ports import Added, AddOutcome, Clock, DeadLetter, DeadLetterQuery, Known, Refused
from linkhub_core.ports.event_queue import carry_first_sent

PAGE_SIZE = 50  # a body may have 1 MiB

_COLUMNS = "id, kind, body, attributes, faults, message_id, receive_count, sent_at, rejected_at, source_queue"
_PAGE = f"SELECT {_COLUMNS} FROM dead_letters WHERE id > ? ORDER BY id LIMIT {PAGE_SIZE}"  # noqa: S608  our own names
_KINDS = frozenset(Kind)
_SENT = "SELECT attributes, sent_at FROM dead_letters WHERE id = ?"
_KNOWN = "SELECT 1 FROM dead_letters WHERE message_id = ? AND sent_at = ? AND rejected_at = ? AND body = ?"
_PUT = """
INSERT INTO dead_letters (kind, body, attributes, faults, message_id, receive_count, sent_at, rejected_at, source_queue)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_RETURN = """
INSERT INTO messages (kind, body, attributes, sent_at, visible_at)
SELECT ?, body, ?, ?, ? FROM dead_letters WHERE id = ?
"""
_REMOVE = "DELETE FROM dead_letters WHERE id = ?"


@frozen(kw_only=True)
class SqliteDeadLetters:
    """The :class:`~linkhub_core.ports.DeadLetters` of the file. A redrive is one transaction."""

    database: SqliteDatabase
    clock: Clock

    async def browse(self, query: DeadLetterQuery) -> AsyncIterator[DeadLetter]:
        """See the port."""
        named = None if query.letter_ids is None else set(query.letter_ids)
        last = 0
        while rows := await self.database.read(lambda connection, after=last: _page(connection, after)):  # type: ignore[misc]
            last = rows[-1][0]
            for row in rows:
                letter = _letter(row)
                if query.kind in (None, letter.kind) and (named is None or letter.letter_id in named):
                    yield letter

    async def redrive(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        now = microseconds(self.clock.now())
        kinds = {_number(letter): letter.kind for letter in letters if letter.kind is not None}

        def work(connection: sqlite3.Connection) -> int:
            for number, kind in sorted(kinds.items()):
                _return(connection, number, kind, now)
            return connection.executemany(_REMOVE, [(number,) for number in kinds]).rowcount

        returned = await self.database.write(work) if kinds else 0
        self.database.notify_waiters()
        return returned

    async def add(self, letters: Sequence[DeadLetter], *, dry_run: bool = False) -> Sequence[AddOutcome]:
        """See the port."""
        problems = [problem_of(letter) for letter in letters]

        def work(connection: sqlite3.Connection) -> list[AddOutcome]:
            return [
                _add(connection, letter, dry_run) if problem is None else Refused(problem)
                for letter, problem in zip(letters, problems, strict=True)
            ]

        return await (self.database.read(work) if dry_run else self.database.write(work))

    async def purge(self, letters: Sequence[DeadLetter]) -> int:
        """See the port."""
        if not letters:
            return 0
        gone = [(_number(letter),) for letter in letters]
        return await self.database.write(lambda connection: connection.executemany(_REMOVE, gone).rowcount)


def _page(connection: sqlite3.Connection, after: int) -> list[tuple[Any, ...]]:
    return connection.execute(_PAGE, (after,)).fetchall()


def _add(connection: sqlite3.Connection, letter: DeadLetter, dry_run: bool) -> AddOutcome:
    sent_at, rejected_at = microseconds(letter.sent_at), microseconds(letter.rejected_at)
    if connection.execute(_KNOWN, (letter.message_id, sent_at, rejected_at, letter.body)).fetchone() is not None:
        return Known()
    if not dry_run:
        row = (
            "" if letter.kind is None else letter.kind.value,
            letter.body,
            orjson.dumps(dict(letter.attributes)).decode(),
            faults_text(letter.faults),
            letter.message_id,
            letter.receive_count,
            sent_at,
            rejected_at,
            letter.source_queue,
        )
        connection.execute(_PUT, row)
    return Added()


def _return(connection: sqlite3.Connection, number: int, kind: Kind, now: int) -> None:
    """Put a dead letter back on its queue, with the time at which its message was first sent."""
    if (found := connection.execute(_SENT, (number,)).fetchone()) is not None:
        attributes, sent_at = found
        carried = carry_first_sent(attributes_of(attributes), from_microseconds(sent_at))
        connection.execute(_RETURN, (kind.value, orjson.dumps(carried).decode(), now, now, number))


def _number(letter: DeadLetter) -> int:
    """The row id of a dead letter; -1 if the letter id is not a number."""
    return int(letter.letter_id) if letter.letter_id.isdecimal() else -1


def _letter(row: tuple[Any, ...]) -> DeadLetter:
    number, kind, body, attributes, faults, message_id, receive_count, sent_at, rejected_at, source_queue = row
    return DeadLetter(
        letter_id=str(number),
        kind=Kind(kind) if kind in _KINDS else None,
        body=body,
        faults=_faults(faults),
        message_id=message_id,
        receive_count=receive_count,
        sent_at=from_microseconds(sent_at),
        rejected_at=from_microseconds(rejected_at),
        attributes=attributes_of(attributes),
        source_queue=source_queue,
    )


def _faults(stored: str) -> tuple[Fault, ...]:
    """The faults of a row; a damaged row must not hide the others."""
    try:
        return tuple(
            Fault(one["field"], one["problem"], of_store=bool(one.get("of_store"))) for one in orjson.loads(stored)
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return (Fault("", "its faults cannot be read"),)
