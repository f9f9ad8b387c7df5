"""The cost of reading a shop on DynamoDB: its first page, read and kept, one product, and polls with nothing new.

All go through what REST calls, on a shop of 5,000 products in DynamoDB Local. A 304 reads what the same answer with a
body reads. Read units are those that the service returns. DynamoDB Local returns 0 for a query that finds nothing,
where DynamoDB charges one unit, so such a read counts as one unit here. CPU is this process's, all its threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import frozen
from botocore.config import Config
from tests.support.aws import dynamodb_client

from benchmarks.aws_room import AwsRoom, open_clients
from benchmarks.reads.products import a_product
from benchmarks.stopwatch import Stopwatch
from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.dynamodb.calls import DynamoDbCalls
from linkhub_adapters.aws.dynamodb.product_store import DynamoDbProductStore
from linkhub_adapters.aws.dynamodb.shop_stamps import DynamoDbShopStamps
from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.runtime import SystemClock
from linkhub_core.application import BrowseShop
from linkhub_core.model.change_stamps import MARGIN_MS
from linkhub_core.ports import Changes
from linkhub_core.wire.codec import timestamp_text

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

SELLER = "seller"


@contextmanager
def _open_client(endpoint: str) -> Iterator[DynamoDBClient]:
    """A client of the test server that is as fast as linkhub's own."""
    with closing(dynamodb_client(endpoint, Config(parameter_validation=False))) as client:
        speed_up(client)
        yield client


@frozen(kw_only=True)
class Read:
    """The cost of one read, on average."""

    cpu_ms: float
    calls: float
    units: float
    products: int


async def _fill(store: DynamoDbProductStore, products: int) -> None:
    now = datetime.now(UTC)
    for start in range(0, products, 500):
        await store.create([a_product(number, SELLER, now) for number in range(start, min(start + 500, products))])


async def _read(store: DynamoDbProductStore, times: int, ask: Callable[[], Awaitable[int]]) -> Read:
    """Read so often; ``ask`` gives the number of products in its answer."""
    products = await ask()  # the first opens the connection
    counts, units, watch = store.calls.calls.counts, store.calls.consumption.read_units, Stopwatch()
    counts.clear()
    units.clear()
    with watch.running():
        for _ in range(times):
            products = await ask()
    return Read(
        cpu_ms=watch.cpu_seconds / times * 1000,
        calls=counts.total() / times,
        units=units.total() / times if products else 1.0,
        products=products,
    )


async def _measure(store: DynamoDbProductStore, products: int, times: int) -> dict[str, Read]:
    await _fill(store, products)
    browse = BrowseShop(products=store, clock=SystemClock())
    pages = KeptPages(browse=browse, stamps=DynamoDbShopStamps(monotonic=lambda: 0.0))  # all reads are in one second
    since = timestamp_text(datetime.now(UTC) + timedelta(hours=1))  # five minutes are read from the index
    video_id = a_product(0, SELLER, datetime.now(UTC)).key.video_id

    async def first_page() -> int:
        return len((await browse.page(SELLER)).page.products)

    async def kept_page() -> int:
        await pages.first(SELLER, 20)
        return 20

    async def one_product() -> int:
        return int(await browse.product(SELLER, video_id) is not None)

    async def nothing_new() -> int:
        return len((await browse.page(SELLER, since=since)).page.products)

    cursor = None

    async def nothing_after_a_cursor() -> int:
        nonlocal cursor
        if cursor is None:
            await asyncio.sleep(2 * MARGIN_MS / 1000)  # what was saved within the margin would come again
            cursor = (await browse.page(SELLER)).page.cursor
        found = await browse.changes(SELLER, cursor=str(cursor))
        assert isinstance(found, Changes)
        return len(found.changes)

    return {
        "a page of 20": await _read(store, times, first_page),
        "the same within a second, kept": await _read(store, times, kept_page),
        "one product": await _read(store, times, one_product),
        "poll with since, nothing new": await _read(store, times, nothing_new),
        "poll with a cursor, nothing new": await _read(store, times, nothing_after_a_cursor),
    }


def measure(endpoints: tuple[str, str], products: int, times: int) -> dict[str, Read]:
    """Fill a shop on DynamoDB at these endpoints, and read it."""
    with open_clients(*endpoints) as (dynamodb, sqs):
        room = AwsRoom(dynamodb=dynamodb, sqs=sqs)
        with _open_client(endpoints[0]) as client, ThreadPoolExecutor(4) as threads:
            calls = DynamoDbCalls(
                dynamodb=client, calls=AwsCalls(service="DynamoDB", executor=threads), clock=SystemClock()
            )
            store = DynamoDbProductStore(calls=calls, table=room.products_table)
            return asyncio.run(_measure(store, products, times))
