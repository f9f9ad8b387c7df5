"""``linkhub dead-letters``."""

import json
from typing import Any

import pytest

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal


@pytest.fixture
def rejected(terminal: Terminal) -> list[dict[str, Any]]:
    """Two captions with a price in words, and thumbnails without any."""
    bad_price = CAPTION | {"price": "45k"}
    terminal.publish(bad_price, THUMBNAILS | {"thumbnails": []}, bad_price)
    terminal.consume()
    return terminal.lines("dead-letters", "list", "--json")


def test_list_as_json(rejected: list[dict[str, Any]]) -> None:
    """Each letter with its reason, its faults by field, where it came from and what it holds."""
    assert sorted(letter["correlation_id"] for letter in rejected) == ["-:1", "-:2", "-:3"]
    (letter,) = (one for one in rejected if one["correlation_id"] == "-:1")
    assert letter["queue"] == "caption"
    assert letter["faults"] == [{"field": "price", "problem": "must be a number or null, not text"}]
    assert letter["reason"] == "price: must be a number or null, not text"
    assert (letter["receive_count"], letter["would_pass"]) == (1, False)
    assert json.loads(letter["body"])["price"] == "45k"
    assert letter["sent_at"] <= letter["rejected_at"]


@pytest.mark.usefixtures("rejected")
def test_list_by_reason(terminal: Terminal) -> None:
    """The table has one part a reason, the most frequent first, and says whether a letter would pass now."""
    printed = terminal.run("dead-letters", "list").stdout
    assert printed.index("price: must be a number or null, not text (2)") < printed.index("thumbnails: ")
    assert printed.count("would be rejected again") == 3
    assert printed.endswith("3 dead letters\n")


@pytest.mark.usefixtures("rejected")
def test_filters(terminal: Terminal) -> None:
    """--reason looks into reasons in any case, --queue takes one queue."""
    assert len(terminal.lines("dead-letters", "list", "--json", "--reason", "PRICE")) == 2
    assert len(terminal.lines("dead-letters", "list", "--json", "--queue", "thumbnail")) == 1
    assert terminal.lines("dead-letters", "list", "--json", "--queue", "thumbnail", "--reason", "price") == []


def test_show(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """One letter in full, its body one field a line; one that is not there ends with 1."""
    letter = rejected[0]
    result = terminal.run("dead-letters", "show", letter["letter_id"], "nowhere")
    assert result.exit_code == 1
    assert letter["message_id"] in result.stdout
    assert '\n  "video_id": "' in result.stdout
    assert result.stderr == "linkhub: there is no dead letter nowhere\n"
    assert terminal.lines("dead-letters", "show", letter["letter_id"], "--json") == [letter]


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_nothing_is_changed_without_yes(terminal: Terminal, rejected: list[dict[str, Any]], command: str) -> None:
    """They say what they would do, and do nothing."""
    result = terminal.run("dead-letters", command, "--all")
    assert result.exit_code == 0
    assert f"would {'put back' if command == 'redrive' else 'delete'} 3 letters" in result.stdout
    assert "(2 caption, 1 thumbnail); 0 of them would pass now" in result.stdout
    assert terminal.lines("dead-letters", "list", "--json") == rejected


def test_redrive(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """Letters go back to their queue; what is still wrong with them brings them here again, still by their line."""
    result = terminal.run("dead-letters", "redrive", "--reason", "price", "--yes")
    assert result.stdout == "did put back 2 letters; 0 of them would pass now\n"
    assert len(terminal.lines("dead-letters", "list", "--json")) == 1
    terminal.consume()
    again = terminal.lines("dead-letters", "list", "--json")
    assert sorted(letter["correlation_id"] for letter in again) == ["-:1", "-:2", "-:3"]
    assert {letter["letter_id"] for letter in again} != {letter["letter_id"] for letter in rejected}


def test_purge(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """Letters that are named are deleted, the others stay."""
    result = terminal.run("dead-letters", "purge", rejected[0]["letter_id"], "--yes")
    assert result.stdout.startswith("did delete 1 letter;")
    assert terminal.lines("dead-letters", "list", "--json") == rejected[1:]


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_which_ones_must_be_said(terminal: Terminal, command: str) -> None:
    """Without IDs, a filter or --all nothing is guessed."""
    result = terminal.run("dead-letters", command, "--yes")
    assert result.exit_code == 2
    assert "IDs, --reason, --queue or --all" in result.stderr


def test_none(terminal: Terminal) -> None:
    """No dead letters is good news, not an error."""
    assert terminal.run("dead-letters", "list").stdout == "no dead letters\n"
