"""The embedded file and its directory are found well, and each thing that is wrong with them is found: it alone."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve

from linkhub_adapters.sqlite import SqliteDatabase
from linkhub_adapters.sqlite.file_check import (
    FileSeen,
    PlaceSeen,
    file_findings,
    look_at_file,
    look_at_place,
    look_at_rows,
    place_findings,
)
from linkhub_adapters.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports import Unreadable
from linkhub_core.ports.finding import Finding, Verdict

_SPOILT_PRODUCT = """
INSERT INTO products (seller_handle, video_id, document, caption_version, thumbnails_version, revision, updated_at)
VALUES ('shop', ?, X'7B7D', '', '', 1, '')
"""
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PLACE = PlaceSeen(
    directory=Path("data"), is_there=True, is_writable=True, free_bytes=50_000_000_000, file_system="ext4"
)
FILE = FileSeen(
    path=Path("data/linkhub.sqlite3"),
    modified_at=NOW,
    application_id=APPLICATION_ID,
    schema_version=SCHEMA_VERSION,
    journal_mode="wal",
    damages=[],
    holders=[],
)


def unwell(findings: list[Finding]) -> list[tuple[Verdict, str, str]]:
    """The findings that are not ok; each has a remedy."""
    found = [finding for finding in findings if finding.verdict is not Verdict.OK]
    assert all(finding.mend for finding in found if finding.verdict is not Verdict.NOT_CHECKED)
    return [(finding.verdict, finding.subject, finding.seen) for finding in found]


# --- decisions


@pytest.mark.parametrize(
    ("seen", "verdict", "subject"),
    [
        (evolve(PLACE, is_writable=False), Verdict.FAULT, "data directory"),
        (evolve(PLACE, file_system="nfs4"), Verdict.FAULT, "data directory"),
        (evolve(PLACE, free_bytes=90_000_000), Verdict.FAULT, "disk"),
        (evolve(PLACE, free_bytes=900_000_000), Verdict.WARNING, "disk"),
    ],
)
def test_a_place_that_does_not_do(seen: PlaceSeen, verdict: Verdict, subject: str) -> None:
    """One finding that is not well, and it alone."""
    assert [found[:2] for found in unwell(list(place_findings(seen)))] == [(verdict, subject)]


@pytest.mark.parametrize("seen", [PLACE, evolve(PLACE, is_there=False), evolve(PLACE, file_system=None)])
def test_a_place_that_does(seen: PlaceSeen) -> None:
    """A directory that the first start makes is well, too."""
    assert unwell(list(place_findings(seen))) == []


@pytest.mark.parametrize(
    ("seen", "verdict", "subject", "expected"),
    [
        (evolve(FILE, application_id=1), Verdict.FAULT, "file", "another program made"),
        (evolve(FILE, application_id=0, schema_version=0), Verdict.FAULT, "file", "another program made"),
        (evolve(FILE, schema_version=SCHEMA_VERSION + 1), Verdict.FAULT, "file", "its schema is"),
        (evolve(FILE, problem="it is damaged"), Verdict.FAULT, "file", "it is damaged"),
        (evolve(FILE, damages=["row 7 missing"]), Verdict.FAULT, "integrity", "the file is damaged: row 7 missing"),
        (evolve(FILE, damages=None), Verdict.NOT_CHECKED, "integrity", "the file is too large"),
        (evolve(FILE, journal_mode="delete"), Verdict.WARNING, "write-ahead log", "its journal mode is delete"),
        (evolve(FILE, modified_at=NOW + timedelta(hours=1)), Verdict.FAULT, "clock", "the file was written 3,600 s"),
        (evolve(FILE, holders=None), Verdict.NOT_CHECKED, "processes", "this system does not say"),
    ],
)
def test_a_file_that_does_not_do(seen: FileSeen, verdict: Verdict, subject: str, expected: str) -> None:
    """One finding that is not well, and it alone."""
    ((found, about, said),) = unwell(list(file_findings(seen, NOW)))
    assert (found, about) == (verdict, subject)
    assert said.startswith(expected)


@pytest.mark.parametrize(
    "seen",
    [
        None,
        FILE,
        evolve(FILE, schema_version=SCHEMA_VERSION - 1),
        evolve(FILE, application_id=0, schema_version=0, is_empty=True),
        evolve(FILE, modified_at=NOW + timedelta(seconds=1)),
        evolve(FILE, holders=[17, 18]),
    ],
)
def test_a_file_that_does(seen: FileSeen | None) -> None:
    """None yet, one of an older schema, and one that others use are well."""
    assert unwell(list(file_findings(seen, NOW))) == []


# --- what is read


def look(path: Path) -> list[tuple[Verdict, str, str]]:
    """The findings of a real file."""
    return unwell(list(file_findings(look_at_file(path), datetime.now(UTC))))


def test_nothing_is_made(tmp_path: Path) -> None:
    """Looking at a directory that does not exist leaves it so."""
    directory = tmp_path / "a" / "b"
    seen = look_at_place(directory)
    assert (seen.is_there, seen.is_writable) == (False, True)
    assert seen.free_bytes > 0
    assert look_at_file(directory / "linkhub.sqlite3") is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_use_is_well(database: SqliteDatabase) -> None:
    """It is looked at beside those who use it, and nothing of it changes."""
    before = database.path.read_bytes()
    assert look(database.path) == []
    assert database.path.read_bytes() == before


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    """Pages that were overwritten are found, and SQLite's error is no traceback."""
    path = tmp_path / "linkhub.sqlite3"
    SqliteDatabase.open(path).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(random.Random(1).randbytes(16 * 4096))
    ((verdict, subject, _),) = look(path)
    assert verdict is Verdict.FAULT
    assert subject in ("file", "integrity")


