"""What commands print: JSON lines for programs, tables for eyes.

Results go to standard output, news to standard error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from linkhub_core import json_text

__all__ = ["age_text", "counted", "json_line", "news", "plain", "print_lines", "print_table"]

_WIDE = 200
_JOINERS = frozenset("\u200c\u200d\ufe0f")  # scripts and emoji need them


def json_line(document: Any) -> str:
    """One document as a line of JSON."""
    return json_text.dump(document).decode()


def print_lines(documents: Iterable[Any]) -> None:
    """Print each document as a line of JSON."""
    for document in documents:
        click.echo(json_line(document))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table, as wide as the terminal; into a pipe, wide enough not to cut anything short.

    Values are printed as they are: what looks like markup in a seller's text is text.
    """
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(Text(column, style="bold"), overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    if title:
        console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)
    console.print(table)


def news(text: str) -> None:
    """Say something beside the result; a standard error that is gone stops nothing."""
    with suppress(OSError):
        click.echo(text, err=True)


def plain(text: str) -> str:
    """Text with nothing in it that a terminal would act upon: what cannot be printed is shown by its escape."""
    return "".join(sign if sign.isprintable() or sign in _JOINERS else repr(sign)[1:-1] for sign in text)


def counted(count: int, noun: str) -> str:
    """A number of things, such as ``1 letter`` or ``1,204 letters``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def age_text(age: timedelta) -> str:
    """An age in its two largest units, such as ``3h 20m``; a unit of which there are none is left out."""
    seconds = max(0, int(age.total_seconds()))
    counted = {"d": seconds // 86_400, "h": seconds // 3_600 % 24, "m": seconds // 60 % 60, "s": seconds % 60}
    units = [f"{count}{unit}" for unit, count in counted.items()]
    first = next((place for place, count in enumerate(counted.values()) if count), 3)
    return " ".join(unit for unit in units[first : first + 2] if not unit.startswith("0")) or "0s"
