"""Checks the rows of both stores: those that another service wrote, and those that cannot be read.

    seen                              verdict        because
    --------------------------------  -------------  ------------------------------------------------------------------
    rows of another service           warning        they are shown and joined as they are; adoption gives them the rest
    a row that cannot be read         warning        its product answers 500, and its events go to the dead letters
    a store that gives no rows        not checked
    only rows of linkhub's            ok

At most ``MOST_ROWS`` rows of each store are read, because some stores charge for reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from typing import Any

from attrs import define, field

from linkhub_cli.views.output import counted
from linkhub_core.errors import LinkhubError
from linkhub_core.model import ProductRecord, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.ports.finding import Finding, Verdict

MOST_ROWS = 5_000
MOST_NAMED = 20
SUBJECT = "rows"
_KEEP_ROWS_FROM_BEING_READ = {"packages", "region", "credentials", "data directory", "file", "integrity"}

Row = ProductRecord | WaitingHalf | Unreadable


def check_rows(
    findings: Sequence[Finding], check: Callable[[], Coroutine[Any, Any, Sequence[Finding]]]
) -> Sequence[Finding]:
    """Run ``check``, unless ``findings`` hold a fault that keeps the rows from being read."""
    faulty = {finding.subject for finding in findings if finding.verdict is Verdict.FAULT}
    if faulty & _KEEP_ROWS_FROM_BEING_READ:
        return [Finding.not_checked(SUBJECT, "mend the faults first")]
    try:
        return asyncio.run(check())
    except LinkhubError as error:
        return [Finding.not_checked(SUBJECT, str(error))]


@define
class _Seen:
    """The counts of what was read; ``is_cut``: a store has more rows than were read."""

    total: int = 0
    products: int = 0
    staged: int = 0
    unreadable: list[tuple[str, Unreadable]] = field(factory=list)
    is_cut: bool = False


async def find_in_rows(products: AsyncIterator[Row], staging: AsyncIterator[Row]) -> Sequence[Finding]:
    """Read the rows of both stores, up to the limit, and report them."""
    seen = _Seen()
    try:
        await _look("products", products, seen)
        await _look("staging", staging, seen)
    except LinkhubError as error:
        return [Finding.not_checked(SUBJECT, str(error))]
    return list(_findings(seen))


async def _look(store: str, rows: AsyncIterator[Row], seen: _Seen) -> None:
    count = 0
    async for row in rows:
        count += 1
        if count > MOST_ROWS:
            seen.is_cut = True
            break
        if isinstance(row, Unreadable):
            seen.unreadable.append((store, row))
        elif isinstance(row, ProductRecord):
            seen.products += row.revision == 0
        else:
            seen.staged += row.is_foreign
    seen.total += min(count, MOST_ROWS)


def _findings(seen: _Seen) -> Iterator[Finding]:
    scope = f" among the first {MOST_ROWS:,} of each store" if seen.is_cut else ""
    if seen.products or seen.staged:
        counts = f"{counted(seen.products, 'product')} and {counted(seen.staged, 'staging row')}"
        problem = f"{counts} of another service{scope}"
        yield Finding.warning(SUBJECT, problem, "linkhub adopt (shows what it would do)")
    for store, row in seen.unreadable[:MOST_NAMED]:
        mend = f"mend or delete the row; linkhub why {row.video_id} (shows what else is known of the video)"
        yield Finding.warning(SUBJECT, f"a row in {store} cannot be read: {row}", mend)
    if len(seen.unreadable) > MOST_NAMED:
        yield Finding.warning(
            SUBJECT, f"{len(seen.unreadable):,} rows cannot be read{scope}", "linkhub adopt (names more)"
        )
    if not (seen.products or seen.staged or seen.unreadable):
        yield Finding.ok(SUBJECT, f"{seen.total:,} read{scope}: all can be read, none is of another service")
