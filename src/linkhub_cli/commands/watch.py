"""``linkhub watch``: the live events of a shop, in the terminal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import click

from linkhub_cli.command_line import CommandLine
from linkhub_cli.processes.lifecycle import stopped_by_signals
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import plain, print_lines, print_status
from linkhub_cli.views.shop_watch import ShopWatch, websocket_url
from linkhub_cli.wiring.listener_info import url_of
from linkhub_core.wire.shop_query import parse_seller


@click.command(
    epilog=examples(
        Example("linkhub watch nalu-fashion", "until Ctrl-C"),
        Example("linkhub watch nalu-fashion --json | jq .product.title", "for a program"),
        Example("linkhub watch nalu-fashion --url https://hub.example", "another server"),
    )
)
@click.argument("seller")
@click.option("--url", metavar="URL", help="The server; by default the one that the settings describe.")
@click.option("--count", type=click.IntRange(1), help="End after so many events.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def watch(line: CommandLine, seller: str, url: str | None, count: int | None, as_json: bool) -> None:
    """Show the live events of a shop, through the WebSocket of a running server.

    When the connection is lost, it connects again and shows what it missed.
    """
    listener = line.load_and_warn().settings.listener
    address = websocket_url(url or url_of(listener.host, listener.port))
    shop = ShopWatch(url=address, seller_handle=parse_seller(seller), tell=print_status)
    asyncio.run(_watch(shop, count=count, as_json=as_json))


async def _watch(shop: ShopWatch, *, count: int | None, as_json: bool) -> None:
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        showing = asyncio.create_task(_show(shop, count=count, as_json=as_json))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([showing, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not showing.done():
            showing.cancel()
            await asyncio.wait([showing])
    if not showing.cancelled():
        showing.result()


async def _show(shop: ShopWatch, *, count: int | None, as_json: bool) -> None:
    shown = 0
    async for event in shop.events():
        if as_json:
            print_lines([event])
        else:
            click.echo(_sentence(event))
        sys.stdout.flush()
        shown += 1
        if shown == count:
            return


def _sentence(event: Mapping[str, Any]) -> str:
    if event["event_type"] == "product_removed":
        return f"{event['timestamp']}  gone     {event['video_id']}"
    product = event["product"]
    what = "new    " if event["event_type"] == "new_product" else f"rev. {event['revision']:<2}"
    price = f"{product['price']:,}" if product["price"] is not None else "no price"
    parts = [
        product["updated_at"],
        what,
        product["video_id"],
        plain(product["title"]),
        price,
        plain(product["sizes"] or ""),
        product.get("availability", "").replace("_", " "),
    ]
    return "  ".join(filter(None, parts))
