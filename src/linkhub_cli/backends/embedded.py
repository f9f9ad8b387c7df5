"""The embedded backend: one SQLite file under ``LINKHUB_DATA_DIR``, shared by any number of processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from attrs import asdict

from linkhub_cli.backends.plugin import OPEN_ALL, Backend, BackendPlugin, Explanation, Opening
from linkhub_cli.settings import Settings, SettingsFaulty
from linkhub_core.errors import LinkhubError
from linkhub_core.ports import Clock, OpenedPorts
from linkhub_core.ports.finding import Finding
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from linkhub_adapters.observability import Figures
    from linkhub_adapters.sqlite import SqliteDatabase
    from linkhub_cli.backends.rows import Row

FILE_NAME = "linkhub.sqlite3"
_VARIABLE = "LINKHUB_DATA_DIR"
_ELSEWHERE = f"{_VARIABLE}=/another/directory/on/a/local/disk"


class EmbeddedBackend(BackendPlugin):
    """See the module."""

    @asynccontextmanager
    async def open(self, settings: Settings, clock: Clock, opening: Opening) -> AsyncIterator[Backend]:
        """See the base class."""
        from linkhub_adapters import sqlite

        with TemporaryDirectory() if opening.absent_is_empty else nullcontext() as empty:
            data_dir = settings.storage.data_dir
            if empty is not None and not _is_there(data_dir):
                data_dir = Path(empty)
            elif not opening.makes_storage:
                _check_there(data_dir)
            database = await asyncio.to_thread(_open, data_dir)
            queue = sqlite.SqliteEventQueue(database=database, clock=clock, **settings.consuming.queue_options)
            async with sqlite.ports_over(database, queue, clock) as ports:
                yield _backend(ports, database, clock)

    async def provision(
        self,
        settings: Settings,
        clock: Clock,
        subscriptions: Sequence[str],  # noqa: ARG002
    ) -> AsyncIterator[Provisioned]:
        """See the base class: the directory, and the file with its tables."""
        file = settings.storage.data_dir / FILE_NAME
        status = Status.UNCHANGED if file.exists() else Status.MADE
        async with self.open(settings, clock, OPEN_ALL) as backend:
            await backend.probes["file"]()
        yield Provisioned(resource="file", name=str(file), status=status, address=str(file))

    def check(self, settings: Settings, clock: Clock) -> Sequence[Finding]:
        """See the base class: the directory, the file, and its rows."""
        from linkhub_adapters.sqlite import file_check
        from linkhub_cli.backends.rows import check_rows

        directory = settings.storage.data_dir
        path = directory / FILE_NAME
        file = file_check.look_at_file(path)
        place = file_check.place_findings(file_check.look_at_place(directory), elsewhere=_ELSEWHERE)
        findings = [*place, *file_check.file_findings(file, clock.now(), elsewhere=_ELSEWHERE)]
        if file is None:
            return findings
        if not file.has_our_rows and file.problem is None:
            return [
                *findings,
                Finding.not_checked("rows", "the next start brings the tables up to date; look again then"),
            ]
        return [*findings, *check_rows(findings, lambda: _check_rows(path))]

    def explain(self, error: LinkhubError) -> Explanation | None:
        """See the base class."""
        from linkhub_adapters.sqlite.errors import ForeignFile

        if not isinstance(error, ForeignFile):
            return None
        return Explanation(line=f"{error}; set {_VARIABLE} to another directory", is_misconfiguration=False)


async def _check_rows(path: Path) -> Sequence[Finding]:
    """The rows in the file as it is: a process that opens it would bring an older one up to date."""
    from linkhub_adapters.sqlite.file_check import look_at_rows
    from linkhub_cli.backends.rows import find_in_rows

    async def rows(read: Iterator[Row]) -> AsyncIterator[Row]:
        for row in read:
            yield row

    with look_at_rows(path) as seen:
        return await find_in_rows(rows(seen.products), rows(seen.staging))


def _is_there(data_dir: Path) -> bool:
    """Whether there is a data file, or what is left of one."""
    return any(data_dir.glob(f"{FILE_NAME}*"))


def _check_there(data_dir: Path) -> None:
    if not _is_there(data_dir):
        problem = (
            f"has no data file ({FILE_NAME}): run this where `linkhub serve` runs, or set {_VARIABLE} to its "
            "directory; `linkhub init` makes a new file"
        )
        raise SettingsFaulty.of(_VARIABLE, problem, str(data_dir))


def _open(data_dir: Path) -> SqliteDatabase:
    from linkhub_adapters.sqlite import SqliteDatabase

    try:
        return SqliteDatabase.open(data_dir / FILE_NAME)
    except OSError as error:
        problem = f"cannot be used ({error.strerror or error}): set it to a directory that may be written to"
        raise SettingsFaulty.of(_VARIABLE, problem, str(data_dir)) from error


def _backend(ports: OpenedPorts, database: SqliteDatabase, clock: Clock) -> Backend:
    from linkhub_adapters import sqlite
    from linkhub_adapters.observability import Figures

    health = sqlite.SqliteFileHealth(database=database)
    processes = sqlite.SqliteProcessRegistry(database=database, clock=clock)
    seen = sqlite.SqliteMark(database=database, name="seen")

    async def figures() -> Figures:
        taken_at = clock.now()
        depths = await sqlite.SqliteDepths(database=database).take()
        return Figures(taken_at=taken_at, **asdict(depths))

    return Backend.of(
        ports,
        figures=figures,
        probes={"file": health.check_readable},
        work_probes={"writes": health.check_writable},
        cheap_to_scan=True,
        guard=health.check_there,
        made=str(database.path) if database.is_new else None,
        exchange_report=processes.exchange,
        remove_report=processes.leave,
        read_seen=seen.read,
        write_seen=seen.write,
    )


BACKEND = EmbeddedBackend()
