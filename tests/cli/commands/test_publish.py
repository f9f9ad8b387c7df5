"""``linkhub publish``."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal


def test_bare_and_addressed_events(terminal: Terminal) -> None:
    """Both forms of a line come out as one product."""
    result = terminal.publish(CAPTION, {"queue": "thumbnail", "body": json.dumps(THUMBNAILS)})
    assert result.exit_code == 0
    assert "published 2 messages (1 caption, 1 thumbnail), 0 lines not" in result.stderr
    terminal.consume()
    (product,) = terminal.lines("export")
    assert (product["title"], product["thumbnails"]) == (CAPTION["title"], THUMBNAILS["thumbnails"])


def test_a_bad_line_is_reported_by_its_number(terminal: Terminal) -> None:
    """The lines around it are published; the exit code is 1."""
    result = terminal.publish(CAPTION, "{", "", '{"video_id": "1"}', THUMBNAILS)
    assert result.exit_code == 1
    assert "-:2: the body is not JSON" in result.stderr
    assert "-:4: it has neither a title nor thumbnails" in result.stderr
    assert "published 2 messages (1 caption, 1 thumbnail), 2 lines not" in result.stderr
    terminal.consume()
    assert len(terminal.lines("export")) == 1


def test_a_refused_message_is_reported_by_its_number(terminal: Terminal) -> None:
    """A text that no queue can hold is refused; the others are published."""
    result = terminal.publish(CAPTION, {"queue": "caption", "body": "\ud800"}, THUMBNAILS)
    assert result.exit_code == 1
    assert "-:2: the queue refuses it" in result.stderr
    assert "published 2 messages (1 caption, 1 thumbnail), 1 line not" in result.stderr


def test_files_are_named_in_correlation_ids(terminal: Terminal) -> None:
    """A dead letter leads back to its line in its file."""
    events = terminal.directory / "events.jsonl"
    events.write_text(f"{json.dumps(CAPTION)}\n\n{json.dumps(CAPTION | {'price': '45k'})}\n", encoding="utf-8")
    assert terminal.run("publish", "events.jsonl").exit_code == 0
    terminal.consume()
    assert [letter["correlation_id"] for letter in terminal.lines("dead-letters", "list", "--json")] == [
        "events.jsonl:3"
    ]


@pytest.mark.parametrize(
    ("arguments", "environment", "problem"),
    [
        (("nowhere.jsonl",), {}, "nowhere.jsonl"),
        (("-",), {"LINKHUB_BACKEND": "memory"}, "everything within one process"),
    ],
)
def test_mistakes(terminal: Terminal, arguments: tuple[str, ...], environment: dict[str, str], problem: str) -> None:
    """A file that is not there, and a backend that would forget, are mistakes."""
    result = terminal.run("publish", *arguments, stdin="", **environment)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_an_unusable_data_directory(terminal: Terminal, tmp_path: Path) -> None:
    """If the file cannot be made, it is a fault of the configuration."""
    (tmp_path / "blocked").write_text("", encoding="utf-8")
    result = terminal.run("publish", "-", stdin="", LINKHUB_DATA_DIR=str(tmp_path / "blocked" / "data"))
    assert result.exit_code == 2
    assert "LINKHUB_DATA_DIR=" in result.stderr
    assert "set it to a directory that may be written to" in result.stderr
