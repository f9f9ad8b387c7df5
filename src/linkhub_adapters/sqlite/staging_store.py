"""Waiting halves in the file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from attrs import evolve, frozen

from linkhub_adapters.sqlite.database import SqliteDatabase, from_microseconds, microseconds
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Half, Kind, Note, Origin, ProductKey, Version, WaitingHalf
from linkhub_core.ports import (
    DropOutcome,
    Dropped,
    Equal,
    Newer,
    Partner,
    ReportClaim,
    Staged,
    StageOutcome,
    Superseded,
    Unreadable,
)
from linkhub_core.wire.codec import content_from, encode_content
from linkhub_core.wire.json_text import dump, load_document

PAGE_SIZE = 200

_COLUMNS = (
    "seller_handle, video_id, half, version, body, correlation_id, traceparent, waiting_since, expires_at, notes, "
    "report_claimed_until"
)
READ_ROWS = f"SELECT {_COLUMNS} FROM staging"  # noqa: S608  our own names
_FIND = f"SELECT {_COLUMNS} FROM staging WHERE seller_handle = ? AND video_id = ?"  # noqa: S608  our own names
_PAGE = f"""
SELECT {_COLUMNS} FROM staging WHERE (seller_handle, video_id) > (?, ?)
ORDER BY seller_handle, video_id LIMIT {PAGE_SIZE}
"""  # noqa: S608  our own names
_PUT = f"INSERT OR REPLACE INTO staging ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  our own names
_RENEW = "UPDATE staging SET expires_at = ? WHERE seller_handle = ? AND video_id = ?"
_CLAIM = """
UPDATE staging SET report_claimed_until = ?
WHERE seller_handle = ? AND video_id = ? AND half = ? AND waiting_since = ? AND report_claimed_until IS ?
"""
_DROP = "DELETE FROM staging WHERE seller_handle = ? AND video_id = ? AND half = ? AND version = ?"
_DROP_ORPHAN = f"{_DROP} AND expires_at = ?"
_MICROSECOND = timedelta(microseconds=1)


@frozen(kw_only=True)
class SqliteStagingStore:
    """A :class:`~linkhub_core.ports.StagingStore` in the file."""

    database: SqliteDatabase

    async def stage(self, halves: Sequence[WaitingHalf], *, slack: timedelta = timedelta(0)) -> Sequence[StageOutcome]:
        """See the port."""
        encoded = [(waiting, encode_content(waiting.half.content), slack) for waiting in halves]
        outcomes = await self.database.write(lambda connection: [_stage(connection, *one) for one in encoded])
        # Rows of partners are decoded after the transaction: no other process waits for that.
        return [_partner_outcome(one) if isinstance(one, tuple) else one for one in outcomes]

    async def waiting(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, WaitingHalf | Unreadable]:
        """See the port."""
        rows = await self.database.read(lambda connection: [(key, _find(connection, key)) for key in keys])
        return {key: read_row(row) for key, row in rows if row is not None}

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        return await self.database.write(lambda connection: [_drop(connection, row) for row in rows], durably=False)

    async def claim_reports(self, claims: Sequence[ReportClaim]) -> Sequence[bool]:
        """See the port."""
        return await self.database.write(lambda connection: [_claim(connection, claim) for claim in claims])

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """See the port."""
        last = ("", "")
        while rows := await self.database.read(
            lambda connection, after=last: connection.execute(_PAGE, after).fetchall()  # type: ignore[misc]
        ):
            last = rows[-1][:2]
            for row in rows:
                yield read_row(row)


def _find(connection: sqlite3.Connection, key: ProductKey) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = connection.execute(_FIND, (key.seller_handle, key.video_id)).fetchone()
    return found


def _stage(
    connection: sqlite3.Connection, waiting: WaitingHalf, body: bytes, slack: timedelta
) -> StageOutcome | tuple[Any, ...]:
    """The outcome; or the row, if it is the partner's or cannot be read."""
    row = _find(connection, waiting.key)
    if row is None:
        connection.execute(_PUT, _row(waiting, body, microseconds(waiting.waiting_since), None))
        return Staged()
    kind, version = row[2], _version_of(row)
    if kind != waiting.half.kind or version is None:
        return row
    if version < waiting.half.version:
        later = evolve(waiting, expires_at=max(waiting.expires_at, from_microseconds(row[8])))
        connection.execute(_PUT, _row(later, body, row[7], row[10]))
        return Staged()
    if isinstance(found := read_row(row), Unreadable):  # a copy is known only if the staged half can be read
        return found
    expires_at = microseconds(waiting.expires_at)
    if row[8] + slack // _MICROSECOND < expires_at:
        connection.execute(_RENEW, (expires_at, *row[:2]))
    return Equal() if version == waiting.half.version else Superseded()


def _drop(connection: sqlite3.Connection, dropped: Half | WaitingHalf) -> DropOutcome:
    half = dropped.half if isinstance(dropped, WaitingHalf) else dropped
    statement = _DROP
    identity: tuple[Any, ...] = (half.key.seller_handle, half.key.video_id, half.kind.value, str(half.version))
    if isinstance(dropped, WaitingHalf):
        statement, identity = _DROP_ORPHAN, (*identity, microseconds(dropped.expires_at))
    if connection.execute(statement, identity).rowcount:
        return Dropped()
    row = _find(connection, half.key)
    found = None if row is None else read_row(row)
    if isinstance(found, Unreadable):
        return found
    return Dropped() if found is None else Newer(found)


def _claim(connection: sqlite3.Connection, claim: ReportClaim) -> bool:
    row = claim.row
    identity = (row.key.seller_handle, row.key.video_id, row.half.kind.value, microseconds(row.waiting_since))
    values = (_moment(claim.until), *identity, _moment(row.report_claimed_until))
    return bool(connection.execute(_CLAIM, values).rowcount)


def _moment(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _partner_outcome(row: tuple[Any, ...]) -> StageOutcome:
    found = read_row(row)
    return found if isinstance(found, Unreadable) else Partner(found)


def _version_of(row: tuple[Any, ...]) -> Version | None:
    """The version of a row; None if linkhub did not write it."""
    try:
        return Version.parse(row[3])
    except ValueError:
        return None


def _row(waiting: WaitingHalf, body: bytes, waiting_since: int, claimed_until: int | None) -> tuple[Any, ...]:
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
        claimed_until,
    )


def read_row(row: tuple[Any, ...]) -> WaitingHalf | Unreadable:
    """Read a row of the table ``staging``; one that linkhub did not write is `Unreadable`, with the reason."""
    try:
        return _waiting(row)
    except (MalformedEvent, ArithmeticError, AttributeError, TypeError, ValueError) as broken:
        return Unreadable(seller_handle=row[0], video_id=row[1], problem=str(broken))


def _waiting(row: tuple[Any, ...]) -> WaitingHalf:
    (
        seller_handle,
        video_id,
        kind,
        version,
        body,
        correlation_id,
        traceparent,
        waiting_since,
        expires_at,
        notes,
        claim,
    ) = row
    content = content_from(Kind(kind), load_document(body))
    return WaitingHalf(
        half=Half(key=ProductKey(seller_handle, video_id), version=Version.parse(version), content=content),
        origin=Origin(correlation_id=correlation_id, traceparent=traceparent, notes=_notes(notes)),
        waiting_since=from_microseconds(waiting_since),
        expires_at=from_microseconds(expires_at),
        report_claimed_until=None if claim is None else from_microseconds(claim),
    )


def _notes(stored: str) -> tuple[Note, ...]:
    return () if stored == "[]" else tuple(Note(field, rule) for field, rule in orjson.loads(stored))
