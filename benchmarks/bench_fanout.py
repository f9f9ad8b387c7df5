"""Fan out: CPU for each delivered message, beside a floor in C and the servers that one would otherwise take.

Each server is a process of its own with as many subscribers of one shop; all broadcast the same events of 2.3 kB,
taking turns within one run, to the same lean clients. The floor is a C program with one `send` for each client. CPU is
the server's own for each message, user and system. Latency is from the command to publish until a client has the event,
clients and server on one machine: its median is about the time for half of the subscribers. KiB is what the server's
memory grew by for each connection at rest. Bytes are what a client reads for each event; the clients of the servers
called compressed offer permessage-deflate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.table import Column, Table

from benchmarks.fanout.contest import WARM_UP_ROUNDS, Figures, hold_contest, percentile
from benchmarks.fanout.contestants import COMPRESSED, CONTESTANTS, FLOOR, LINKHUB, NODE, Unavailable
from benchmarks.fanout.shop_events import write_events
from benchmarks.fanout.slow_reader import MOST_ROUNDS, SlowReading, meet_slow_reader

KIB = 1_024
MOST_OF_FLOOR, MOST_OF_NODE = 1.5, 0.75
MOST_KIB = {LINKHUB[0]: 20, LINKHUB[1]: 24}
MOST_BYTES, MOST_OF_UNCOMPRESSED, SAME_KIB = 700, 1.1, 0.5
GONE_SECONDS = 2.0
# Two runs of the very same thing differ by as much on a machine that does something else, too.
SAME_LATENCY = 1.25

Outcomes = Mapping[str, Figures | Unavailable]


@click.command()
@click.option("--connections", default=2_000, show_default=True, help="Subscribers of each server.")
@click.option("--rounds", default=30, show_default=True, help="Events that each server broadcasts.")
@click.option(
    "--server", "servers", multiple=True, type=click.Choice(list(CONTESTANTS)), default=list(CONTESTANTS),
    show_default=True, help="Who takes part.",
)  # fmt: skip
@click.option("--others", default=200, show_default=True, help="Readers beside the slow one; 0 leaves that part out.")
def command(connections: int, rounds: int, servers: Sequence[str], others: int) -> None:
    """Broadcast events of a shop to all its subscribers, on linkhub and on others."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        events = directory / "events.jsonl"
        size = write_events(events, max(rounds + WARM_UP_ROUNDS, MOST_ROUNDS if others else 0))
        chosen = [CONTESTANTS[server] for server in servers]
        outcomes = hold_contest(chosen, events, directory, connections=connections, rounds=rounds)
        Console().print(_table(outcomes, f"{connections:,} subscribers, {rounds} events of {size:,} bytes"))
        print_targets(_targets(outcomes))
        if others:
            slow = {
                each.name: meet_slow_reader(each, events, directory, others) for each in chosen if each.name in LINKHUB
            }
            Console().print(_slow_table(slow, f"One of {others + 1} subscribers does not read"))
            print_targets(_slow_targets(slow))


def print_targets(targets: Mapping[str, bool]) -> None:
    """Say of each target whether it is met."""
    for target, is_met in targets.items():
        click.echo(f"{'pass' if is_met else 'MISS'}  {target}")


def _table(outcomes: Outcomes, title: str) -> Table:
    table = Table(Column(no_wrap=True), "CPU us", "x floor", "x Node", "bytes", "p50 ms", "p99 ms", "KiB", title=title)
    for name, figures in outcomes.items():
        if isinstance(figures, Unavailable):
            table.add_row(name, f"not here: {figures}")
            continue
        table.add_row(
            name,
            f"{figures.cpu_microseconds:.2f}",
            *(f"{ratio:.2f}" if (ratio := _ratio(outcomes, name, rival)) else "-" for rival in (FLOOR, NODE)),
            f"{figures.bytes_per_message:,.0f}",
            *(f"{percentile(figures.latencies, percent) * 1e3:.1f}" for percent in (50, 99)),
            f"{figures.bytes_per_connection / KIB:.1f}",
        )
    return table


def _ratio(outcomes: Outcomes, name: str, rival: str) -> float | None:
    ours, theirs = outcomes.get(name), outcomes.get(rival)
    if not isinstance(ours, Figures) or not isinstance(theirs, Figures):
        return None
    return ours.cpu_microseconds / theirs.cpu_microseconds


def _targets(outcomes: Outcomes) -> Mapping[str, bool]:
    targets = {}
    for name in LINKHUB:
        figures = outcomes.get(name)
        if isinstance(figures, Figures):
            for rival, most in ((FLOOR, MOST_OF_FLOOR), (NODE, MOST_OF_NODE)):
                if (ratio := _ratio(outcomes, name, rival)) is not None:
                    targets[f"{name}: {ratio:.2f} of {rival!r}, at most {most}"] = ratio <= most
            kib = figures.bytes_per_connection / KIB
            targets[f"{name}: {kib:.1f} KiB a connection at rest, at most {MOST_KIB[name]}"] = kib <= MOST_KIB[name]
            targets[f"{name}: every event reached each of {figures.connections:,} connections"] = True
    return targets | _compression_targets(outcomes.get(LINKHUB[0]), outcomes.get(COMPRESSED))


def _compression_targets(plain: Figures | Unavailable | None, figures: Figures | Unavailable | None) -> dict[str, bool]:
    if not isinstance(figures, Figures) or not isinstance(plain, Figures):
        return {}
    size, ratio = figures.bytes_per_message, figures.cpu_microseconds / plain.cpu_microseconds
    more_kib = (figures.bytes_per_connection - plain.bytes_per_connection) / KIB
    return {
        f"{COMPRESSED}: {size:,.0f} bytes an event, at most {MOST_BYTES}": size <= MOST_BYTES,
        f"{COMPRESSED}: {ratio:.2f} of the CPU without, at most {MOST_OF_UNCOMPRESSED}": ratio <= MOST_OF_UNCOMPRESSED,
        f"{COMPRESSED}: {more_kib:+.1f} KiB a connection at rest, at most {SAME_KIB:+}": more_kib <= SAME_KIB,
    }


def _slow_table(slow: Mapping[str, SlowReading], title: str) -> Table:
    table = Table(Column(no_wrap=True), "p99 ms without", "with it", "events", "gone after s", title=title)
    for name, reading in slow.items():
        table.add_row(
            name,
            f"{percentile(reading.without, 99) * 1e3:.2f}",
            f"{percentile(reading.beside, 99) * 1e3:.2f}",
            f"{reading.rounds:,}",
            f"{reading.gone_seconds:.2f}",
        )
    return table


def _slow_targets(slow: Mapping[str, SlowReading]) -> Mapping[str, bool]:
    targets = {}
    for name, reading in slow.items():
        ratio = percentile(reading.beside, 99) / percentile(reading.without, 99)
        gone = reading.gone_seconds
        targets[f"{name}: slow reader gone {gone:.2f} s after the limit, at most {GONE_SECONDS}"] = gone <= GONE_SECONDS
        targets[f"{name}: p99 of the others {ratio:.2f} of that without it, at most {SAME_LATENCY}"] = (
            ratio <= SAME_LATENCY
        )
    return targets
