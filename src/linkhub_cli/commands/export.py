"""``linkhub export``: the products as readers see them, one JSON object a line, in the order of their keys."""

from __future__ import annotations

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.container import Container
from linkhub_cli.help_text import Example, examples
from linkhub_core.catalog import parse_seller
from linkhub_core.codec import encode_product

__all__ = ["export"]


@click.command(
    epilog=examples(
        Example("linkhub export > products.jsonl", "every product"),
        Example("linkhub export --seller nalu-fashion", "the products of one shop"),
        Example("linkhub export | jq -r .title", "one field of each"),
    )
)
@click.option("--seller", metavar="HANDLE", help="Only the products of this shop.")
@click.pass_obj
def export(line: CommandLine, seller: str | None) -> None:
    """Print products as JSON lines: by seller, then by video."""
    wanted = parse_seller(seller) if seller is not None else None
    line.run(lambda container: _export(container, wanted))


async def _export(container: Container, seller: str | None) -> None:
    out = click.open_file("-", "wb")
    async for record in container.backend().products.scan(seller_handle=seller):
        out.write(encode_product(record) + b"\n")
    out.flush()
