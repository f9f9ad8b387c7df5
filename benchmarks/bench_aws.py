"""Drain a backlog from SQS into DynamoDB: calls, capacity units and CPU a product, beside a plain consumer's.

Three drains of the same messages, each by a process of its own whose CPU alone is counted: linkhub with the halves of a
video close together (within 20 messages, so mostly in one batch), linkhub with them far apart (all captions are done
before the first thumbnail comes), and :mod:`benchmarks.plain_drain` with them close together. DynamoDB Local and
ministack answer on the same machine, so products a second measure *their* speed; CPU, calls and units are the
consumer's. Afterwards each product is compared with its messages.

What the protocol needs of write units, a product being of n kB, its first half of m kB, both rounded up:

    close together    put the product n, its entry in the index 1, clear "unannounced" n
    far apart         stage the half m, put n, its entry 1, clear n, drop the half m

DynamoDB charges a write by the whole item, so clearing one attribute costs as much as putting the product. An
announcement later than a second after its save costs more; a busy machine has such ones, so they are counted apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import click
from attrs import frozen
from boto3.dynamodb.types import TypeSerializer
from rich.console import Console
from rich.table import Table
from tests.support.local_aws import run_servers

from benchmarks.aws_room import AwsRoom, check_products, open_clients
from benchmarks.drain_process import DrainProcess, Spent
from benchmarks.dynamodb_units import write_units
from benchmarks.events import backlog
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage

LINKHUB, PLAIN = "benchmarks.linkhub_drain", "benchmarks.plain_drain"

_WRITE = TypeSerializer()


@frozen(kw_only=True)
class Drain:
    """One drain: what took it, how much of what, and what the protocol needs."""

    name: str
    pairs: int
    spent: Spent
    needed_write_units: float

    def each(self, amounts: Mapping[str, float]) -> float:
        """An amount a product, of all operations or tables together."""
        return sum(amounts.values()) / self.pairs

    @property
    def cpu_ms(self) -> float:
        """The consumer's CPU a product, in milliseconds."""
        return self.spent.cpu_seconds / self.pairs * 1000


def _waves(pairs: int, *, far_apart: bool) -> Sequence[Sequence[OutgoingMessage]]:
    """The messages, in parts of which the next is only published when the one before is done."""
    messages = list(backlog(pairs, spread=20))
    return [[one for one in messages if one.kind is kind] for kind in Kind] if far_apart else [messages]


def _drain(room: AwsRoom, name: str, module: str, waves: Sequence[Sequence[OutgoingMessage]]) -> Drain:
    spent = Spent()
    with DrainProcess.start(module, room.environment()) as process:
        for wave in waves:
            room.publish(wave)
            spent += process.drain(len(wave))
    messages = [message for wave in waves for message in wave]
    check_products(room, messages)
    needed = sum(2 * write_units(item) + 1 for item in room.items(room.products_table))
    if len(waves) > 1:
        needed += sum(2 * write_units(_as_item(message)) for message in waves[0])
    return Drain(name=name, pairs=len(messages) // 2, spent=spent, needed_write_units=needed)


def _as_item(message: OutgoingMessage) -> Mapping[str, Mapping[str, object]]:
    event = json.loads(message.body, parse_float=Decimal)
    return {name: _WRITE.serialize(value) for name, value in event.items()}


# --- what is printed


def _table(drains: Sequence[Drain]) -> Table:
    table = Table("a product", *(drain.name for drain in drains), title=f"{drains[0].pairs:,} pairs, from SQS")
    for name, figure in (
        ("products/s (the servers' speed)", lambda d: f"{d.pairs / d.spent.wall_seconds:,.0f}"),
        ("CPU ms", lambda d: f"{d.cpu_ms:.3f}"),
        ("products/CPU s", lambda d: f"{1000 / d.cpu_ms:,.0f}"),
        ("DynamoDB calls", lambda d: f"{d.each(d.spent.dynamodb_calls):.3f}"),
        ("SQS calls", lambda d: f"{d.each(d.spent.sqs_calls):.3f}"),
        ("write units", lambda d: f"{d.each(d.spent.write_units):.2f}"),
        ("of these, for late announcements", lambda d: f"{d.each(d.spent.late_write_units):.2f}"),
        ("write units that the protocol needs", lambda d: f"{d.needed_write_units / d.pairs:.2f}"),
        ("read units", lambda d: f"{d.each(d.spent.read_units):.2f}"),
    ):
        table.add_row(name, *map(figure, drains))
    return table


def _targets(close: Drain, apart: Drain, plain: Drain) -> Iterator[tuple[str, float, float, bool]]:
    """Each target: what it is about, the figure, the target, and whether less is better."""
    yield "DynamoDB calls, close together", close.each(close.spent.dynamodb_calls), 0.6, True
    yield "DynamoDB calls, far apart", apart.each(apart.spent.dynamodb_calls), 1.2, True
    yield "CPU ms, close together", close.cpu_ms, 1.5, True
    for drain in (close, apart):
        units = sum(drain.spent.write_units.values()) - sum(drain.spent.late_write_units.values())
        yield (
            f"write units of those needed, without late ones, {drain.name}",
            units / drain.needed_write_units,
            1.2,
            True,
        )
    yield "products/CPU s of the plain consumer's", plain.cpu_ms / close.cpu_ms, 5.0, False


def _verdicts(targets: Iterator[tuple[str, float, float, bool]]) -> Table:
    table = Table("target", "at most/least", "measured", "")
    for name, figure, target, at_most in targets:
        met = figure <= target if at_most else figure >= target
        table.add_row(name, f"{'<=' if at_most else '>='} {target:g}", f"{figure:.3f}", "pass" if met else "MISS")
    return table


def measure(endpoints: tuple[str, str], pairs: int) -> Sequence[Drain]:
    """Drain three times, on DynamoDB and SQS at these endpoints: close together, far apart, and plainly."""
    close, apart = _waves(pairs, far_apart=False), _waves(pairs, far_apart=True)
    with open_clients(*endpoints) as (dynamodb, sqs):
        return [
            _drain(AwsRoom(dynamodb=dynamodb, sqs=sqs), name, module, waves)
            for name, module, waves in (
                ("linkhub, close together", LINKHUB, close),
                ("linkhub, far apart", LINKHUB, apart),
                ("plain, close together", PLAIN, close),
            )
        ]


@click.command()
@click.option("--pairs", default=2_000, show_default=True, help="How many videos, of two messages each.")
def command(pairs: int) -> None:
    """Drain SQS into DynamoDB Local: calls, units and CPU a product."""
    with run_servers() as endpoints:
        close, apart, plain = measure(endpoints, pairs)
    Console().print(_table([close, apart, plain]), _verdicts(_targets(close, apart, plain)))