def test_a_file_that_is_no_database_is_reported(tmp_path: Path) -> None:
    """A file of something else."""
    path = tmp_path / "linkhub.sqlite3"
    path.write_text("a letter to a friend\n" * 100, encoding="utf-8")
    ((verdict, subject, seen),) = look(path)
    assert (verdict, subject) == (Verdict.FAULT, "file")
    assert "not a database" in seen


def test_another_programs_database_is_reported(tmp_path: Path) -> None:
    """It is left as it is."""
    path = tmp_path / "linkhub.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    ((verdict, _, seen), (_, subject, _)) = [*look(path), (Verdict.OK, "", "")]
    assert (verdict, seen) == (Verdict.FAULT, f"another program made {path}")
    assert subject == ""


def test_a_check_that_takes_too_long_is_given_up(database: SqliteDatabase) -> None:
    """Then nothing is known of damages, and everything else is."""

    def fill(connection: sqlite3.Connection) -> None:
        rows = ((f"{number:0200d}",) for number in range(2_000))
        connection.executemany("INSERT INTO announcements (event_json, correlation_id) VALUES (x'00', ?)", rows)

    with closing(sqlite3.connect(database.path)) as connection:
        fill(connection)
        connection.commit()
    seen = look_at_file(database.path, check_seconds=0)
    assert seen is not None
    assert seen.damages is None
    assert seen.journal_mode == "wal"


def test_rows_are_read_as_they_are(tmp_path: Path) -> None:
    """A row that cannot be read is a value among the others, and the file stays as it was."""
    path = tmp_path / "linkhub.sqlite3"
    SqliteDatabase.open(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(_SPOILT_PRODUCT, ("v1",))
    before = path.read_bytes()
    with look_at_rows(path) as seen:
        (product,) = seen.products
        assert (isinstance(product, Unreadable), list(seen.staging)) == (True, [])
    assert path.read_bytes() == before


def test_rows_of_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """The error is one of linkhub's own."""
    path = tmp_path / "linkhub.sqlite3"
    path.write_text("no database, but long enough for a header of one, and then for some more of it" * 9)
    with pytest.raises(ServiceUnavailable), look_at_rows(path):
        pass
