"""Load: an hour's traffic in a minute, through real processes on the embedded file, and every event accounted for.

One `linkhub serve --no-consume` and two `linkhub consume` are fed at a steady pace: halves out of order, some twice,
some malformed. Clients subscribe over WebSocket, some of them by Socket.IO. Latency is from just before the later half
of a pair is put on its queue until a client's socket is read: queue, two batches, the save, the announcement, the
fan-out, and the load of the machine, because the publisher and the clients run on it, too.

The exit code is 1 if an event was lost or received twice, or if a message is in the wrong place.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.table import Column, Table

from benchmarks.fanout.contest import percentile
from benchmarks.load.findings import MOST_GROWTH, Findings, examine
from benchmarks.load.run import QUARTERS, Evidence, run
from benchmarks.load.traffic import POPULAR, Traffic

MIB = 1_048_576
BUSY = 0.85


@click.command()
@click.option("--products", default=10_000, show_default=True, help="Videos, of two messages each.")
@click.option("--clients", default=2_000, show_default=True, help="Connections; each watches one shop.")
@click.option("--seconds", default=60.0, show_default=True, help="How long the sending takes.")
@click.option("--popular-products", default=0.5, show_default=True, help="The popular shop's share of the products.")
@click.option("--popular-clients", default=0.5, show_default=True, help="Its share of the clients.")
@click.option("--socketio-clients", default=0.15, show_default=True, help="The share of clients by Socket.IO.")
@click.option("--spread", default=200, show_default=True, help="How far apart halves are, in messages, at most.")
def command(**options: Any) -> None:
    """Send an hour's traffic in a minute, and account for every event."""
    traffic = Traffic(**options)
    with TemporaryDirectory() as name:
        evidence = run(traffic, Path(name))
    findings, console = examine(traffic, evidence), Console()
    console.print(_flow(traffic, evidence, findings))
    console.print(_processes(evidence, findings))
    for line in [*_memory(findings), _bottleneck(evidence)]:
        click.echo(line)
    for fault in findings.faults:
        click.echo(f"LOST  {fault}")
    if findings.faults:
        raise SystemExit(1)
    click.echo(f"pass  all {traffic.products:,} products saved once, and shown once to every client of their shop")


def _flow(traffic: Traffic, evidence: Evidence, findings: Findings) -> Table:
    sent, seen = evidence.sent, len(evidence.sightings.times)
    shops = traffic.sellers_of_clients()
    title = f"{traffic.products:,} products, {traffic.clients:,} clients, {shops.count(POPULAR):,} of them of {POPULAR}"
    table = Table("", "", title=title, show_header=False)
    rows = [
        ("messages sent", f"{sent.messages:,} in {sent.seconds:.1f} s, at most {sent.most_late_seconds:.2f} s late"),
        ("of them malformed", f"{traffic.rejected:,}, in the dead letters: {evidence.figures.dead_letters:,}"),
        ("products published", f"{traffic.products / sent.seconds:,.0f} a second"),
        ("products saved", f"{findings.saved_per_second:,.0f} a second"),
        ("backlog at the end", f"{evidence.backlog:,} messages, gone after {evidence.drain_seconds:.2f} s"),
        ("later half sent until on the screen", _latency(findings.latencies)),
        (f"  at {POPULAR}, with half of all", _latency(findings.popular_latencies)),
        ("events delivered", f"{seen:,}, {seen / evidence.seconds:,.0f} a second"),
        ("clients that missed something", f"{findings.missed:,}"),
        ("clients shown something twice", f"{findings.doubled:,}"),
        ("slow readers closed", f"{evidence.metrics['linkhub_slow_readers_closed_total']:,.0f}"),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def _latency(latencies: Sequence[float]) -> str:
    if not latencies:
        return "nothing was seen"
    figures = {"p50": percentile(latencies, 50), "p99": percentile(latencies, 99), "max": latencies[-1]}
    return ", ".join(f"{name} {seconds * 1e3:,.0f} ms" for name, seconds in figures.items())


def _processes(evidence: Evidence, findings: Findings) -> Table:
    quarters = "/".join(f"{quarter * 100:.0f}" for quarter in QUARTERS)
    table = Table(Column(no_wrap=True), "CPU s", "of a core", f"MiB at {quarters} %", "2nd half")
    for name, growth in findings.growth.items():
        cpu_seconds = evidence.cpu_seconds[name]
        table.add_row(
            name,
            f"{cpu_seconds:.1f}",
            f"{cpu_seconds / evidence.seconds:.0%}",
            " ".join(f"{size / MIB:.1f}" for size in growth.resident_bytes),
            f"{growth.share:+.1%}",
        )
    return table


def _memory(findings: Findings) -> Iterator[str]:
    """Of the clients and the publisher nothing is promised: they keep notes."""
    for name, growth in findings.growth.items():
        if name.startswith(("server", "consumer")):
            verdict = "pass" if growth.is_flat else "MISS"
            grown = f"{growth.share:+.1%} in the second half, {growth.bytes_per_product:,.0f} bytes a product"
            yield f"{verdict}  {name}: memory {grown}; at most {MOST_GROWTH:+.0%}"


def _bottleneck(evidence: Evidence) -> str:
    cores = len(os.sched_getaffinity(0))
    shares = {name: cpu_seconds / evidence.seconds for name, cpu_seconds in evidence.cpu_seconds.items()}
    busiest = max(shares, key=lambda name: shares[name])
    ours = sum(shares.values()) / cores
    others = evidence.others_cpu_seconds / evidence.seconds / cores
    if shares[busiest] >= BUSY:
        verdict = f"the one core that the {busiest} can use"
    elif ours + others >= BUSY:
        verdict = f"the machine, of which others took {others:.0%}"
    else:
        verdict = "nothing: there was room"
    return f"""bottleneck: {verdict}
  {cores} cores: this run took {ours:.0%} of them, others {others:.0%}; the {busiest} {shares[busiest]:.0%} of one"""
