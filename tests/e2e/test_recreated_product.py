"""A product that an operator deletes by hand, and that comes again from a process whose clock is behind."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from linkhub_adapters.sqlite import SqliteAnnouncements, SqliteDatabase, SqliteProductStore
from linkhub_core.model import ProductRecord
from linkhub_core.testing.builders import KEY, a_record
from linkhub_core.wire.announcements import announce
from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e


def _announce(file: Path, record: ProductRecord, *, saves: bool) -> None:
    """The last steps of a process for a pair, also if it was frozen after it had saved the product."""

    async def work() -> None:
        database = SqliteDatabase.open(file, busy_timeout_seconds=5)
        try:
            if saves:
                await SqliteProductStore(database=database).create([record])
            await SqliteAnnouncements(database=database).notify([announce(record, record.updated_at)])
        finally:
            database.close()

    asyncio.run(work())


def _next(page: ClientConnection, *events: str) -> dict[str, Any]:
    """The data of the next event of these names."""
    while (message := json.loads(page.recv(timeout=30)))["event"] not in events:
        """The greeting."""
    data: dict[str, Any] = message["data"]
    return data


def _next_creation(page: ClientConnection) -> str:
    """When the product of the next event was created."""
    return str(_next(page, "new_product", "product_updated")["product"]["created_at"])


def test_a_product_saved_again_by_a_clock_that_is_behind_reaches_an_open_page(deployment: Deployment) -> None:
    """And late news of the deleted one does not, although its clock is ahead."""
    server, url = deployment.serve()
    file, now = deployment.directory / "data" / "linkhub.sqlite3", datetime.now(UTC)
    first = a_record(created_at=now, updated_at=now)
    behind, ahead = now - timedelta(hours=1), now + timedelta(hours=1)
    again = a_record(created_at=behind, updated_at=behind)
    late = a_record(created_at=ahead, updated_at=ahead)
    with server, connect(f"{url.replace('http://', 'ws://')}/products", proxy=None) as page:
        page.send(json.dumps({"event": "subscribe_to_seller", "data": {"seller_handle": KEY.seller_handle}}))
        _next(page, "subscribed")
        _announce(file, first, saves=True)
        created = [_next_creation(page)]
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("DELETE FROM products")
        _announce(file, late, saves=False)
        _announce(file, again, saves=True)
        created.append(_next_creation(page))
    assert created == [announce(record, now).created_at for record in (first, again)]
