"""``linkhub dead-letters``."""

import json
import re
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
    assert letter["faults"] == [{"field": "price", "problem": "must be a number or null, not text; for example 55000"}]
    assert letter["reason"] == "price: must be a number or null, not text; for example 55000"
    assert (letter["receive_count"], letter["would_pass"]) == (1, False)
    assert json.loads(letter["body"])["price"] == "45k"
    assert letter["sent_at"] <= letter["rejected_at"]


@pytest.mark.usefixtures("rejected")
def test_list_by_reason(terminal: Terminal) -> None:
    """The table has one line a reason, the most frequent first: how many, would they pass, and one to look at."""
    lines = terminal.run("dead-letters", "list").stdout.splitlines()
    first, second = lines[1].split(), lines[2].split()
    assert (first[:3], second[:3]) == (["2", "caption", "price:"], ["1", "thumbnail", "thumbnails:"])
    assert "must be a number or null, not text" in lines[1]
    assert "none" in first
    assert first[-1] in {letter["letter_id"] for letter in terminal.lines("dead-letters", "list", "--json")}
    assert lines[-1] == "3 dead letters"


@pytest.mark.usefixtures("rejected")
def test_list_one_by_one(terminal: Terminal) -> None:
    """--all has one line a letter, each with its verdict; filters hold there, too."""
    printed = terminal.run("dead-letters", "list", "--all").stdout
    assert printed.count("would be rejected again") == 3
    assert terminal.run("dead-letters", "list", "--all", "--reason", "price").stdout.count("caption") == 2


def test_one_mistake_in_many_places_is_one_group(terminal: Terminal) -> None:
    """Whichever tag a mistake is in, its letters are of one group, and --reason takes the group's words."""
    for place in (0, 1):
        terminal.publish(CAPTION | {"tags": ["good"] * place + [True]})
    terminal.consume()
    group = "tags: an entry must be text, not a boolean"
    assert group in terminal.run("dead-letters", "list").stdout
    assert [one["group"] for one in terminal.lines("dead-letters", "list", "--json", "--reason", group)] == [group] * 2


@pytest.mark.parametrize(
    ("bodies", "group"),
    [
        (
            [
                '{"Records": [{"eventSource": "aws:s3"}]}',
                '{"Event": "s3:TestEvent", "Records": [{"eventSource": "aws:s3"}]}',
            ],
            "this is an S3 notification: send the event itself as JSON",
        ),
        (['[{"a": 1}, {}]', "[{}, {}, {}]"], "these are several events in one list: send each as a message of its own"),
        (["{", '{"video_id": "1",'], "the body is not JSON"),
        ([json.dumps(CAPTION | {"title": "x" * length}) for length in (2_001, 2_500)], "title: has N characters"),
    ],
)
def test_bodies_of_one_kind_are_one_group(terminal: Terminal, bodies: list[str], group: str) -> None:
    """By the name of what they are, whatever differs between them; --reason takes that name."""
    terminal.publish(*({"queue": "caption", "body": body} for body in bodies))
    terminal.consume()
    lines = terminal.run("dead-letters", "list").stdout.splitlines()
    assert lines[1].split()[:2] == [str(len(bodies)), "caption"]
    assert group in lines[1]
    name = group.partition(":")[0]
    assert len(terminal.lines("dead-letters", "list", "--json", "--reason", name)) == len(bodies)


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


