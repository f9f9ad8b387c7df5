"""``linkhub export --full`` and ``linkhub import``."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal

LINKHUB = Path(sys.executable).with_name("linkhub")


def _busy(terminal: Terminal) -> str:
    """A full export with one item of each type, and a tombstone."""
    half, rejected = CAPTION | {"video_id": "half"}, CAPTION | {"price": "45k"}
    withdrawn = {"video_id": "withdrawn"}
    terminal.publish(CAPTION, THUMBNAILS, half, rejected, CAPTION | withdrawn, THUMBNAILS | withdrawn)
    terminal.consume()
    assert terminal.run("listing", "set", CAPTION["seller_handle"], "withdrawn", "--withdrawn").exit_code == 0
    terminal.publish(CAPTION | {"video_id": "queued"})
    return terminal.run("export", "--full").stdout


def _elsewhere(terminal: Terminal, name: str = "elsewhere") -> Terminal:
    """A terminal with a data file of its own."""
    return evolve(terminal, directory=terminal.directory / name)


def test_everything_is_exported(terminal: Terminal) -> None:
    """In the order in which events move, between a header and a last line that counts."""
    lines = [json.loads(line) for line in _busy(terminal).splitlines()]
    assert [line["type"] for line in lines] == [
        "linkhub-export", "message", "half", "product", "product", "dead_letter", "end",
    ]  # fmt: skip
    assert lines[-1]["counts"] == {"message": 1, "half": 1, "product": 2, "dead_letter": 1}


def test_the_export_of_an_import_is_the_same(terminal: Terminal) -> None:
    """Into a backend without products nothing is announced, and a second import changes nothing."""
    export, other = _busy(terminal), _elsewhere(terminal)
    imported = other.run("import", stdin=export)
    assert imported.exit_code == 0, imported.output
    assert imported.stdout.split("\n")[1:-1] == [
        "           2  products created",
        "           1  halves staged",
        "           1  messages added",
        "           1  dead letters added",
    ]
    assert "there was no data file" in imported.stderr
    assert "count as shown (--quiet)" in imported.stderr
    assert other.run("export", "--full").stdout.splitlines()[1:] == export.splitlines()[1:]
    (again,) = other.lines("import", "--json", "--quiet", str(_written(terminal, export)))
    assert {name: count for name, count in again["counts"].items() if count} == {
        "products_unchanged": 2, "halves_known": 1, "messages_known": 1, "dead_letters_known": 1,
    }  # fmt: skip
    assert other.run("export", "--full").stdout.splitlines()[1:] == export.splitlines()[1:]


def _written(terminal: Terminal, export: str) -> Path:
    file = terminal.directory / "export.jsonl"
    file.write_text(export, encoding="utf-8")
    return file


def test_an_import_beside_products_is_announced(terminal: Terminal) -> None:
    """Unless --quiet says otherwise."""
    export, other = _busy(terminal), _elsewhere(terminal)
    other.publish(CAPTION | {"video_id": "there"}, THUMBNAILS | {"video_id": "there"})
    other.consume()
    imported = other.run("import", stdin=export)
    assert "viewers are shown what changes (--announce)" in imported.stderr
    assert _announced(other) == ["there", CAPTION["video_id"]]
    quiet = _elsewhere(terminal, "quiet")
    assert quiet.run("import", "--quiet", stdin=export).exit_code == 0
    assert _announced(quiet) == []


def _announced(terminal: Terminal) -> list[str]:
    with closing(sqlite3.connect(terminal.directory / "data" / "linkhub.sqlite3")) as file:
        events = file.execute("SELECT event_json FROM announcements ORDER BY id").fetchall()
    return [json.loads(event)["product"]["video_id"] for (event,) in events]


def test_a_dry_run_writes_nothing(terminal: Terminal) -> None:
    """Its counts are those of the import; a file that is not there counts as empty and is not made."""
    export, other = _busy(terminal), _elsewhere(terminal)
    dry = other.run("import", "--dry-run", stdin=export)
    assert (dry.exit_code, "would import 7 lines" in dry.stdout, "2  products created" in dry.stdout) == (0, True, True)
    assert not (other.directory / "data").exists()
    before = terminal.run("export", "--full").stdout.splitlines()[1:]
    assert terminal.run("import", "--dry-run", stdin=export).exit_code == 0
    assert terminal.run("export", "--full").stdout.splitlines()[1:] == before


@pytest.mark.parametrize(
    ("garbage", "problem"),
    [
        ("", "line 1: this is not an export: it is empty"),
        ("\x00\x01", "line 1: this is not an export"),
        (json.dumps(CAPTION), "line 1: this is not the first line of a full export"),
        ('{"type": "linkhub-export", "format": 7, "linkhub": "9.1"}', "its format is 7, made by linkhub 9.1"),
        ("x" * (17 * 1024 * 1024), "line 1: this is not an export: the line is longer than 16 MiB"),
    ],
    ids=["empty", "binary", "event", "newer", "endless"],
)
def test_what_is_no_export_is_refused(terminal: Terminal, garbage: str, problem: str) -> None:
    """By the line that shows it; nothing is imported."""
    result = terminal.run("import", stdin=garbage)
    assert result.exit_code == 1
    assert problem in result.stderr
    assert "; nothing was imported: " in result.stderr
    assert "stopped after" not in result.stderr
    assert "count as shown" not in result.stderr


def test_an_export_without_its_last_line_is_imported_and_reported(terminal: Terminal) -> None:
    """So that a pipe that broke is noticed."""
    export, other = _busy(terminal), _elsewhere(terminal)
    result = other.run("import", "--json", stdin="".join(export.splitlines(keepends=True)[:-1]))
    assert result.exit_code == 1
    assert (
        "line 6: the export ends here without its last line, so it is not whole; what was read is imported: "
        "import a whole export with --quiet" in result.stderr
    )
    counted = json.loads(result.stdout)
    assert (counted["whole"], counted["lines"], counted["counts"]["products_created"]) == (False, 6, 2)
    assert len(other.lines("export")) == 1


def test_a_file_of_several_exports_is_read_to_its_end(terminal: Terminal) -> None:
    """A line too long to be read, in the first one, is named; the counts are of all."""
    header, *items, end = _busy(terminal).splitlines(keepends=True)
    other = _elsewhere(terminal)
    endless = "x" * (17 * 1024 * 1024) + "\n"
    result = other.run("import", stdin="".join([header, endless, *items[1:], end, header, *items, end]))
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if "line" in line] == [
        "linkhub: not imported: line 2: the line is longer than 16 MiB"
    ]
    assert "imported 14 lines" in result.stdout
    assert "1  messages added" in result.stdout
    assert "1  refused" in result.stdout


def test_a_line_that_cannot_be_read_delays_no_other(terminal: Terminal) -> None:
    """It is named, and the exit code is 1."""
    header, message, half, product, *rest = _busy(terminal).splitlines(keepends=True)
    other = _elsewhere(terminal)
    result = other.run(
        "import", stdin="".join([header, message, half, product.replace("caption_version", "version"), *rest])
    )
    assert result.exit_code == 1
    assert "linkhub: not imported: line 4: the product cannot be read: " in result.stderr
    assert "1  products created" in result.stdout
    assert "1  refused" in result.stdout


def test_mistakes(terminal: Terminal) -> None:
    """A backend that forgets, an export of one shop, and a file that is not there."""
    assert "would end with this command" in terminal.run("import", stdin="", LINKHUB_BACKEND="memory").stderr
    assert terminal.run("export", "--full", "--seller", "nalu").exit_code == 2
    assert terminal.run("import", "nowhere.jsonl").exit_code == 2
    if Path("/proc/self/mem").exists():  # a file that is there and cannot be read
        unread = terminal.run("import", "/proc/self/mem")
        assert (unread.exit_code, "/proc/self/mem" in unread.stderr) == (3, True), unread.output


def test_an_unreadable_row_is_named_and_left_out(terminal: Terminal) -> None:
    """The last line counts it, too."""
    _busy(terminal)
    with closing(sqlite3.connect(terminal.directory / "data" / "linkhub.sqlite3", isolation_level=None)) as file:
        file.execute("UPDATE products SET caption_version = 'x' WHERE video_id = 'withdrawn'")
    result = terminal.run("export", "--full")
    assert result.exit_code == 1
    assert json.loads(result.stdout.splitlines()[-1])["unreadable"] == 1
    assert "'x' is no version" in result.stderr
    assert "left out 1 row that cannot be read" in result.stderr
    imported = _elsewhere(terminal).run("import", stdin=result.stdout)
    assert imported.exit_code == 0
    assert "the export is without 1 row that could not be read where it was made" in imported.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_an_import_that_waits_for_input(terminal: Terminal, number: signal.Signals) -> None:
    """With one line that says how far it was, and no traceback."""
    lines = _busy(terminal).splitlines(keepends=True)
    other = _elsewhere(terminal)
    with subprocess.Popen(
        [LINKHUB, "import"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | other.environment,
    ) as run:
        assert run.stdin is not None
        assert run.stderr is not None
        run.stdin.write("".join(lines[:3]))
        run.stdin.flush()
        assert "made a new data file" in run.stderr.readline()
        assert "count as shown" in run.stderr.readline()
        run.send_signal(number)
        assert run.wait(timeout=30) == 1
        assert run.stderr.read().splitlines() == [
            "linkhub: stopped after 3 lines; what was read is imported: run it again to go on with --quiet"
        ]
