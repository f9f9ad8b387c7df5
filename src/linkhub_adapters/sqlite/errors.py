"""What SQLite says, in the words of the core: who may try again, and what mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from linkhub_adapters.sqlite.disk_space import is_full
from linkhub_core.errors import LinkhubError, ServiceUnavailable, StoreRefused

__all__ = ["is_damage", "translated", "translating"]

_FULL = "the disk is full; make room, nothing that was accepted is lost"

# By the name of the primary or extended result code; the longest name that fits wins.
_PROBLEMS = {
    "SQLITE_BUSY": "it is locked by another process that does not let go; stop that one, or wait",
    "SQLITE_LOCKED": "it is locked by another connection; wait",
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": "it may not be written to; check its permissions and those of its directory",
    "SQLITE_IOERR": "the disk does not read or write; check it",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the directory exists and may be written to",
    "SQLITE_PERM": "it may not be opened; check its permissions",
    "SQLITE_CORRUPT": "it is damaged; restore it from a copy",
    "SQLITE_NOTADB": "it is not a database; keep a copy of it, then restore it from a backup",
    "SQLITE_SCHEMA": "another version of linkhub changed it; restart this process",
}
_REFUSALS = {"SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT"}
# What SQLite also says if it cannot make or grow one of its files because the disk is full.
_MAY_BE_FULL = ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL")


def translated(error: sqlite3.Error, path: Path) -> LinkhubError:
    """The core's error for what SQLite raised on the file ``path``."""
    name = getattr(error, "sqlite_errorname", None) or ""
    if isinstance(error, sqlite3.DataError) or any(name.startswith(refusal) for refusal in _REFUSALS):
        return StoreRefused(f"the file {path}", str(error))
    if name.startswith(_MAY_BE_FULL) and is_full(path.parent):
        return ServiceUnavailable(f"the file {path}", _FULL)
    problem = next((told for code, told in _PROBLEMS.items() if name.startswith(code)), str(error))
    return ServiceUnavailable(f"the file {path}", problem)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file's content is not what it wrote."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


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
