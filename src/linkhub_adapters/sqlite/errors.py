"""Translates the errors of SQLite into those of the core, each with its cause and its remedy."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path

from linkhub_core.errors import LinkhubError, ServiceUnavailable, StoreRefused


class FileFailure(Enum):
    """Why the file cannot be used. Each cause has its own remedy."""

    FULL = auto()
    BUSY = auto()
    DENIED = auto()
    DISK = auto()
    DAMAGED = auto()
    OTHER = auto()


class ForeignFile(ServiceUnavailable):
    """Another program made the file."""


# By the name of the primary or extended result code; the first match counts.
_FAILURES = {
    "SQLITE_BUSY": (FileFailure.BUSY, "it is locked by another process that does not let go; stop that one, or wait"),
    "SQLITE_LOCKED": (FileFailure.BUSY, "it is locked by another connection; wait"),
    "SQLITE_FULL": (FileFailure.FULL, "the disk is full; make room, nothing that was accepted is lost"),
    "SQLITE_READONLY": (
        FileFailure.DENIED,
        "it may not be written to; check its permissions and those of its directory",
    ),
    "SQLITE_IOERR": (FileFailure.DISK, "the disk does not read or write; check it"),
    "SQLITE_CANTOPEN": (
        FileFailure.DENIED,
        "it cannot be opened; check that the directory exists and may be written to",
    ),
    "SQLITE_PERM": (FileFailure.DENIED, "it may not be opened; check its permissions"),
    "SQLITE_CORRUPT": (FileFailure.DAMAGED, "it is damaged; restore it from a copy"),
    "SQLITE_NOTADB": (FileFailure.DAMAGED, "it is not a database; keep a copy of it, then restore it from a backup"),
    "SQLITE_SCHEMA": (FileFailure.OTHER, "another version of linkhub changed it; restart this process"),
}
_PAGE_BYTES = 4_096
_REFUSALS = {"SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT"}
# SQLite also raises these if it cannot make or grow one of its files because the disk is full.
_MAY_BE_FULL = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL")


UNSTORABLE = (OverflowError, UnicodeEncodeError)
"""The errors of the driver for an integer of more than 64 bits, and for a text with half a surrogate pair."""


def translated(error: Exception, path: Path) -> LinkhubError:
    """The error of the core for an error of SQLite or one of :data:`UNSTORABLE` on the file ``path``."""
    if isinstance(error, (sqlite3.DataError, *UNSTORABLE)) or _name_of(error).startswith(tuple(_REFUSALS)):
        return StoreRefused(f"the file {path}", str(error))
    _, problem = _judged(error, path)
    return ServiceUnavailable(f"the file {path}", problem)


def failure_of(error: sqlite3.Error, path: Path) -> FileFailure:
    """Why SQLite could not use the file ``path``."""
    failure, _ = _judged(error, path)
    return failure


def is_damage(error: Exception) -> bool:
    """Whether the error reports damage of the file."""
    return _name_of(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _name_of(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", None) or ""


def _judged(error: Exception, path: Path) -> tuple[FileFailure, str]:
    name = _name_of(error)
    if name.startswith(_MAY_BE_FULL) and _is_full(path.parent):
        name = "SQLITE_FULL"
    return next(
        (failure for code, failure in _FAILURES.items() if name.startswith(code)), (FileFailure.OTHER, str(error))
    )


@contextmanager
def translating(path: Path) -> Iterator[None]:
    """Raise the core's errors instead of SQLite's.

    Raises:
        ServiceUnavailable: the file is locked, full, read-only or damaged.
        StoreRefused: a value can never be stored.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error


# --- the room on the disk


def free_bytes(directory: Path) -> int:
    """Bytes that this process may still write; for root with the reserved blocks.

    Raises:
        OSError: the directory is absent or cannot be read.
    """
    if not hasattr(os, "statvfs"):  # Windows
        return shutil.disk_usage(directory).free
    seen = os.statvfs(directory)
    return seen.f_frsize * (seen.f_bfree if os.geteuid() == 0 else seen.f_bavail)


def _is_full(directory: Path) -> bool:
    """Whether no page fits; False if the system does not say."""
    try:
        return free_bytes(directory) < _PAGE_BYTES
    except OSError:
        return False
