"""Follows a caption's field through linkhub and prints, as JSON, where it is met. Run as a script.

    python -B -m tests.support.field_probe FIELD DIRECTORY DYNAMODB_ENDPOINT

``PYTHONPATH`` decides which linkhub that is: a copy of the source with one field more, for example. Nothing here knows
the field but for its name and the values ``first`` and ``second``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import event_tables
from hypothesis import find

import linkhub_core
from linkhub_adapters.http.api import openapi
from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_adapters.realtime import asyncapi
from linkhub_adapters.sqlite import SqliteDatabase, SqliteProductStore, SqliteStagingStore
from linkhub_core.model import Kind, ProductRecord, WaitingHalf
from linkhub_core.ports import ProductStore, StagingStore
from linkhub_core.testing.builders import KEY
from linkhub_core.testing.strategies import captions
from linkhub_core.wire.codec import document_of
from tests.adapters.aws.table_fixture import open_tables
from tests.adapters.http.http_fixture import PRODUCTS, HttpFixture
from tests.core.application.assembly_harness import AssemblyHarness
from tests.support import aws

ABSENT = "absent"


async def lived(products: ProductStore, staging: StagingStore, field: str) -> Mapping[str, Any]:
    """The stored product after a value of the field, after another in a later event, and after none in a third."""
    harness = AssemblyHarness(products=products, staging=staging)

    async def post(hour: int, **fields: Any) -> None:
        await harness.post_event(Kind.CAPTION, timestamp=f"2026-01-15T{hour:02}:00:00Z", **fields)
        await harness.turn()

    async def seen() -> Mapping[str, Any]:
        async with HttpFixture(store=cast(MemoryProductStore, products)).client() as client:
            (published,) = (await client.get(PRODUCTS)).json()["products"]
        record = (await products.find([KEY]))[KEY]
        assert isinstance(record, ProductRecord)
        return {
            "revision": record.revision,
            "stored": document_of(record.caption).get(field, ABSENT),
            "announced": json.loads(harness.heard.taken[-1].event_json)["product"].get(field, ABSENT),
            "published": published.get(field, ABSENT),
        }

    await post(1, **{field: "first"})
    waiting = [
        document_of(row.half.content).get(field, ABSENT) async for row in staging.scan() if isinstance(row, WaitingHalf)
    ]
    await harness.post_event(Kind.THUMBNAIL)
    await harness.turn()
    created = await seen()
    await post(2, **{field: "second"})
    revised = await seen()
    await post(3)
    return {"waiting": waiting, "created": created, "revised": revised, "removed": await seen()}


def described(field: str) -> Mapping[str, bool]:
    """Whether each description has the field."""
    drawn = find(captions(), lambda caption: document_of(caption).get(field) is not None)
    product = openapi.describe()["components"]["schemas"]["Product"]
    return {
        "openapi": field in product["properties"],
        "openapi, as certain": field in product["required"],
        "asyncapi": field in asyncapi.describe()["components"]["schemas"]["Product"]["properties"],
        "reference": f"| `{field}` | " in event_tables.PIECES["caption_fields"](),
        "strategies": isinstance(document_of(drawn)[field], str),
    }


async def _probe(field: str, directory: Path, dynamodb_endpoint: str) -> Mapping[str, Any]:
    found: dict[str, Any] = {"source": str(Path(linkhub_core.__file__).parents[1]), "described": described(field)}
    found["memory"] = await lived(MemoryProductStore(), MemoryStagingStore(), field)
    database = SqliteDatabase.open(directory / "linkhub.sqlite3", busy_timeout_seconds=5)
    stores = SqliteProductStore(database=database), SqliteStagingStore(database=database)
    found["sqlite"] = await lived(*stores, field)
    database.close()
    dynamodb = aws.dynamodb_client(dynamodb_endpoint)
    with open_tables(dynamodb) as room:
        found["dynamodb"] = await lived(room.product_store, room.staging_store, field)
    dynamodb.close()
    return found


if __name__ == "__main__":
    name, directory_name, endpoint_url = sys.argv[1:]
    print(json.dumps(asyncio.run(_probe(name, Path(directory_name), endpoint_url))))  # noqa: T201  its result
