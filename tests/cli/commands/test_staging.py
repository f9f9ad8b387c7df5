"""``linkhub staging``."""

from datetime import datetime, timedelta

from tests.cli.conftest import CAPTION, THUMBNAILS, Terminal


def _three_halves(terminal: Terminal) -> None:
    terminal.publish(
        CAPTION | {"seller_handle": "b", "video_id": "2"},
        THUMBNAILS | {"seller_handle": "b", "video_id": "1"},
        CAPTION | {"seller_handle": "a", "video_id": "3"},
    )
    terminal.consume()


def test_list_as_json(terminal: Terminal) -> None:
    """By key, with what each has, since when and until when it waits, and which message brought it."""
    _three_halves(terminal)
    halves = terminal.lines("staging", "list", "--json")
    assert [(one["seller_handle"], one["video_id"], one["has"]) for one in halves] == [
        ("a", "3", "caption"),
        ("b", "1", "thumbnail"),
        ("b", "2", "caption"),
    ]
    assert [one["correlation_id"] for one in halves] == ["-:3", "-:2", "-:1"]
    waits = datetime.fromisoformat(halves[0]["expires_at"]) - datetime.fromisoformat(halves[0]["waiting_since"])
    assert timedelta(days=1) <= waits < timedelta(days=1, minutes=5)
    assert halves[0]["age_seconds"] >= 0


def test_list_as_a_table(terminal: Terminal) -> None:
    """The same for eyes."""
    _three_halves(terminal)
    rows = [line.split()[:3] for line in terminal.run("staging", "list").stdout.splitlines()[1:]]
    assert rows == [["a", "3", "caption"], ["b", "1", "thumbnail"], ["b", "2", "caption"]]


def test_stats(terminal: Terminal) -> None:
    """Each kind by age: every half is in one class, and they add up."""
    _three_halves(terminal)
    caption, thumbnail = terminal.lines("staging", "stats", "--json")
    assert (caption["has"], caption["count"], caption["expired"]) == ("caption", 2, 0)
    assert (thumbnail["has"], thumbnail["count"]) == ("thumbnail", 1)
    assert sum(one["count"] for one in caption["by_age"]) == 2
    assert caption["by_age"][-1]["up_to_seconds"] is None
    assert terminal.run("staging", "stats").stdout.splitlines()[1].split()[:2] == ["caption", "2"]


def test_nothing_waits(terminal: Terminal) -> None:
    """An empty staging is no error."""
    terminal.run("init")
    assert terminal.lines("staging", "list", "--json") == []
    assert [one["oldest_age_seconds"] for one in terminal.lines("staging", "stats", "--json")] == [None, None]
