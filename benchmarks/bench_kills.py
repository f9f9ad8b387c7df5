"""Kills: processes die by SIGKILL at random moments, and each client must end with what ``linkhub export`` prints.

The scenario is that of ``tests/e2e/test_kills.py``, with a seed of its own in each run. A server and two consumers are
killed and started again while events flow and an operator changes listings. Three clients stay and come back with
``since``; three come and go by REST, WebSocket and Server-Sent Events and keep only the last cursor.

Then imports of a full export are killed as often, as in ``tests/e2e/test_import_kills.py``.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import click
from rich.console import Console
from rich.table import Table
from tests.e2e.aws_resources import aws_settings
from tests.e2e.deployment import Deployment
from tests.e2e.event_script import EventScript
from tests.e2e.import_kills import fill, import_through_kills, items_of
from tests.e2e.kill_outcome import KillOutcome, survive_kills
from tests.support.local_aws import run_servers

from linkhub_adapters.observability import configure_logs

_VIDEOS_A_KILL = 5
_BACKENDS = ("embedded", "aws")


@contextmanager
def _deployment(backend: str, directory: Path) -> Iterator[Deployment]:
    if backend == "embedded":
        yield Deployment(directory)
        return
    with run_servers() as (dynamodb_endpoint, sqs_sns_endpoint):
        settings = aws_settings(
            dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint, is_fifo=False, has_topic=True
        )
        with patch.dict(os.environ, settings):  # this process publishes and reads, too
            yield Deployment(directory, backend="aws", elsewhere=settings)


def _run(backend: str, *, kills: int, seed: int) -> KillOutcome:
    script = EventScript.generate(random.Random(seed), videos=kills * _VIDEOS_A_KILL)
    with TemporaryDirectory() as name, _deployment(backend, Path(name)) as deployment:
        outcome = asyncio.run(survive_kills(deployment, Path(name), script, seed=seed, kills=kills))
    faults = {
        "lost or wrong products": outcome.titles != script.titles,
        "lost or wrong halves": outcome.waiting != script.waiting,
        "lost or wrong dead letters": outcome.rejected != script.rejected,
        "a client with since does not show what export prints": outcome.shown != outcome.stored,
        "a client with a cursor does not show what export prints": outcome.cursor_shown != outcome.stored,
    }
    if found := [fault for fault, is_there in faults.items() if is_there]:
        raise click.ClickException(f"{backend}, seed {seed}: {'; '.join(found)}")
    return outcome


def _import(backend: str, *, kills: int, seed: int) -> int:
    """Import a full export through kills; give the number of its products, halves and dead letters."""
    script = EventScript.generate(random.Random(seed), videos=max(200, kills * _VIDEOS_A_KILL))
    with TemporaryDirectory() as elsewhere, TemporaryDirectory() as name:
        source = Deployment(Path(elsewhere))
        fill(source, script)
        export = source.run("export", "--full")
        with _deployment(backend, Path(name)) as target:
            import_through_kills(target, Path(name), export, kills=kills, seed=seed)
            imported = target.run("export", "--full")
    types = ("half", "product", "dead_letter") if backend == "aws" else ("message", "half", "product", "dead_letter")
    if items_of(imported, *types) != items_of(export, *types):
        raise click.ClickException(f"{backend}, seed {seed}: an import that was killed and run again lost something")
    return len(items_of(export, *types))


@click.command()
@click.option("--kills", default=50, show_default=True, help="Processes that are killed on each backend.")
@click.option("--seed", default=None, type=int, help="The seed of a former run. [default: a new one]")
@click.option("--backend", "backends", type=click.Choice(_BACKENDS), multiple=True, default=_BACKENDS)
def command(kills: int, seed: int | None, backends: tuple[str, ...]) -> None:
    """Kill servers and consumers, and compare what clients show with what export prints; then kill imports."""
    configure_logs(level="error", log_format="json")  # of this process, which fills the source of the imports
    chosen = random.randrange(1_000_000) if seed is None else seed
    table = Table(
        "backend",
        "kills",
        "products",
        "answers by REST",
        "subscriptions",
        "repeated changes",
        "imported",
        "seconds",
        title=f"seed {chosen}",
    )
    for backend in backends:
        began = time.perf_counter()
        outcome = _run(backend, kills=kills, seed=chosen)
        figures = (
            outcome.restarts,
            len(outcome.stored),
            outcome.visits["rest"],
            outcome.visits["subscribed"],
            outcome.repeats,
            _import(backend, kills=kills, seed=chosen),
        )
        table.add_row(backend, *map(str, figures), f"{time.perf_counter() - began:.0f}")
    console = Console()
    console.print(table)
    console.print(
        "Every client ended with exactly what `linkhub export` printed, and every import with all of its lines."
    )
