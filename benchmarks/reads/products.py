"""Products of the size of real ones, written to a file of linkhub's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from benchmarks.events import pair
from linkhub_adapters.sqlite import SqliteDatabase, SqliteProductStore
from linkhub_cli.backends.embedded import FILE_NAME
from linkhub_core.model import ProductRecord
from linkhub_core.model.decision_table import Joined, decide
from linkhub_core.model.merge import Halves
from linkhub_core.wire.codec import decode_event

_BATCH = 500


def a_product(number: int, seller_handle: str, now: datetime) -> ProductRecord:
    """The product of the video of this number, as it is when both of its halves have come."""
    caption, thumbnails = (
        decode_event(half.kind, half.body, now) for half in pair(number, random.Random(number), sellers=[seller_handle])
    )
    decision = decide(Halves(caption=caption, thumbnails=thumbnails), None, now)
    assert isinstance(decision, Joined)
    return decision.record


def write_products(data_dir: Path, products: Iterable[ProductRecord]) -> None:
    """Write products as a consumer would, all announced."""
    asyncio.run(_write(data_dir, list(products)))


async def _write(data_dir: Path, products: list[ProductRecord]) -> None:
    database = SqliteDatabase.open(data_dir / FILE_NAME)
    try:
        store = SqliteProductStore(database=database)
        for start in range(0, len(products), _BATCH):
            batch = products[start : start + _BATCH]
            await store.create(batch)
            await store.mark_announced(batch)
    finally:
        database.close()
