"""Looks for a video in the file: in its queues, staging, products and announcements."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from linkhub_adapters.sqlite.database import SqliteDatabase
from linkhub_adapters.sqlite.product_store import SqliteProductStore
from linkhub_adapters.sqlite.queue_contents import MESSAGE_COLUMNS, read_message
from linkhub_adapters.sqlite.staging_store import SqliteStagingStore
from linkhub_core.model import ProductKey, ProductRecord, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.ports.video_lookup import VideoRecord
from linkhub_core.wire.announcements import read_announcement

_SELLERS = """
SELECT seller_handle FROM staging WHERE video_id = :video_id
UNION SELECT seller_handle FROM products WHERE video_id = :video_id
"""
_QUEUED = f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE instr(body, ?) ORDER BY id"  # noqa: S608  our own names
_ANNOUNCED = "SELECT event_json, correlation_id, created_at FROM announcements WHERE instr(event_json, ?) ORDER BY id"


@frozen(kw_only=True)
class SqliteVideoLookup:
    """The :class:`~linkhub_core.ports.VideoLookup` of the file. It reads the whole of it, but for bodies of others."""

    database: SqliteDatabase

    async def find(self, video_id: str, seller_handles: Sequence[str]) -> VideoRecord:  # noqa: ARG002  all are seen
        """See the port."""
        sellers, queued, announced = await self.database.read(lambda connection: _read(connection, video_id))
        keys = [ProductKey(seller, video_id) for (seller,) in sellers]
        waiting = await SqliteStagingStore(database=self.database).waiting(keys)
        products = await SqliteProductStore(database=self.database).find(keys)
        return VideoRecord(
            waiting=[row for row in waiting.values() if isinstance(row, WaitingHalf)],
            products=[row for row in products.values() if isinstance(row, ProductRecord)],
            unreadable=[row for row in (*waiting.values(), *products.values()) if isinstance(row, Unreadable)],
            queued=[read_message(row) for row in queued],
            announcements=[
                one for row in announced if (one := read_announcement(*row)) and one.key.video_id == video_id
            ],
        )


_Rows = list[tuple[Any, ...]]


def _read(connection: sqlite3.Connection, video_id: str) -> tuple[_Rows, _Rows, _Rows]:
    return (
        connection.execute(_SELLERS, {"video_id": video_id}).fetchall(),
        connection.execute(_QUEUED, (video_id,)).fetchall(),
        connection.execute(_ANNOUNCED, (video_id.encode(),)).fetchall(),
    )
