"""Fairness: the latency of events to a healthy client and of ``/healthz``, while other clients take all they can.

Each case runs against a fresh ``linkhub serve`` on the embedded file, over which products are saved and announced by
this process. The client's latency is from when the announcement is on the disk to its arrival at a plain WebSocket.

    nothing             for comparison
    GETs                one client with 400 connections that ask for pages, one after the other on each
    readers that stop   200 connections that ask for large pages and do not read
    a slow network      100 connections that ask for large pages and take 40 kB a second each
    subscribes          20 connections that subscribe as fast as they may, with a since of long ago
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import click
import orjson
from attrs import evolve, frozen
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect

from benchmarks.reads.products import a_product, write_products
from benchmarks.reads.server_process import linkhub_server
from linkhub_adapters.sqlite import SqliteAnnouncements, SqliteDatabase
from linkhub_cli.backends.embedded import FILE_NAME
from linkhub_core.wire.announcements import announce

SELLER, LARGE = "seller", "large"
TARGET_SECONDS = 0.25
_PAGE = f"GET /api/v1/shop/{SELLER}/products HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
_LARGE_PAGE = f"GET /api/v1/shop/{LARGE}/products?limit=50 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
_WARM_UP_SECONDS = 3.0
_HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

_Load = Callable[[int], Coroutine[Any, Any, None]]


@frozen(kw_only=True)
class Latencies:
    """Seconds of each event and of each answer of ``/healthz``."""

    events: Sequence[float]
    health: Sequence[float]


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    await reader.readexactly(length)


async def _ask_for_ever(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            writer.write(_PAGE)
            await _read_answer(reader)
    writer.close()


async def _ask_and_stop(port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_024)
    writer.write(_LARGE_PAGE * 4)
    try:
        await asyncio.Event().wait()
    finally:
        writer.close()


async def _read_slowly(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2_048)
    with suppress(ConnectionError):
        writer.write(_LARGE_PAGE)
        for _ in range(10_000):
            await reader.read(4_096)
            await asyncio.sleep(0.1)
    writer.close()


async def _subscribe_for_ever(port: int) -> None:
    asked = {"seller_handle": SELLER, "since": "2000-01-01T00:00:00Z"}
    message = orjson.dumps({"event": "subscribe_to_seller", "data": asked}).decode()
    async with connect(f"ws://127.0.0.1:{port}/products", proxy=None) as client:
        while True:
            await client.send(message)
            await client.recv()


async def _nothing(_: int) -> None:
    await asyncio.Event().wait()


CASES: Mapping[str, tuple[_Load, int]] = {
    "nothing": (_nothing, 1),
    "GETs on 400 connections": (_ask_for_ever, 400),
    "200 readers that stop": (_ask_and_stop, 200),
    "100 readers on a slow network": (_read_slowly, 100),
    "20 connections that subscribe": (_subscribe_for_ever, 20),
}


@contextmanager
def _loaded(name: str, port: int) -> Iterator[None]:
    """Load the server from another process, so that only the server is slow."""
    loading = multiprocessing.get_context("spawn").Process(target=_load, args=(name, port))
    loading.start()
    time.sleep(_WARM_UP_SECONDS)
    try:
        yield
    finally:
        loading.terminate()
        loading.join()


def _load(name: str, port: int) -> None:
    load, count = CASES[name]

    async def all_at_once() -> None:
        await asyncio.gather(*(load(port) for _ in range(count)), return_exceptions=True)

    asyncio.run(all_at_once())


async def _measure(data_dir: Path, port: int, events: int) -> Latencies:
    now = datetime.now(UTC)
    database = SqliteDatabase.open(data_dir / FILE_NAME)
    try:
        bus = SqliteAnnouncements(database=database)
        async with connect(f"ws://127.0.0.1:{port}/products", proxy=None, max_size=None) as client:
            await client.recv()
            await client.send('{"event":"subscribe_to_seller","data":{"seller_handle":"healthy"}}')
            await client.recv()
            latencies, health = [], []
            for number in range(events):
                await bus.notify([announce(a_product(number, "healthy", now), now)])
                stored_at = time.perf_counter()  # the disk's own time is not the server's
                await client.recv()
                latencies.append(time.perf_counter() - stored_at)
                health.append(await _ask_health(port))
        return Latencies(events=latencies, health=health)
    finally:
        database.close()


async def _ask_health(port: int) -> float:
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_HEALTH)
    await _read_answer(reader)
    writer.close()
    return time.perf_counter() - began


def measure(events: int) -> Mapping[str, Latencies]:
    """Measure each case with so many events."""
    now, found = datetime.now(UTC), {}
    for name in CASES:
        with TemporaryDirectory() as directory:
            data_dir = Path(directory)
            products = [a_product(number, SELLER, now) for number in range(200)]
            large = [_large(a_product(number, LARGE, now)) for number in range(60)]
            write_products(data_dir, [*products, *large])
            with linkhub_server(data_dir) as server, _loaded(name, server.port):
                found[name] = asyncio.run(_measure(data_dir, server.port, events))
    return found


def _large(product: Any) -> Any:
    """The product with a caption of 20,000 characters and 60 kB altogether."""
    caption = evolve(product.caption, raw_caption="x" * 20_000, title="x" * 2_000, tags=("x" * 400,) * 100)
    return evolve(product, caption=caption)


@click.command()
@click.option("--events", default=100, show_default=True, help="How many events each case has.")
def command(events: int) -> None:
    """Measure events and health while other clients take all they can."""
    columns = ("while others ask", "event median ms", "event p99 ms", "health p99 ms", f"p99 <= {TARGET_SECONDS} s")
    table = Table(*columns)
    for name, latencies in measure(events).items():
        p99, health = _p99(latencies.events), _p99(latencies.health)
        verdict = "pass" if max(p99, health) <= TARGET_SECONDS else "MISS"
        table.add_row(
            name, f"{median(latencies.events) * 1000:.0f}", f"{p99 * 1000:.0f}", f"{health * 1000:.0f}", verdict
        )
    Console().print(table)


def _p99(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=100)[98]
