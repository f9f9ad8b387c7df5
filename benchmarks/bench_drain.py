"""Drain a backlog: products a second and CPU a product, beside a floor that only parses and writes.

The floor, in the same run and on the same messages, parses both bodies with ``orjson.loads`` and inserts one document a
product, in transactions of as many messages. linkhub also has the queue, the rules, staging, the announcement and the
acknowledgement. The distance is its CPU above that of the floor. Each figure is the least of the rounds.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import orjson
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
    watch = Stopwatch()
    connection = sqlite3.connect(directory / "floor.sqlite3", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE p (k TEXT PRIMARY KEY, d)")
    rest, waiting = iter(messages), dict[str, str]()
    with watch.running():
        while chunk := list(islice(rest, batch_size)):
            rows = []
            for message in chunk:
                event = orjson.loads(message.body)
                key = f"{event['seller_handle']}/{event['video_id']}"
                if (partner := waiting.pop(key, None)) is None:
                    waiting[key] = message.body
                else:
                    rows.append((key, f"{partner[:-1]},{message.body[1:]}".encode()))
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO p VALUES (?, ?)", rows)
            connection.execute("COMMIT")
    connection.close()
    return watch


@click.command()
@click.option("--pairs", default=10_000, show_default=True, help="How many videos, of two messages each.")
@click.option("--batch-size", default=200, show_default=True, help="Messages worked on together.")
@click.option("--spread", default=20, show_default=True, help="How far apart the halves are, in messages, at most.")
@click.option("--rounds", default=3, show_default=True, help="How often each is run; the least CPU counts.")
@click.option("--backend", "backends", multiple=True, default=["memory", "embedded"], show_default=True)
def command(pairs: int, batch_size: int, spread: int, rounds: int, backends: Sequence[str]) -> None:
    """Drain a backlog of pairs on the memory and the embedded backend."""
    messages = list(backlog(pairs, spread=spread))
    watches: dict[str, list[Stopwatch]] = defaultdict(list)
    for _ in range(rounds):
        with TemporaryDirectory() as directory:
            watches["floor: parse, insert"].append(_floor(Path(directory), messages, batch_size))
            for backend in backends:
                settings = _settings(backend, Path(directory) / backend, batch_size)
                watches[backend].append(asyncio.run(_drain(settings, messages, pairs)))
    Console().print(_table({name: min(runs, key=lambda run: run.cpu_seconds) for name, runs in watches.items()}, pairs))


def _table(watches: Mapping[str, Stopwatch], pairs: int) -> Table:
    titles = ("", "products/s", "CPU us/product", "products/CPU s", "CPU of the floor", "distance, us/product")
    table = Table(*titles, title=f"{pairs:,} pairs")
    floor = next(iter(watches.values())).cpu_seconds
    for name, watch in watches.items():
        table.add_row(
            name,
            f"{pairs / watch.wall_seconds:,.0f}",
            f"{watch.cpu_seconds / pairs * 1e6:,.0f}",
            f"{pairs / watch.cpu_seconds:,.0f}",
            f"{watch.cpu_seconds / floor:.1f}x",
            f"{(watch.cpu_seconds - floor) / pairs * 1e6:,.0f}",
        )
    return table
