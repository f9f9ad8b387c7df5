"""``linkhub staging``: the halves that wait for their partner, one by one or as figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from linkhub_cli.backends import OPEN_STORES
from linkhub_cli.command_line import CommandLine
from linkhub_cli.operator.backend_gauges import AGES, count_by_age
from linkhub_cli.views.help_text import Example, examples
from linkhub_cli.views.output import age_text, plain, print_lines, print_status, print_table
from linkhub_cli.wiring.container import Container
from linkhub_core.model import Kind, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import timestamp_text


@click.group(
    epilog=examples(
        Example("linkhub staging list", "each half, and how long it has waited"),
        Example("linkhub staging stats", "how many, and how old"),
    )
)
def staging() -> None:
    """Show the halves that wait for their partner."""


@staging.command(
    name="list",
    epilog=examples(
        Example("linkhub staging list", "all of them"),
        Example("linkhub staging list --json | jq .video_id", "for a program"),
    ),
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_halves(line: CommandLine, as_json: bool) -> None:
    """List the halves, by seller, then by video."""
    halves, now = line.run(_read, opening=OPEN_STORES)
    documents = [_document(half, now) for half in halves]
    if as_json:
        print_lines(documents)
        return
    print_table(
        ["seller", "video", "has", "waits", "until", "correlation id"],
        [
            (
                half.key.seller_handle,
                half.key.video_id,
                half.half.kind,
                age_text(now - half.waiting_since),
                timestamp_text(half.expires_at),
                half.origin.correlation_id,
            )
            for half in halves
        ],
    )


@staging.command(
    epilog=examples(
        Example("linkhub staging stats", "a table by kind and age"),
        Example("linkhub staging stats --json", "for a program"),
    )
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def stats(line: CommandLine, as_json: bool) -> None:
    """Count the halves by kind and age."""
    halves, now = line.run(_read, opening=OPEN_STORES)
    documents = [_figures(kind, [half for half in halves if half.half.kind is kind], now) for kind in Kind]
    if as_json:
        print_lines(documents)
        return
    print_table(
        ["has", "halves", "oldest", *(f"up to {age_text(age)}" for age in AGES), "older", "past their time"],
        [_row(document) for document in documents],
    )


async def _read(container: Container) -> tuple[Sequence[WaitingHalf], datetime]:
    rows = [row async for row in container.backend().staging.scan()]
    for row in rows:
        if isinstance(row, Unreadable):
            print_status(f"linkhub: a row in staging cannot be read: {plain(str(row))}")
    halves = [half for row in rows if isinstance(row, WaitingHalf) for half in row.apart]
    return sorted(halves, key=lambda half: half.key), container.clock().now()


def _document(waiting: WaitingHalf, now: datetime) -> dict[str, Any]:
    return {
        "seller_handle": waiting.key.seller_handle,
        "video_id": waiting.key.video_id,
        "has": waiting.half.kind,
        "waiting_since": timestamp_text(waiting.waiting_since),
        "age_seconds": round((now - waiting.waiting_since).total_seconds(), 3),
        "expires_at": timestamp_text(waiting.expires_at),
        "correlation_id": waiting.origin.correlation_id,
    }


def _figures(kind: Kind, halves: Sequence[WaitingHalf], now: datetime) -> dict[str, Any]:
    ages = [now - half.waiting_since for half in halves]
    return {
        "has": kind,
        "count": len(ages),
        "oldest_age_seconds": round(max(ages).total_seconds(), 3) if ages else None,
        "by_age": [{"up_to_seconds": bound, "count": count} for bound, count in count_by_age(ages)],
        "expired": sum(half.expired(now) for half in halves),
    }


def _row(document: dict[str, Any]) -> list[str]:
    oldest = document["oldest_age_seconds"]
    counts = [str(entry["count"]) for entry in document["by_age"]]
    age = age_text(timedelta(seconds=oldest)) if oldest is not None else "-"
    return [document["has"], str(document["count"]), age, *counts, str(document["expired"])]
