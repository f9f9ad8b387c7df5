"""Full exports and imports over opened ports of any backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from linkhub_core.application import ExportAll, ImportAll, ImportTally
from linkhub_core.model.stored_product import Unreadable
from linkhub_core.ports import Clock, OpenedPorts
from linkhub_core.testing.fakes import MemoryJournal


async def export_of(ports: OpenedPorts, clock: Clock) -> list[bytes]:
    """The lines of a full export; all rows can be read."""
    export = ExportAll(
        queue_contents=ports.queue_contents,
        staging=ports.staging,
        products=ports.products,
        dead_letters=ports.dead_letters,
        clock=clock,
    )
    lines = [line async for line in export("1.0")]
    assert not any(isinstance(line, Unreadable) for line in lines)
    return [line for line in lines if isinstance(line, bytes)]


async def import_into(ports: OpenedPorts, lines: Sequence[bytes], clock: Clock, *, quiet: bool) -> ImportTally:
    """Import lines, none of which may be refused."""
    importing = ImportAll(
        queue_contents=ports.queue_contents,
        staging=ports.staging,
        products=ports.products,
        dead_letters=ports.dead_letters,
        notifier=ports.notifier,
        journal=MemoryJournal(),
        clock=clock,
        staging_ttl=timedelta(days=7),
    )
    refused: list[object] = []
    tally = await importing(_given(lines), quiet=quiet, refused=refused.append)
    assert refused == []
    return tally


async def _given(lines: Sequence[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line


def items_of(lines: Sequence[bytes]) -> list[bytes]:
    """The lines of the items, sorted: the order within a part is a matter of the technology."""
    return sorted(lines[1:-1])