def test_show_marks_each_fault(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """The line after a faulty field points at it and says what is wrong."""
    (letter,) = (one for one in rejected if one["correlation_id"] == "-:1")
    lines = terminal.run("dead-letters", "show", letter["letter_id"]).stdout.splitlines()
    assert (
        lines[lines.index('  "price": "45k",') + 1]
        == "  ^ price: must be a number or null, not text; for example 55000"
    )


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_nothing_is_changed_without_yes(terminal: Terminal, rejected: list[dict[str, Any]], command: str) -> None:
    """They say what they would do, and do nothing."""
    force = ["--force"] if command == "redrive" else []
    result = terminal.run("dead-letters", command, "--all", *force)
    assert result.exit_code == 0
    assert f"would {'put back' if command == 'redrive' else 'delete'} 3 letters (2 caption, 1 thumb" in result.stdout
    assert result.stdout.endswith("nothing was changed: add --yes to do it\n")
    assert terminal.lines("dead-letters", "list", "--json") == rejected


def test_redrive_leaves_what_would_come_again(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """Letters that today's rules reject stay, with the reason; a letter that was asked for by name ends with 1."""
    result = terminal.run("dead-letters", "redrive", "--all", "--yes")
    assert result.exit_code == 0
    assert result.stdout.startswith("put back 0 letters\n3 letters stay, for they would be rejected again:\n")
    assert "  2  price: must be a number or null, not text" in result.stdout
    assert terminal.run("dead-letters", "redrive", rejected[0]["letter_id"], "--yes").exit_code == 1
    assert terminal.lines("dead-letters", "list", "--json") == rejected


def test_redrive_by_force(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """Letters go back to their queue; what is still wrong with them brings them here again, still by their line."""
    result = terminal.run("dead-letters", "redrive", "--reason", "price", "--force", "--yes")
    assert result.stdout == "put back 2 letters; 2 of them would be rejected again\n"
    assert len(terminal.lines("dead-letters", "list", "--json")) == 1
    terminal.consume()
    again = terminal.lines("dead-letters", "list", "--json")
    assert sorted(letter["correlation_id"] for letter in again) == ["-:1", "-:2", "-:3"]
    assert {letter["letter_id"] for letter in again} != {letter["letter_id"] for letter in rejected}


def test_mend_and_redrive(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """Show the body into a file, edit it, put the letter back with it: it is assembled under its old correlation id."""
    (letter,) = (one for one in rejected if one["correlation_id"] == "-:1")
    file = terminal.directory / "mended.json"
    file.write_text(terminal.run("dead-letters", "show", letter["letter_id"], "--body").stdout, encoding="utf-8")
    still = terminal.run("dead-letters", "redrive", letter["letter_id"], "--body", str(file), "--yes")
    assert (still.exit_code, "price: must be a number or null, not text" in still.stdout) == (1, True)
    file.write_text(file.read_text(encoding="utf-8").replace('"45k"', "45000"), encoding="utf-8")
    asked = terminal.run("dead-letters", "redrive", letter["letter_id"], "--body", str(file))
    assert asked.stdout == "would put back 1 letter (1 caption)\nnothing was changed: add --yes to do it\n"
    done = terminal.run("dead-letters", "redrive", letter["letter_id"], "--body", str(file), "--yes")
    assert (done.exit_code, done.stdout) == (0, "put back 1 letter\n")
    terminal.consume()
    assert [row["correlation_id"] for row in terminal.lines("staging", "list", "--json")] == ["-:1"]
    assert sorted(one["correlation_id"] for one in terminal.lines("dead-letters", "list", "--json")) == ["-:2", "-:3"]


def test_a_body_is_for_one_letter(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """--body wants one ID that is there, and a file of UTF-8."""
    file = terminal.directory / "mended.json"
    file.write_bytes(b"\xff")
    wanting = terminal.run("dead-letters", "redrive", "--all", "--body", str(file))
    assert (wanting.exit_code, "give its ID" in wanting.stderr) == (2, True)
    unreadable = terminal.run("dead-letters", "redrive", rejected[0]["letter_id"], "--body", str(file))
    assert (unreadable.exit_code, "not UTF-8" in unreadable.stderr) == (1, True)
    file.write_text("{}")
    assert terminal.run("dead-letters", "redrive", "nowhere", "--body", str(file), "--yes").exit_code == 1


def test_purge(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """Letters that are named are deleted, the others stay."""
    result = terminal.run("dead-letters", "purge", rejected[0]["letter_id"], "--yes")
    assert result.stdout == "deleted 1 letter\n"
    assert terminal.lines("dead-letters", "list", "--json") == rejected[1:]


def test_changes_as_json(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """One object says what was or would be done, which letters were meant, and which stay for which faults."""
    letter = rejected[0]
    (would,) = terminal.lines("dead-letters", "redrive", "--all", "--json")
    assert (would["done"], would["changed"], would["chosen"]) == (False, 0, [])
    assert would["left"][0] == {"letter_id": letter["letter_id"], "faults": letter["faults_now"]}
    (did,) = terminal.lines("dead-letters", "purge", "--all", "--yes", "--json")
    assert (did["done"], did["changed"], len(did["chosen"]), did["left"]) == (True, 3, 3, [])


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_which_ones_must_be_said(terminal: Terminal, command: str) -> None:
    """Without IDs, a filter or --all nothing is guessed."""
    result = terminal.run("dead-letters", command, "--yes")
    assert result.exit_code == 2
    assert "IDs, --reason, --queue or --all" in result.stderr


def test_none(terminal: Terminal) -> None:
    """No dead letters is good news, not an error."""
    terminal.run("init")
    assert terminal.run("dead-letters", "list").stdout == "no dead letters\n"


@pytest.mark.parametrize("command", ["redrive", "purge"])
def test_a_dry_run_without_effect_names_no_option_to_confirm(
    terminal: Terminal, rejected: list[dict[str, Any]], command: str
) -> None:
    """`--yes` would change nothing either."""
    assert len(rejected) == 3
    result = terminal.run("dead-letters", command, "--reason", "no such reason")
    assert "0 letters" in result.stdout
    assert "--yes" not in result.stdout


def test_a_letter_says_whose_it_is_though_it_is_malformed(terminal: Terminal, rejected: list[dict[str, Any]]) -> None:
    """By what its body names."""
    shown = terminal.run("dead-letters", "show", rejected[0]["letter_id"]).stdout
    assert re.search(rf"^product +{CAPTION['seller_handle']}/{CAPTION['video_id']} *$", shown, re.MULTILINE)
