"""Lines that publish reads: bare events, addressed bodies, and what is neither."""

import json

import pytest

from linkhub_cli.views.event_lines import read_line, read_lines
from linkhub_core.model import Kind

CAPTION = '{"video_id": "7", "seller_handle": "nalu", "title": "Bag 👜", "price": 30000.10, "tags": []}'
THUMBNAILS = '{"video_id": "7", "seller_handle": "nalu", "thumbnails": []}'
NOTIFICATION = json.dumps({"Type": "Notification", "Message": THUMBNAILS})


@pytest.mark.parametrize(
    ("line", "kind", "body"),
    [
        (CAPTION, Kind.CAPTION, CAPTION),
        (THUMBNAILS, Kind.THUMBNAIL, THUMBNAILS),
        (NOTIFICATION, Kind.THUMBNAIL, NOTIFICATION),
        ('{"tags": []}', Kind.CAPTION, '{"tags": []}'),
        ('{"queue": "thumbnail", "body": "not JSON"}', Kind.THUMBNAIL, "not JSON"),
        (json.dumps({"queue": "caption", "body": " "}), Kind.CAPTION, " "),
        (json.dumps({"queue": "caption", "body": "\ud800"}), Kind.CAPTION, "\ud800"),
    ],
)
def test_messages(line: str, kind: Kind, body: str) -> None:
    """A line's message goes to its queue unchanged, with the place of the line as its correlation id."""
    read = read_line("f.jsonl:3", line.encode() + b"\r\n")
    assert read.message is not None
    assert (read.message.kind, read.message.body) == (kind, body)
    assert read.message.attributes == {"correlationId": "f.jsonl:3"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"\xff", "is not UTF-8"),
        (b'{"video_id": "7"}', "neither a title nor thumbnails"),
        (b'{"title": "", "thumbnails": []}', "fields of both kinds"),
        (b'{"queue": "returns", "body": ""}', "queue: must be caption or thumbnail, not 'returns'"),
        (b'{"queue": ["caption"], "body": ""}', "queue: must be caption or thumbnail"),
        (b'{"queue": "caption", "body": {}}', "body: must be text"),
        (b'{"Type": "Notification", "Message": 7}', "must carry its message as text"),
    ],
)
def test_unreadable(line: bytes, problem: str) -> None:
    """A line that holds no message says why."""
    read = read_line("f.jsonl:3", line)
    assert (read.place, read.message) == ("f.jsonl:3", None)
    assert problem in read.problem


def test_lines_are_numbered_as_an_editor_does() -> None:
    """Blank lines count but hold nothing; a byte order mark is no part of the first line."""
    read = list(read_lines("f", [b"\xef\xbb\xbf" + CAPTION.encode(), b"\n", b"  \n", THUMBNAILS.encode()]))
    assert [(line.problem, line.place) for line in read] == [("", "f:1"), ("", "f:4")]
