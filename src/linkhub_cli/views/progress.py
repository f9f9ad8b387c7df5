"""A bar on a terminal that counts bytes; nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def progress(label: str, files: Sequence[str] = ("-",)) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error; gives the function to call with the bytes that are done.

    Args:
        label: the activity.
        files: what is read, with ``-`` for standard input: the size in all, unless one has no size.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    sizes = [0 if name == "-" else Path(name).stat().st_size for name in files]
    total = sum(sizes) if all(sizes) else None
    time = TimeElapsedColumn() if total is None else TimeRemainingColumn()
    columns = (TextColumn(label), BarColumn(), DownloadColumn(), time)
    # Two refreshes a second: the commands of a pipe share one terminal.
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2) as bar:
        task = bar.add_task(label, total=total)
        yield lambda size_bytes: bar.advance(task, size_bytes)
