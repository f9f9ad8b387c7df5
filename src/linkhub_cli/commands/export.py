"""``linkhub export``: the products as readers see them, or everything, one JSON object a line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from importlib.metadata import version

import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.failures import SOME_FAILED
from linkhub_cli.settings.packages import DISTRIBUTION
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, for_terminal, is_terminal, plain, print_status
from linkhub_cli.views.progress import progress
from linkhub_cli.wiring.container import Container
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import encode_product
from linkhub_core.wire.shop_query import parse_seller


@click.command(
    epilog=examples(
        Example("linkhub export > products.jsonl", "every product"),
        Example("linkhub export --seller nalu-fashion", "the products of one shop"),
        Example("linkhub export | jq -r .title", "one field of each"),
        Example("linkhub export --full > backup.jsonl", "everything, for `linkhub import`"),
    )
)
@click.option("--seller", metavar="HANDLE", help="Only the products of this shop.")
@click.option("--full", is_flag=True, help="Everything that `linkhub import` reads.")
@click.pass_context
def export(ctx: click.Context, seller: str | None, full: bool) -> None:
    """Print products as JSON lines: by seller, then by video.

    Withdrawn products are left out. Rows that cannot be read are named on standard error, and the exit code is 1.

    With --full: the messages on the queues, the halves that wait, products with their versions and listings, withdrawn
    ones too, and dead letters. The last line counts the others. Nothing is changed, and other processes may run. SQS
    cannot show the messages on a queue: these are left out.
    """
    if full and seller is not None:
        raise click.UsageError("--full exports all shops: leave out --seller")
    wanted = parse_seller(seller) if seller is not None else None
    line: CommandLine = ctx.obj
    if full:
        unreadable, noun = line.run(_export_all), "row"
    else:
        unreadable, noun = line.run(lambda container: _export(container, wanted), opening=OPEN_STORES), "product"
    if unreadable:
        print_status(f"linkhub: left out {counted(unreadable, noun)} that cannot be read")
        ctx.exit(SOME_FAILED)


async def _export(container: Container, seller: str | None) -> int:
    """Print the products; give how many rows cannot be read."""

    async def lines() -> AsyncIterator[bytes | Unreadable]:
        async for row in container.backend().products.scan(seller_handle=seller):
            if isinstance(row, Unreadable):
                yield row
            elif not row.is_withdrawn:
                yield encode_product(row) + b"\n"

    return await _print(lines(), "product", lambda _: None)


async def _export_all(container: Container) -> int:
    """Print everything; give how many rows cannot be read."""
    backend = container.backend()
    if not backend.queue_contents.can_browse and (queued := sum((await backend.figures()).queued.values())):
        print_status(
            f"linkhub: about {counted(queued, 'message')} on the queues cannot be shown and are not in this export: "
            "let consumers empty the queues first"
        )
    with progress("exporting") as advance:
        return await _print(container.export_all()(version(DISTRIBUTION)), "row", advance)


async def _print(lines: AsyncIterator[bytes | Unreadable], noun: str, advance: Callable[[int], None]) -> int:
    out = click.open_file("-", "wb")
    unreadable = 0
    async for line in lines:
        if isinstance(line, Unreadable):
            unreadable += 1
            print_status(f"linkhub: a {noun} cannot be read: {plain(str(line))}")
        else:
            out.write(for_terminal(line.decode()[:-1]).encode() + b"\n" if is_terminal() else line)
            advance(len(line))
    out.flush()
    return unreadable
