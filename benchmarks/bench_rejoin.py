"""Rejoin: the cost if all clients of a shop reconnect at once and get the products that they missed.

A server ends, and its clients reconnect to this one at once, each with its `since`. All of them missed the
same products. CPU is the server's own, from the first subscription until everybody has everything, for each client and
for each event; a broadcast of the same events, measured by `fanout`, is what an event costs at least.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from attrs import frozen
from rich.console import Console
from rich.table import Table

from benchmarks.fanout.contestants import CONTESTANTS
from benchmarks.fanout.running import running_load, running_server
from benchmarks.fanout.shop_events import write_events

SINCE = "2026-01-15T11:00:00Z"


@frozen(kw_only=True)
class _Storm:
    clients: int
    missed: int
    cpu_seconds: float
    wall_seconds: float
    store_reads: int


@click.command()
@click.option("--connections", default=2_000, show_default=True, help="Clients that come back.")
@click.option("--missed", default=20, show_default=True, help="Products that each of them missed, up to 100.")
def command(connections: int, missed: int) -> None:
    """Let all clients of a shop come back at once."""
    table = Table(
        "", "CPU us/event", "CPU us/client", "CPU s", "until all know, s", "store reads",
        title=f"{connections:,} clients, each missed {missed} events",
    )  # fmt: skip
    for name in ("linkhub", "linkhub-socketio"):
        storm = _weather(CONTESTANTS[name].dialect, connections, missed)
        table.add_row(
            CONTESTANTS[name].name,
            f"{storm.cpu_seconds / connections / missed * 1e6:.2f}",
            f"{storm.cpu_seconds / connections * 1e6:.0f}",
            f"{storm.cpu_seconds:.2f}",
            f"{storm.wall_seconds:.2f}",
            f"{storm.store_reads:,}",
        )
    Console().print(table)


def _weather(dialect: str, connections: int, missed: int) -> _Storm:
    with TemporaryDirectory() as name:
        events = Path(name) / "events.jsonl"
        write_events(events, 1)
        command = [sys.executable, "-m", "benchmarks.fanout.linkhub_server", str(events), str(missed)]
        expected = connections * missed
        with (
            running_server(command) as server,
            running_load(server, dialect, connections, events_per_round=expected, since=SINCE) as load,
        ):
            cpu_seconds, began = server.cpu_seconds(), load.go()
            times = load.times()
            assert len(times) == expected, "an event came twice"
            cpu_seconds = server.cpu_seconds() - cpu_seconds
            server.tell("reads")
            return _Storm(
                clients=connections,
                missed=missed,
                cpu_seconds=cpu_seconds,
                wall_seconds=max(times) - began,
                store_reads=int(server.lines.readline()),
            )
