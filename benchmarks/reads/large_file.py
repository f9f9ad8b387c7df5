"""A data file with very many products of one shop, made without linkhub."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.reads.products import a_product
from linkhub_adapters.sqlite import SqliteDatabase
from linkhub_cli.backends.embedded import FILE_NAME
from linkhub_core.wire.codec import encode_product, timestamp_text

_INSERT = """
INSERT INTO products (seller_handle, video_id, document, caption_version, thumbnails_version, revision, shown,
  created_at, updated_at, change) VALUES (?, ?, ?, ?, ?, 1, 1, ?, ?, ?)
"""


def fill_file(data_dir: Path, count: int, seller_handle: str) -> datetime:
    """So many products of one shop, one changed each millisecond; gives the time of the last change."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    product = a_product(0, seller_handle, began)
    head, tail = encode_product(product).split(product.key.video_id.encode(), 1)
    stamp = timestamp_text(product.updated_at).encode()
    versions = str(product.caption_version), str(product.thumbnails_version)

    def rows(start: int, stop: int) -> list[tuple[object, ...]]:
        made: list[tuple[object, ...]] = []
        for number in range(start, stop):
            video_id = f"73012345{number:011d}"
            changed_at = timestamp_text(began + timedelta(milliseconds=number))
            document = b"%b%b%b" % (head, video_id.encode(), tail.replace(stamp, changed_at.encode()))
            made.append((seller_handle, video_id, document, *versions, changed_at, changed_at, number + 1))
        return made

    SqliteDatabase.open(data_dir / FILE_NAME).close()
    with closing(sqlite3.connect(data_dir / FILE_NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for start in range(0, count, 10_000):
            connection.execute("BEGIN")
            connection.executemany(_INSERT, rows(start, min(start + 10_000, count)))
            connection.execute("COMMIT")
        connection.execute("UPDATE epochs SET last = ?", (count,))
    return began + timedelta(milliseconds=count)
