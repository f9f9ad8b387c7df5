"""``linkhub shops``: every shop, with its counts and its newest product."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import print_lines, print_status, print_table
from linkhub_cli.wiring.container import Container
from linkhub_core.application.list_shops import shop_document
from linkhub_core.ports import Shop
from linkhub_core.wire.shop_query import parse_seller

_PAGE_SIZE = 50


@click.command(
    epilog=examples(
        Example("linkhub shops", "a table of all shops"),
        Example("linkhub shops --json | jq -r .seller_handle", "for a program: one object a line, as it is read"),
        Example("linkhub shops --limit 100 --after nalu-fashion", "the next hundred after a shop"),
    )
)
@click.option("--limit", type=click.IntRange(1), help="Print at most so many shops.")
@click.option("--after", metavar="HANDLE", help="Begin after this shop.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def shops(line: CommandLine, limit: int | None, after: str | None, as_json: bool) -> None:
    """List the shops, each with its numbers of visible and withdrawn products and its newest product.

    A shop is listed while it has a row, also if all its products are withdrawn. The order is that of the store: by
    handle, or with AWS in the order of a hash.
    """
    start = parse_seller(after) if after is not None else None
    last = line.run(lambda container: _show(container, start, limit, as_json=as_json), opening=OPEN_STORES)
    if last is not None:
        print_status(f"linkhub: more shops follow: --after {last}")


async def _show(container: Container, after: str | None, limit: int | None, *, as_json: bool) -> str | None:
    """Print the shops; give the last one if more follow."""
    rows: list[Sequence[str]] = []
    left = limit or sys.maxsize
    while True:
        page = await container.shops().read(after=after, limit=min(left, _PAGE_SIZE))
        if as_json:
            print_lines(map(shop_document, page.shops))
        else:
            rows += map(_row, page.shops)
        after, left = page.last, left - _PAGE_SIZE
        if after is None or left <= 0:
            break
    if not as_json:
        print_table(["seller", "products", "withdrawn", "newest", "updated", "title"], rows)
    return after


def _row(shop: Shop) -> Sequence[str]:
    document = shop_document(shop)
    newest = document["newest_product"] or dict.fromkeys(("video_id", "updated_at", "title"), "")
    counts = f"{shop.products:,}", f"{shop.withdrawn:,}"
    return shop.seller_handle, *counts, newest["video_id"], newest["updated_at"], newest["title"]
