"""Read a shop: CPU of an answer on the embedded file beside a plain route; calls and read units on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping

import click
from rich.console import Console
from rich.table import Table

from benchmarks.reads import embedded


def _embedded_table(costs: Mapping[str, embedded.Cost]) -> Table:
    table = Table("a page of 20 products of 2.3 kB, embedded", "CPU ms", "times the plain route", "target", "")
    for name, cost in costs.items():
        target = embedded.TARGETS.get(name)
        verdict = "" if target is None else ("pass" if cost.ratio <= target else "MISS")
        shown = "" if target is None else f"<= {target}"
        table.add_row(name, f"{cost.cpu_ms:.3f}", f"{cost.ratio:.2f}", shown, verdict)
    return table


def _print_dynamodb(console: Console, products: int, times: int) -> None:
    from tests.support.local_aws import run_servers  # noqa: PLC0415  needs the packages of the aws backend

    from benchmarks.reads import dynamodb  # noqa: PLC0415  as above

    with run_servers() as endpoints:
        reads = dynamodb.measure(endpoints, products, times)
    table = Table("", "products", "read units", "calls", "CPU ms", title=f"DynamoDB, a shop of {products:,} products")
    for name, read in reads.items():
        table.add_row(name, f"{read.products}", f"{read.units:.2f}", f"{read.calls:.2f}", f"{read.cpu_ms:.2f}")
    console.print(table)
    poll = list(reads.values())[-1]
    console.print(f"target: a poll with nothing new takes <= 1 read unit: {'pass' if poll.units <= 1 else 'MISS'}")


@click.command()
@click.option("--rounds", default=50, show_default=True, help="How often each kind of answer is measured.")
@click.option("--requests", default=20, show_default=True, help="How many answers a round has of each kind.")
@click.option("--dynamodb/--no-dynamodb", default=True, help="Read DynamoDB Local, too; it needs Java.")
@click.option("--products", default=5_000, show_default=True, help="How many products the shop on DynamoDB has.")
@click.option("--times", default=300, show_default=True, help="How often each read of DynamoDB is made.")
def command(rounds: int, requests: int, dynamodb: bool, products: int, times: int) -> None:
    """Read a shop, embedded and on DynamoDB Local."""
    console = Console()
    console.print(_embedded_table(embedded.measure(rounds=rounds, requests=requests)))
    if dynamodb:
        _print_dynamodb(console, products, times)
