"""Each thing that SQLite may say has its place in the tree of errors, with what mends it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from linkhub_adapters.sqlite.errors import translated, translating
from linkhub_core.errors import ServiceUnavailable, StoreRefused

PATH = Path("/data/linkhub.sqlite3")


def an_error(name: str) -> sqlite3.Error:
    """An error as SQLite raises it, with this result code."""
    error = sqlite3.OperationalError("said by SQLite")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SQLITE_BUSY", "locked by another process"),
        ("SQLITE_BUSY_SNAPSHOT", "locked by another process"),
        ("SQLITE_LOCKED", "locked by another connection"),
        ("SQLITE_FULL", "the disk is full"),
        ("SQLITE_READONLY_DBMOVED", "may not be written to"),
        ("SQLITE_IOERR_FSYNC", "does not read or write"),
        ("SQLITE_CANTOPEN_ISDIR", "cannot be opened"),
        ("SQLITE_PERM", "permissions"),
        ("SQLITE_CORRUPT", "damaged"),
        ("SQLITE_NOTADB", "not a database"),
        ("SQLITE_SCHEMA", "restart"),
        ("SQLITE_PROTOCOL", "said by SQLite"),
    ],
)
def test_what_may_pass_is_transient_and_names_the_file(name: str, said: str) -> None:
    """A condition of the machine is transient; its message names the file and what to do."""
    error = translated(an_error(name), PATH)
    assert isinstance(error, ServiceUnavailable)
    assert str(PATH) in str(error)
    assert said in str(error)


@pytest.mark.parametrize("name", ["SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT_NOTNULL"])
def test_a_value_that_never_fits_is_refused(name: str) -> None:
    """A value that the file will never take is permanent."""
    assert isinstance(translated(an_error(name), PATH), StoreRefused)


@pytest.mark.parametrize("error", [OverflowError("too large"), UnicodeEncodeError("utf-8", "\ud800", 0, 1, "no")])
def test_a_value_that_the_driver_cannot_pass_is_refused(error: Exception) -> None:
    """An integer of more than 64 bits, and a text that is none."""
    assert isinstance(translated(error, PATH), StoreRefused)


def test_the_original_is_kept_as_the_cause() -> None:
    """The error of SQLite is the cause of the error that is raised."""
    original = an_error("SQLITE_FULL")
    with pytest.raises(ServiceUnavailable) as raised, translating(PATH):
        raise original
    assert raised.value.__cause__ is original
