"""Drain a backlog: products a second and CPU a product, beside a floor that only decodes and writes.

The floor, in the same run and on the same messages, decodes both halves and writes each as a row, in transactions of
the same size. linkhub also has the queue, staging, the announcement and the acknowledgement.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from attrs import evolve
from rich.console import Console
from rich.table import Table

from benchmarks.events import backlog
from benchmarks.stopwatch import Stopwatch
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import Backend, open_backend
from linkhub_cli.settings import Consuming, Settings, Storage
from linkhub_core.application import AssembleBatch
from linkhub_core.model import ProductRecord
from linkhub_core.ports import OutgoingMessage, SilentJournal
from linkhub_core.wire import codec

__all__ = ["command"]


def _settings(backend: str, directory: Path, batch_size: int) -> Settings:
    return Settings(
        storage=Storage(backend=backend, data_dir=directory),
        consuming=evolve(Consuming(), batch_size=batch_size, receive_wait_seconds=0.1),
    )


@asynccontextmanager
async def _filled(settings: Settings, messages: Sequence[OutgoingMessage]) -> AsyncIterator[Backend]:
    async with open_backend(settings, SystemClock()) as backend:
        rest = iter(messages)
        while chunk := list(islice(rest, 500)):
            await backend.publisher.publish(chunk)
        yield backend


async def _drain(settings: Settings, messages: Sequence[OutgoingMessage], pairs: int) -> Stopwatch:
    """Drain through the production use case, one batch at a time, and check that everything came out."""
    watch, clock = Stopwatch(), SystemClock()
    async with _filled(settings, messages) as backend:
        assemble = AssembleBatch(
            queue=backend.queue,
            products=backend.products,
            staging=backend.staging,
            notifier=backend.notifier,
            journal=SilentJournal(),
            clock=clock,
            staging_ttl=timedelta(days=1),
            jitter=random.random,
        )
        with watch.running():
            while deliveries := await backend.queue.receive():
                await assemble(deliveries)
        products = [row async for row in backend.products.scan() if isinstance(row, ProductRecord)]
        assert len(products) == pairs, f"{len(products)} of {pairs} products came out"
        assert not any(record.unannounced_revision for record in products)
    return watch


def _floor(directory: Path, messages: Sequence[OutgoingMessage], batch_size: int) -> Stopwatch:
    watch, now = Stopwatch(), datetime.now(UTC)
    connection = sqlite3.connect(directory / "floor.sqlite3", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE p (k TEXT PRIMARY KEY, d)")
    rest = iter(messages)
    with watch.running():
        while chunk := list(islice(rest, batch_size)):
            halves = [codec.decode_event(message.kind, message.body, now) for message in chunk]
            rows = [(str(half.key), codec.encode_content(half.content)) for half in halves]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO p VALUES (?, ?)", rows)
            connection.execute("COMMIT")
    connection.close()
    return watch


@click.command()
@click.option("--pairs", default=10_000, show_default=True, help="How many videos, of two messages each.")
@click.option("--batch-size", default=200, show_default=True, help="Messages worked on together.")
@click.option("--spread", default=20, show_default=True, help="How far apart the halves are, in messages, at most.")
@click.option("--backend", "backends", multiple=True, default=["memory", "embedded"], show_default=True)
def command(pairs: int, batch_size: int, spread: int, backends: Sequence[str]) -> None:
    """Drain a backlog of pairs on the memory and the embedded backend."""
    messages = list(backlog(pairs, spread=spread))
    table = Table("", "products/s", "CPU ms/product", "products/CPU s", "CPU of the floor", title=f"{pairs:,} pairs")
    with TemporaryDirectory() as directory:
        floor = _floor(Path(directory), messages, batch_size)
        _row(table, "floor: decode, insert", floor, floor, pairs)
        for backend in backends:
            home = Path(directory) / backend
            settings = _settings(backend, home, batch_size)
            _row(table, backend, asyncio.run(_drain(settings, messages, pairs)), floor, pairs)
    Console().print(table)


def _row(table: Table, name: str, watch: Stopwatch, floor: Stopwatch, pairs: int) -> None:
    table.add_row(
        name,
        f"{pairs / watch.wall_seconds:,.0f}",
        f"{watch.cpu_seconds / pairs * 1000:.3f}",
        f"{pairs / watch.cpu_seconds:,.0f}",
        f"{watch.cpu_seconds / floor.cpu_seconds:.1f}x",
    )
