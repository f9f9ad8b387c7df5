"""Waiting halves in the file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson
from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, from_microseconds, microseconds
from linkhub_adapters.sqlite.documents import read_document
from linkhub_core.codec import content_from, encode_content
from linkhub_core.json_text import dump
from linkhub_core.model import Half, Kind, Note, Origin, ProductKey, Version, WaitingHalf
from linkhub_core.ports import DropOutcome, Dropped, Equal, Newer, Partner, Staged, StageOutcome, Superseded

__all__ = ["SqliteStagingStore"]

PAGE_SIZE = 200

_COLUMNS = "seller_handle, video_id, half, version, body, correlation_id, traceparent, waiting_since, expires_at, notes"
_FIND = f"SELECT {_COLUMNS} FROM staging WHERE seller_handle = ? AND video_id = ?"  # noqa: S608  our own names
_PAGE = f"""
SELECT {_COLUMNS} FROM staging WHERE (seller_handle, video_id) > (?, ?)
ORDER BY seller_handle, video_id LIMIT {PAGE_SIZE}
"""  # noqa: S608  our own names
_PUT = f"INSERT OR REPLACE INTO staging ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  our own names
_DROP = "DELETE FROM staging WHERE seller_handle = ? AND video_id = ? AND half = ? AND version = ?"


@frozen(kw_only=True)
class SqliteStagingStore:
    """A :class:`~linkhub_core.ports.StagingStore` in the file."""

    database: SqliteDatabase

    async def stage(self, halves: Sequence[WaitingHalf]) -> Sequence[StageOutcome]:
        """See the port."""
        encoded = [(waiting, encode_content(waiting.half.content)) for waiting in halves]
        outcomes = await self.database.write(lambda connection: [_stage(connection, *one) for one in encoded])
        # Read what the partners say only now: no other process waits for that.
        return [Partner(_waiting(one)) if isinstance(one, tuple) else one for one in outcomes]

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf]:
        """See the port."""
        rows = await self.database.read(lambda connection: [row for key in keys if (row := _find(connection, key))])
        return {row.key: row for row in map(_waiting, rows)}

    async def drop(self, halves: Sequence[Half]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self.database.write(lambda connection: [_drop(connection, half) for half in halves])

    async def scan(self) -> AsyncIterator[WaitingHalf]:
        """See the port."""
        last = ("", "")
        while rows := await self.database.read(
            lambda connection, after=last: connection.execute(_PAGE, after).fetchall()  # type: ignore[misc]
        ):
            last = rows[-1][:2]
            for row in rows:
                yield _waiting(row)


def _find(connection: sqlite3.Connection, key: ProductKey) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(_FIND, (key.seller_handle, key.video_id)).fetchone()
    return found


def _stage(connection: sqlite3.Connection, waiting: WaitingHalf, body: bytes) -> StageOutcome | tuple[Any, ...]:
    """The outcome; or the row, where the partner stands there."""
    row = _find(connection, waiting.key)
    if row is None:
        connection.execute(_PUT, _row(waiting, body, microseconds(waiting.waiting_since)))
        return Staged()
    kind, version = row[2], Version.parse(row[3])
    if kind != waiting.half.kind:
        return row
    if version == waiting.half.version:
        return Equal()
    if version > waiting.half.version:
        return Superseded()
    connection.execute(_PUT, _row(waiting, body, row[7]))
    return Staged()


def _drop(connection: sqlite3.Connection, half: Half) -> DropOutcome:
    identity = (half.key.seller_handle, half.key.video_id, half.kind.value, str(half.version))
    if connection.execute(_DROP, identity).rowcount:
        return Dropped()
    row = _find(connection, half.key)
    return Dropped() if row is None else Newer(_waiting(row))


def _row(waiting: WaitingHalf, body: bytes, waiting_since: int) -> tuple[Any, ...]:
    half, origin = waiting.half, waiting.origin
    return (
        half.key.seller_handle,
        half.key.video_id,
        half.kind.value,
        str(half.version),
        body,
        origin.correlation_id,
        origin.traceparent,
        waiting_since,
        microseconds(waiting.expires_at),
        dump([[note.field, note.rule] for note in origin.notes]).decode() if origin.notes else "[]",
    )


def _waiting(row: tuple[Any, ...]) -> WaitingHalf:
    seller_handle, video_id, kind, version, body, correlation_id, traceparent, waiting_since, expires_at, notes = row
    content = content_from(Kind(kind), read_document(body))
    return WaitingHalf(
        half=Half(key=ProductKey(seller_handle, video_id), version=Version.parse(version), content=content),
        origin=Origin(correlation_id=correlation_id, traceparent=traceparent, notes=_notes(notes)),
        waiting_since=from_microseconds(waiting_since),
        expires_at=from_microseconds(expires_at),
    )


def _notes(stored: str) -> tuple[Note, ...]:
    return () if stored == "[]" else tuple(Note(field, rule) for field, rule in orjson.loads(stored))
