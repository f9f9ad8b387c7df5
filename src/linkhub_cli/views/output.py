"""The output of commands: JSON lines for programs, tables for people.

Results go to standard output, the status to standard error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from linkhub_core.wire import json_text

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2
_JOINERS = frozenset("\u200c\u200d\ufe0f")  # scripts and emoji need them


def json_line(document: Any) -> str:
    """One document as a line of JSON."""
    return json_text.dump(document).decode()


def print_lines(documents: Iterable[Any]) -> None:
    """Print each document as a line of JSON; a terminal gets escapes instead of control characters."""
    for document in documents:
        click.echo(for_terminal(json_line(document)) if is_terminal() else json_line(document))


def for_terminal(json_text_line: str) -> str:
    """JSON that shows control and bidirectional characters instead of containing them; it is the same document."""
    return "".join(sign if _is_shown(sign) else _escaped(sign) for sign in json_text_line)


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def styled(text: str, colour: str) -> str:
    """Text in a colour, unless ``NO_COLOR`` is set; into a pipe no colour goes in any case."""
    from rich.console import Console

    return text if Console().no_color else click.style(text, fg=colour)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    """Print a table, as wide as the terminal; into a pipe, wide enough not to break any cell.

    Markup in a seller's text is printed as text. No word is broken: on a terminal that is too narrow, each row becomes
    a block of lines.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    cells = [[plain(cell) for cell in row] for row in rows]
    if title:
        console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)
    texts = list(zip(columns, *cells, strict=True))
    least = [max((cell_len(word) for word in " ".join(column).split()), default=0) for column in texts]
    if console.is_terminal and sum(least) + _GAP * (len(columns) - 1) > console.width:
        _print_blocks(console, columns, cells)
        return
    if not console.is_terminal:
        console.width = max(console.width, sum(max(map(cell_len, column)) + _GAP for column in texts))
    table = Table(box=None, pad_edge=False)
    for column, width in zip(columns, least, strict=True):
        table.add_column(Text(column, style="bold"), overflow="fold", min_width=width)
    for row in cells:
        table.add_row(*map(Text, row))
    console.print(table)


def _print_blocks(console: Console, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.text import Text

    for number, row in enumerate(rows):
        if number:
            console.print()
        for column, cell in zip(columns, row, strict=True):
            heading = f"{column}: " if column else ""
            console.print(Text.assemble((heading, "bold"), cell), soft_wrap=True)


def print_status(text: str) -> None:
    """Print lines on standard error, apart from the result; a closed standard error is ignored."""
    with suppress(OSError):
        click.echo("\n".join(map(plain, text.split("\n"))), err=True)


def plain(text: str) -> str:
    """Text without control characters: each is shown as its escape."""
    return "".join(sign if _is_shown(sign) else repr(sign)[1:-1] for sign in text)


def _is_shown(sign: str) -> bool:
    return sign.isprintable() or sign in _JOINERS


def _escaped(sign: str) -> str:
    """A character as JSON escapes it: in UTF-16."""
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place] << 8 | units[place + 1]:04x}" for place in range(0, len(units), 2))


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number of things, such as ``1 letter`` or ``1,204 letters``; ``plural`` is for irregular nouns."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def age_text(age: timedelta) -> str:
    """An age in its two largest units, such as ``3h 20m``; a unit of which there are none is left out."""
    seconds = max(0, int(age.total_seconds()))
    counted = {"d": seconds // 86_400, "h": seconds // 3_600 % 24, "m": seconds // 60 % 60, "s": seconds % 60}
    units = [f"{count}{unit}" for unit, count in counted.items()]
    first = next((place for place, count in enumerate(counted.values()) if count), 3)
    return " ".join(unit for unit in units[first : first + 2] if not unit.startswith("0")) or "0s"
