"""Checks the embedded file and its directory. Nothing is created or changed.

    seen                                    verdict      because
    --------------------------------------  -----------  ---------------------------------------------------------
    a directory that cannot be written to   fault        nothing starts
    another program's file, a newer schema  fault        nothing starts
    a damaged file                          fault        what it holds may be lost
    a network file system                   fault        SQLite's locks do not hold there
    less than 100 MB free / less than 1 GB  fault / warn writes fail when the disk is full
    a file written to in the future         fault        the clock was set back: `since` misses products
    no write-ahead log                      warning      readers and writers wait for each other until one opens it

A file of an older schema is no fault: the next start brings it up to date.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import frozen

from linkhub_adapters.sqlite.errors import FileFailure, failure_of, translated
from linkhub_adapters.sqlite.product_rows import RECORD_COLUMNS, read_product
from linkhub_adapters.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION
from linkhub_adapters.sqlite.staging_store import READ_ROWS, read_row
from linkhub_core.model import ProductRecord, WaitingHalf
from linkhub_core.ports import Unreadable
from linkhub_core.ports.finding import Finding

CHECK_SECONDS = 20.0
ELSEWHERE = "use another directory, on a local disk"
LITTLE_BYTES, TOO_LITTLE_BYTES = 1_000_000_000, 100_000_000
ALLOWED_AHEAD = timedelta(seconds=2)
_OF_A_NETWORK = frozenset({"afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "nfs", "nfs4", "smb3", "smbfs"})
_PROC = Path("/proc")


# --- the directory


@frozen(kw_only=True)
class PlaceSeen:
    """The directory; if it is missing, its first parent that exists."""

    directory: Path
    is_there: bool
    is_writable: bool
    free_bytes: int
    file_system: str | None


def look_at_place(directory: Path) -> PlaceSeen:
    """Read the state of the directory."""
    existing = directory.absolute()
    is_there = existing.is_dir()
    while not existing.exists():
        existing = existing.parent
    return PlaceSeen(
        directory=directory,
        is_there=is_there,
        is_writable=os.access(existing, os.W_OK | os.X_OK),
        free_bytes=shutil.disk_usage(existing).free,
        file_system=_file_system_of(existing.resolve(), _PROC / "mounts"),
    )


def _file_system_of(path: Path, mounts: Path) -> str | None:
    """The type of the file system that holds ``path``; None if the system does not say."""
    if not mounts.is_file():
        return None
    longest, found = -1, None
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, mounted_at, kind, *_ = line.split(" ")
        if path.is_relative_to(mounted_at) and len(mounted_at) >= longest:  # a later mount covers an earlier one
            longest, found = len(mounted_at), kind
    return found


def place_findings(seen: PlaceSeen, *, elsewhere: str = ELSEWHERE) -> Sequence[Finding]:
    """Judge the directory and its disk; ``elsewhere`` is how the caller chooses another directory."""
    return [_directory_finding(seen, elsewhere), _disk_finding(seen)]


def _directory_finding(seen: PlaceSeen, elsewhere: str) -> Finding:
    subject = "data directory"
    if not seen.is_writable:
        mend = f'chown "$(id -un)" {seen.directory}, or {elsewhere}'
        return Finding.fault(subject, f"{seen.directory} may not be written to", mend)
    if seen.file_system in _OF_A_NETWORK:
        problem = f"{seen.directory} is on a network file system ({seen.file_system}): SQLite's locks do not hold there"
        return Finding.fault(subject, problem, elsewhere)
    return Finding.ok(subject, f"{seen.directory}{'' if seen.is_there else ' (is made at the first start)'}")


def _disk_finding(seen: PlaceSeen) -> Finding:
    is_gigabytes = seen.free_bytes >= LITTLE_BYTES
    free = f"{seen.free_bytes / 1e9:,.1f} GB free" if is_gigabytes else f"{seen.free_bytes / 1e6:,.1f} MB free"
    mend = f"df -h {seen.directory} (then make room; work goes on without a restart, and no file has to be moved)"
    if seen.free_bytes < TOO_LITTLE_BYTES:
        return Finding.fault("disk", f"{free}: writes fail when it is full", mend)
    return Finding.warning("disk", free, mend) if seen.free_bytes < LITTLE_BYTES else Finding.ok("disk", free)


# --- the file


@frozen(kw_only=True)
class FileSeen:
    """The state of a file. ``problem`` and ``failure`` say why it could not be read; the rest is unknown then.

    ``damages`` is what SQLite's quick check says, or none if that took too long. ``holders`` are processes that have
    the file open, None if the system does not say.
    """

    path: Path
    modified_at: datetime
    problem: str | None = None
    failure: FileFailure | None = None
    application_id: int = 0
    schema_version: int = 0
    is_empty: bool = False
    journal_mode: str = ""
    damages: Sequence[str] | None = None
    holders: Sequence[int] | None = None

    @property
    def has_our_rows(self) -> bool:
        """Whether its schema is that of this version, so that its rows can be read."""
        return (self.application_id, self.schema_version) == (APPLICATION_ID, SCHEMA_VERSION)


def look_at_file(path: Path, *, check_seconds: float = CHECK_SECONDS) -> FileSeen | None:
    """Read the file without a lock that blocks other processes. None if there is no file.

    Args:
        path: the file.
        check_seconds: how long the check of its pages may take.
    """
    if not path.is_file():
        return None
    written = [one for one in (path, path.with_name(f"{path.name}-wal")) if one.exists()]
    modified_at = datetime.fromtimestamp(max(one.stat().st_mtime for one in written), UTC)
    holders = _holders(path.resolve())
    try:
        with closing(_open_to_look(path)) as connection:
            return FileSeen(
                path=path,
                modified_at=modified_at,
                application_id=_pragma(connection, "application_id"),
                schema_version=_pragma(connection, "user_version"),
                is_empty=not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0],
                journal_mode=str(connection.execute("PRAGMA journal_mode").fetchone()[0]),
                damages=_damages(connection, check_seconds),
                holders=holders,
            )
    except sqlite3.Error as error:
        problem, failure = str(translated(error, path)), failure_of(error, path)
        return FileSeen(path=path, modified_at=modified_at, problem=problem, failure=failure, holders=holders)


def _open_to_look(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _damages(connection: sqlite3.Connection, check_seconds: float) -> Sequence[str] | None:
    deadline = time.monotonic() + check_seconds
    connection.set_progress_handler(lambda: time.monotonic() >= deadline, 10_000)
    try:
        lines = [str(line) for (line,) in connection.execute("PRAGMA quick_check(10)")]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_INTERRUPT":
            raise
        return None
    return [] if lines == ["ok"] else lines


def _holders(path: Path) -> Sequence[int] | None:
    """The processes of this user that have the file open."""
    if not (_PROC / "self" / "fd").is_dir():
        return None
    found = {int(link.parts[2]) for link in _PROC.glob("[0-9]*/fd/*") if _leads_to(link, path)}
    return sorted(found - {os.getpid()})


def _leads_to(link: Path, path: Path) -> bool:
    try:
        return link.readlink() == path
    except OSError:  # closed meanwhile, or not readable
        return False


# --- its rows


@frozen(kw_only=True)
class RowsSeen:
    """The rows of both tables, read one by one."""

    products: Iterator[ProductRecord | Unreadable]
    staging: Iterator[WaitingHalf | Unreadable]


@contextmanager
def look_at_rows(path: Path) -> Iterator[RowsSeen]:
    """Read the rows of a file of this version.

    Raises:
        ServiceUnavailable: the file cannot be read.
    """
    try:
        with closing(_open_to_look(path)) as connection:
            products = connection.execute(f"SELECT {RECORD_COLUMNS} FROM products")  # noqa: S608  our own names
            yield RowsSeen(products=map(read_product, products), staging=map(read_row, connection.execute(READ_ROWS)))
    except sqlite3.Error as error:
        raise translated(error, path) from error


# --- findings of the file


def file_findings(seen: FileSeen | None, now: datetime, *, elsewhere: str = ELSEWHERE) -> Sequence[Finding]:
    """Judge the file, and the clock that stamps its rows; ``elsewhere`` is how the caller chooses another directory."""
    if seen is None:
        return [Finding.ok("file", "there is none yet: the first start makes it")]
    return list(_file_findings(seen, now, elsewhere))


def _file_findings(seen: FileSeen, now: datetime, elsewhere: str) -> Iterator[Finding]:
    faults = list(_owner_faults(seen, elsewhere))
    yield from faults
    if not faults:
        is_old = seen.schema_version < SCHEMA_VERSION
        next_start = f" (the next start brings it to {SCHEMA_VERSION})" if is_old else ""
        yield Finding.ok("file", f"{seen.path}, schema {seen.schema_version}{next_start}")
        yield _damage_finding(seen)
        yield from _log_warnings(seen)
    yield _clock_finding(seen, now)
    if seen.holders is None:
        yield Finding.not_checked("processes", "this system does not say which processes have the file open")
    else:
        names = f": {', '.join(map(str, seen.holders))}" if seen.holders else ""
        yield Finding.ok("processes", f"{len(seen.holders)} with the file open{names}")


def _owner_faults(seen: FileSeen, elsewhere: str) -> Iterator[Finding]:
    if seen.problem is not None:
        yield Finding.fault("file", seen.problem, *_mend_of(seen))
    elif seen.application_id != APPLICATION_ID and not (seen.is_empty and seen.schema_version == 0):
        yield Finding.fault("file", f"another program made {seen.path}", elsewhere)
    elif seen.schema_version > SCHEMA_VERSION:
        problem = f"its schema is {seen.schema_version}, this linkhub knows {SCHEMA_VERSION}"
        yield Finding.fault("file", problem, f"pip install --upgrade linkhub-products, or {elsewhere}")


def _mend_of(seen: FileSeen) -> Sequence[str]:
    """The steps that mend a file, by the reason why it cannot be read. Only a damaged file is replaced."""
    path, directory = seen.path, seen.path.parent
    steps = {
        FileFailure.FULL: [f"df -h {directory} (then make room: the file is whole, leave it where it is)"],
        FileFailure.BUSY: [f"fuser -v {path} (shows which process has it open; wait, or stop that process)"],
        FileFailure.DENIED: [f"ls -ld {directory} {path}*", f'chown "$(id -un)" {directory} {path}*'],
        FileFailure.DISK: ["dmesg | tail (the kernel's messages about the disk)", f"ls -l {path}*"],
        FileFailure.DAMAGED: [f"ls -l {path}*", _restore(seen)],
    }
    return steps.get(seen.failure or FileFailure.OTHER, [f"ls -l {path}*"])


def _restore(seen: FileSeen) -> str:
    return (
        f"stop every process, keep {seen.path} with its -wal and its -shm in another place, then put a backup in "
        "their place"
    )


def _damage_finding(seen: FileSeen) -> Finding:
    if seen.damages is None:
        mend = f"sqlite3 {seen.path} 'PRAGMA quick_check'"
        return Finding.not_checked("integrity", f"the file is too large to check within {CHECK_SECONDS:g} s", mend)
    if seen.damages:
        return Finding.fault("integrity", f"the file is damaged: {'; '.join(seen.damages)}", _restore(seen))
    return Finding.ok("integrity", "quick_check finds no damage")


def _log_warnings(seen: FileSeen) -> Iterator[Finding]:
    if seen.journal_mode != "wal":
        problem = f"its journal mode is {seen.journal_mode}, not wal: readers and writers wait for each other"
        yield Finding.warning("write-ahead log", problem, f"sqlite3 {seen.path} 'PRAGMA journal_mode=WAL'")


def _clock_finding(seen: FileSeen, now: datetime) -> Finding:
    ahead = seen.modified_at - now
    if ahead <= ALLOWED_AHEAD:
        return Finding.ok("clock", "not before what was last written")
    problem = (
        f"the file was written {ahead.total_seconds():,.0f} s in the future: this machine's clock was set back, "
        "and readers that ask `since` miss products until it has caught up"
    )
    return Finding.fault("clock", problem, "timedatectl set-ntp true (or: systemctl enable --now chronyd)")
