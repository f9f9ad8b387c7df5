"""``linkhub listing``: the availability, title and price that a seller or operator sets for a product."""

from __future__ import annotations

from typing import Any

import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.failures import SOME_FAILED, UNAVAILABLE
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import plain, print_lines, print_status
from linkhub_cli.wiring.container import Container
from linkhub_core.application import ListingOutcome, ListingOvertaken, ListingSaved, ProductAbsent
from linkhub_core.application.complete import readable
from linkhub_core.errors import InvalidQuery, MalformedEvent
from linkhub_core.model import AS_PARSED, Availability, ListingChange, ProductKey, ProductRecord
from linkhub_core.model.rules import RuleBroken
from linkhub_core.wire.codec import listing_document, read_listing_change
from linkhub_core.wire.shop_query import parse_seller


@click.group(
    epilog=examples(
        Example("linkhub listing set nalu-fashion 7301234567890421596 --sold-out", "it stays in the shop"),
        Example("linkhub listing set nalu-fashion 7301234567890421596 --withdrawn", "no page shows it"),
        Example("linkhub listing show nalu-fashion 7301234567890421596", "its listing"),
    )
)
def listing() -> None:
    """Set a product's availability, title and price.

    No newer caption undoes a listing.
    """


@listing.command(
    name="set",
    epilog=examples(
        Example("linkhub listing set nalu-fashion 7301234567890421596 --title 'Summer Heels' --price 49000", "both"),
        Example("linkhub listing set nalu-fashion 7301234567890421596 --parsed-price", "the price of the caption"),
        Example("linkhub listing set nalu-fashion 7301234567890421596 --in-stock", "back in the shop"),
    ),
)
@click.argument("seller")
@click.argument("video_id")
@click.option("--in-stock", "availability", flag_value=Availability.IN_STOCK.value, help="It can be bought.")
@click.option("--sold-out", "availability", flag_value=Availability.SOLD_OUT.value, help="It is shown as sold out.")
@click.option("--withdrawn", "availability", flag_value=Availability.WITHDRAWN.value, help="It is in no shop.")
@click.option("--title", metavar="TEXT", help="Replaces the parsed title.")
@click.option("--parsed-title", is_flag=True, help="Use the parsed title again.")
@click.option("--price", metavar="NUMBER", help="Replaces the parsed price.")
@click.option("--parsed-price", is_flag=True, help="Use the parsed price again.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def set_listing(ctx: click.Context, /, seller: str, video_id: str, as_json: bool, **options: Any) -> None:
    """Change a listing; parts without an option keep their value."""
    _apply(ctx, _key(seller, video_id), _change(**options), as_json)


def _change(
    *, availability: str | None, title: str | None, parsed_title: bool, price: str | None, parsed_price: bool
) -> ListingChange:
    if (parsed_title and title is not None) or (parsed_price and price is not None):
        raise click.UsageError("A value and the parsed one exclude each other.")
    given = {"availability": availability, "title": title, "price": price}
    document: dict[str, str | None] = {name: value for name, value in given.items() if value is not None}
    document |= {"title": None} if parsed_title else {}
    document |= {"price": None} if parsed_price else {}
    if not document:
        raise click.UsageError("Name at least one change, such as --sold-out.")
    try:
        return read_listing_change(document, replace=False)
    except MalformedEvent as malformed:
        (fault, *_) = malformed.faults
        raise InvalidQuery(f"--{fault.field}", fault.problem) from malformed


@listing.command(
    epilog=examples(Example("linkhub listing clear nalu-fashion 7301234567890421596", "in stock, as it was parsed"))
)
@click.argument("seller")
@click.argument("video_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def clear(ctx: click.Context, seller: str, video_id: str, as_json: bool) -> None:
    """Make a product available as it was parsed."""
    _apply(ctx, _key(seller, video_id), ListingChange(listing=AS_PARSED), as_json)


@listing.command(
    epilog=examples(Example("linkhub listing show nalu-fashion 7301234567890421596 --json", "for a program"))
)
@click.argument("seller")
@click.argument("video_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def show(ctx: click.Context, seller: str, video_id: str, as_json: bool) -> None:
    """Show the listing of a product, also of a withdrawn one."""
    key, line = _key(seller, video_id), ctx.obj

    async def find(container: Container) -> ProductRecord | None:
        return readable((await container.products().find([key])).get(key))

    record = line.run(find, opening=OPEN_STORES)
    if record is None:
        _end_without(ctx, key)
    else:
        _print(record, as_json)


def _apply(ctx: click.Context, key: ProductKey, change: ListingChange, as_json: bool) -> None:
    line: CommandLine = ctx.obj

    async def apply(container: Container) -> ListingOutcome:
        return await container.set_listing()(key, change)

    outcome = line.run(apply, opening=OPEN_STORES)
    if isinstance(outcome, ProductAbsent):
        _end_without(ctx, key)
        return
    _print(outcome.record, as_json)
    if isinstance(outcome, ListingOvertaken):
        print_status("linkhub: another change of this listing was saved at the same moment: that one is shown here")
        ctx.exit(UNAVAILABLE)
    if not isinstance(outcome, ListingSaved):
        print_status("linkhub: the listing was so already")


def _key(seller: str, video_id: str) -> ProductKey:
    try:
        return ProductKey(parse_seller(seller), video_id)
    except RuleBroken as broken:
        raise InvalidQuery("VIDEO_ID", str(broken)) from broken


def _end_without(ctx: click.Context, key: ProductKey) -> None:
    print_status(f"linkhub: there is no product {key}: linkhub why {key.video_id} shows what is known of it")
    ctx.exit(SOME_FAILED)


def _print(record: ProductRecord, as_json: bool) -> None:
    document = listing_document(record.listing)
    if as_json:
        key = {"seller_handle": record.key.seller_handle, "video_id": record.key.video_id}
        print_lines([{**key, **document, "revision": record.revision}])
        return
    parts = [document.pop("availability").replace("_", " ")]
    parts += [f"{name} {plain(str(value))}" for name, value in document.items() if value is not None]
    click.echo(f"{record.key}: {', '.join(parts)}")
