"""``linkhub adopt``: rows that another service wrote become linkhub's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.failures import SOME_FAILED
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, plain, print_lines, print_status
from linkhub_cli.wiring.container import Container
from linkhub_core.application import Adoption, AdoptionPlan
from linkhub_core.model import ProductRecord, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import timestamp_text


@click.command(
    epilog=examples(
        Example("linkhub adopt", "count the rows to adopt; nothing is changed"),
        Example("linkhub adopt --yes", "adopt all rows"),
        Example("linkhub adopt --json", "the counts for a program"),
    )
)
@click.option("--yes", is_flag=True, help="Make the change; without this option, only print it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def adopt(ctx: click.Context, yes: bool, as_json: bool) -> None:
    """Give the rows of another service the attributes that linkhub adds to a row.

    linkhub reads such rows without this, too. Products get attributes and lose none, so the other service can still
    read them. Halves become rows of linkhub's; rows with both halves become products. Before --yes, stop the consumers
    of the other service and wait one visibility time-out. Consumers of linkhub may run meanwhile; after an
    interruption, run it again.

    Rows that cannot be read or written are named on standard error and left as they are; with --yes the exit code is 1
    then.
    """
    line: CommandLine = ctx.obj
    plan, adoption = line.run(lambda container: _adopt(container, yes=yes), opening=OPEN_STORES)
    named = [*plan.unreadable, *(adoption.refused if adoption else ())]
    if as_json:
        print_lines([_document(plan, adoption)])
    else:
        _print_plan(plan)
        _print_done(plan, adoption)
    _print_left(named, plan.unreadable_count)
    if yes and named:
        ctx.exit(SOME_FAILED)


async def _adopt(container: Container, *, yes: bool) -> tuple[AdoptionPlan, Adoption | None]:
    use_case = container.adopt()
    plan = await use_case.plan()
    return plan, await use_case() if yes and not plan.is_empty else None


def _print_plan(plan: AdoptionPlan) -> None:
    if plan.is_empty:
        click.echo("no row of another service")
        return
    click.echo(f"{counted(plan.products, 'product')} without a revision")
    for record in plan.product_examples:
        click.echo(f"  for example {_product_text(record)}")
    click.echo(
        f"{counted(plan.halves, 'half', 'halves')} that {_waits(plan.halves)}, {counted(plan.pairs, 'row')} with both"
    )
    for row in plan.staging_examples:
        click.echo(f"  for example {_staged_text(row)}")


def _waits(count: int) -> str:
    return "waits" if count == 1 else "wait"


def _product_text(record: ProductRecord) -> str:
    return plain(f"{record.key}, {timestamp_text(record.updated_at)}: {record.caption.title[:60]}")


def _staged_text(row: WaitingHalf) -> str:
    kinds = " and ".join(half.kind for half in row.halves)
    return plain(f"{row.key}, {timestamp_text(row.waiting_since)}: {kinds}")


def _print_done(plan: AdoptionPlan, adoption: Adoption | None) -> None:
    if adoption is not None:
        click.echo(
            f"adopted {counted(adoption.products, 'product')} and {counted(adoption.halves, 'half', 'halves')}; "
            f"{counted(adoption.swept, 'row')} joined or folded into products"
        )
    elif not plan.is_empty:
        click.echo("nothing was changed: stop the other service's consumers, then add --yes to do it")


def _print_left(rows: Sequence[Unreadable], unreadable_count: int) -> None:
    for row in rows:
        print_status(f"linkhub: left as it is: {plain(str(row))}")
    if unreadable_count > len(rows):
        print_status(f"linkhub: {unreadable_count:,} rows in all cannot be read")


def _document(plan: AdoptionPlan, adoption: Adoption | None) -> dict[str, Any]:
    return {
        "done": adoption is not None,
        "products": plan.products,
        "halves": plan.halves,
        "pairs": plan.pairs,
        "unreadable": plan.unreadable_count,
        "examples": {
            "products": [str(record.key) for record in plan.product_examples],
            "staging": [str(row.key) for row in plan.staging_examples],
        },
        "adopted": {
            "products": adoption.products if adoption else 0,
            "halves": adoption.halves if adoption else 0,
            "joined": adoption.swept if adoption else 0,
        },
        "left": [str(row) for row in (*plan.unreadable, *(adoption.refused if adoption else ()))],
    }
