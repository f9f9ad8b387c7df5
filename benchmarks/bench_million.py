"""A large file: what reading costs with 10,000 and with 1,000,000 products in one shop of it.

Products have the size of real ones, so the large file has some 3.5 GB. What is compared is how the cost grows.
A read is flat if it costs the same in both files; whole-shop reads (export, sweep of a file without debts) are given
for each product.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.table import Table

from benchmarks.reads.large_file import fill_file
from linkhub_adapters.runtime import SystemClock
from linkhub_adapters.sqlite import SqliteDatabase, SqliteDepths, SqliteProductStore
from linkhub_cli.backends.embedded import FILE_NAME
from linkhub_core.application import BrowseShop
from linkhub_core.wire.shop_query import PageQuery

SELLER = "seller"
FLAT = 3.0
"""How many times as much a read may cost in the large file and still count as flat or logarithmic."""

_Read = Callable[[], Awaitable[object]]


async def _seconds(read: _Read, times: int) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await read()
        taken.append(time.perf_counter() - began)
    return median(taken)


async def _all(store: SqliteProductStore, *, unannounced: bool = False) -> int:
    count = 0
    async for _ in store.scan(unannounced=unannounced):
        count += 1
    return count


def measure(count: int, times: int) -> Mapping[str, float]:
    """Seconds of each read over a file with so many products."""
    with TemporaryDirectory() as directory:
        last = fill_file(Path(directory), count, SELLER)
        return asyncio.run(_measure(Path(directory), count, times, last))


async def _measure(data_dir: Path, count: int, times: int, last: datetime) -> Mapping[str, float]:
    with closing(SqliteDatabase.open(data_dir / FILE_NAME)) as database:
        store = SqliteProductStore(database=database)
        browse = BrowseShop(products=store, clock=SystemClock())
        middle = f"73012345{count // 2:011d}"
        long_ago = datetime(1, 1, 2, tzinfo=UTC)
        reads: Mapping[str, _Read] = {
            "first page": lambda: store.page(PageQuery(seller_handle=SELLER)),
            "page in the middle": lambda: store.page(PageQuery(seller_handle=SELLER, before=middle)),
            "since, nothing new": lambda: store.page(PageQuery(seller_handle=SELLER, since=last)),
            "since, 50 changes": lambda: browse.missed(SELLER, last - timedelta(milliseconds=51)),
            "since the year 1": lambda: store.page(PageQuery(seller_handle=SELLER, since=long_ago)),
            "what is not announced (a sweep, the operator's page)": lambda: _all(store, unannounced=True),
            "depths (the operator's page)": SqliteDepths(database=database).take,
        }
        seconds = {name: await _seconds(read, times) for name, read in reads.items()}
        began = time.perf_counter()
        assert await _all(store) == count
        return {**seconds, "export, a product": (time.perf_counter() - began) / count}


@click.command()
@click.option("--small", default=10_000, show_default=True, help="How many products the small file has.")
@click.option("--large", default=1_000_000, show_default=True, help="How many the large one has: 3.5 kB of disk each.")
@click.option("--times", default=30, show_default=True, help="How often each read is made.")
def command(small: int, large: int, times: int) -> None:
    """Read a file of 10,000 and one of 1,000,000 products."""
    few, many = measure(small, times), measure(large, times)
    table = Table("embedded", f"{small:,} products, ms", f"{large:,} products, ms", "times", "")
    for name in few:
        ratio = many[name] / few[name]
        verdict = "flat" if ratio <= FLAT else "GROWS"
        table.add_row(name, f"{few[name] * 1000:.3f}", f"{many[name] * 1000:.3f}", f"{ratio:.1f}", verdict)
    Console().print(table)
