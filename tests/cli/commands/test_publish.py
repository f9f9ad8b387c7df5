"""``linkhub publish``."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import structlog

from linkhub_cli.processes.recording import RecordingFile, recording
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import open_container
from linkhub_core.testing.fakes import FakeClock
from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal

STREAM = Path(__file__).parents[2] / "data" / "stream.jsonl"


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


def _record(terminal: Terminal, file: Path, *, redacts: bool = False) -> None:
    """Consume everything, and record it."""

    async def consume() -> None:
        log = structlog.get_logger("linkhub")
        async with open_container(load_settings(environment=terminal.environment).settings) as container:
            with recording(RecordingFile.open(file), redacts=redacts, clock=FakeClock(), log=log) as received:
                while deliveries := await container.backend().queue.receive():
                    received(deliveries)
                    await container.assemble()(deliveries)

    asyncio.run(consume())


def _contents(terminal: Terminal) -> list[dict[str, Any]]:
    moments = ("created_at", "updated_at")
    return [{name: one[name] for name in one if name not in moments} for one in terminal.lines("export")]


@pytest.mark.parametrize("redacts", [False, True], ids=["as it was", "redacted"])
def test_a_recording_makes_the_same_products(tmp_path: Path, terminal: Terminal, redacts: bool) -> None:
    """Of an hour with everything in it, replayed into an empty backend; redacted, of the same shops and videos."""
    hour = tmp_path / "hour.jsonl"
    assert terminal.run("publish", str(STREAM)).exit_code == 0
    _record(terminal, hour, redacts=redacts)
    other = Terminal(tmp_path / "other")
    replayed = other.run("publish", "--replay", str(hour), "--speed", "max")
    assert replayed.exit_code == 0, replayed.output
    other.consume()
    before, after = _contents(terminal), _contents(other)
    assert before
    assert (before == after) is not redacts
    names = ("seller_handle", "video_id", "price")
    assert [[one[name] for name in names] for one in before] == [[one[name] for name in names] for one in after]


def test_a_foreign_line_of_a_recording_is_named_with_the_way_out(terminal: Terminal) -> None:
    """The lines around it are sent, also from standard input; the exit code is 1."""
    hour = terminal.directory / "hour.jsonl"
    terminal.publish(CAPTION, THUMBNAILS)
    _record(terminal, hour)
    first, second = hour.read_text("utf-8").splitlines()
    result = terminal.run("publish", "--replay", "-", stdin=f"{first}\n{json.dumps(CAPTION)}\n\n{second}\n")
    assert result.exit_code == 1
    assert (
        "-:2: kind: must be caption or thumbnail: it was cut, or `linkhub consume --record` did not write it"
        in result.stderr
    )
    assert "published 2 messages (1 caption, 1 thumbnail), 1 line not" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--replay", "-", "events.jsonl"), "name no other file"),
        (("--speed", "2", "-"), "--speed is for --replay FILE"),
        *(
            (("--replay", "-", "--speed", speed), "is neither `max` nor 0")
            for speed in ("fast", "-1", "nan", "inf", "1e-9")
        ),
        (("--replay", "absent.jsonl"), "absent.jsonl"),
    ],
)
def test_mistakes_of_a_replay(terminal: Terminal, arguments: tuple[str, ...], problem: str) -> None:
    """Each is named, and nothing is sent."""
    (terminal.directory / "events.jsonl").touch()
    result = terminal.run("publish", *arguments, stdin="")
    assert result.exit_code == 2
    assert problem in result.stderr
