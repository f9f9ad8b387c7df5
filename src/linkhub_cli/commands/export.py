"""``linkhub export``: the products as readers see them, one JSON object a line, in the order of their keys."""

from __future__ import annotations

import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.failures import SOME_FAILED
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import counted, for_terminal, is_terminal, plain, print_status
from linkhub_cli.wiring.container import Container
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import encode_product
from linkhub_core.wire.shop_query import parse_seller


@click.command(
    epilog=examples(
        Example("linkhub export > products.jsonl", "every product"),
        Example("linkhub export --seller nalu-fashion", "the products of one shop"),
        Example("linkhub export | jq -r .title", "one field of each"),
    )
)
@click.option("--seller", metavar="HANDLE", help="Only the products of this shop.")
@click.pass_context
def export(ctx: click.Context, seller: str | None) -> None:
    """Print products as JSON lines: by seller, then by video.

    Withdrawn products are left out. Rows that cannot be read are named on standard error, and the exit code is 1.
    """
    wanted = parse_seller(seller) if seller is not None else None
    line: CommandLine = ctx.obj
    if unreadable := line.run(lambda container: _export(container, wanted), opening=OPEN_STORES):
        print_status(f"linkhub: left out {counted(unreadable, 'product')} that cannot be read")
        ctx.exit(SOME_FAILED)


async def _export(container: Container, seller: str | None) -> int:
    """Print the products; give how many rows cannot be read."""
    out = click.open_file("-", "wb")
    unreadable = 0
    async for row in container.backend().products.scan(seller_handle=seller):
        if isinstance(row, Unreadable):
            unreadable += 1
            print_status(f"linkhub: a product cannot be read: {plain(str(row))}")
        elif not row.is_withdrawn:
            line = encode_product(row)
            out.write((for_terminal(line.decode()).encode() if is_terminal() else line) + b"\n")
    out.flush()
    return unreadable
