"""``linkhub why``."""

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal

VIDEO = CAPTION["video_id"]


def test_a_half_that_waits(terminal: Terminal) -> None:
    """The state in the first lines, then the timeline, with the line that the message was published from."""
    terminal.publish(CAPTION)
    terminal.consume()
    lines = terminal.run("why", VIDEO).stdout.splitlines()
    assert lines[0] == f"{CAPTION['seller_handle']}/{VIDEO}: waiting"
    assert "its caption waits for the thumbnail until " in lines[1]
    assert any("waits" in line and "-:1" in line for line in lines[3:])


def test_a_product_as_json(terminal: Terminal) -> None:
    """One object a seller, its timeline in order: queued messages and announcements are seen in the file."""
    terminal.publish(CAPTION, THUMBNAILS)
    terminal.consume()
    terminal.publish(CAPTION | {"title": "Newer"})
    (story,) = terminal.lines("why", VIDEO, "--json", "--seller", CAPTION["seller_handle"])
    assert (story["state"], story["video_id"]) == ("announced", VIDEO)
    steps = [one["what"] for one in story["timeline"]]
    assert sorted(steps) == ["announced", "queued", "saved", "stamped", "stamped"]
    assert [one["at"] for one in story["timeline"]] == sorted(one["at"] for one in story["timeline"])
    (announced,) = (one for one in story["timeline"] if one["what"] == "announced")
    assert (announced["revision"], announced["correlation_id"]) == (1, "-:2")


def test_a_rejected_message(terminal: Terminal) -> None:
    """The letter and its faults."""
    terminal.publish(CAPTION | {"price": "45k"})
    terminal.consume()
    printed = terminal.run("why", VIDEO).stdout
    assert "its message was rejected, as dead letter 1: linkhub dead-letters show 1" in printed
    assert "price: must be a number or null, not text" in printed


def test_an_unknown_video(terminal: Terminal) -> None:
    """It ends with 1, and says where to look next."""
    terminal.run("init")
    result = terminal.run("why", "404")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("linkhub: nothing is known of video 404: ")
    assert "half_expired" in result.stderr


def test_an_impossible_video_id_is_reported(terminal: Terminal) -> None:
    """It prints where to look next. A rejected message with that name is found, too."""
    terminal.run("init")
    result = terminal.run("why", "no such!")
    assert result.exit_code == 1
    assert "An id may only hold characters of [A-Za-z0-9_-]" in result.stderr
    terminal.publish(CAPTION | {"video_id": "no such!"})
    terminal.consume()
    assert "linkhub dead-letters show 1" in terminal.run("why", "no such!").stdout


def test_a_timeline_says_whether_a_letter_would_pass(terminal: Terminal) -> None:
    """In whole words."""
    terminal.publish(CAPTION | {"price": "45k"})
    terminal.consume()
    assert "would pass now no" in terminal.run("why", VIDEO).stdout


def test_deviations_of_a_half_that_waits(terminal: Terminal) -> None:
    """As JSON each note has its field and rule; in the table they are words. A half without any has no such entry."""
    terminal.publish(CAPTION | {"price": "45", "tags": None})
    terminal.consume()
    (story,) = terminal.lines("why", VIDEO, "--json")
    (waits,) = (one for one in story["timeline"] if one["what"] == "waits")
    assert waits["notes"] == [
        {"field": "price", "rule": "number_as_text"},
        {"field": "tags", "rule": "missing_as_empty"},
    ]
    assert "notes price: number_as_text; tags: missing_as_empty" in terminal.run("why", VIDEO).stdout


def test_a_half_as_the_schema_has_it_has_no_notes(terminal: Terminal) -> None:
    """Its entry says nothing of deviations."""
    terminal.publish(CAPTION)
    terminal.consume()
    (story,) = terminal.lines("why", VIDEO, "--json")
    assert all("notes" not in one for one in story["timeline"])
