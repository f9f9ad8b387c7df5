"""The intake under real spellings that are cut, spliced, repeated and wrapped: a half or faults, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.testing.builders import NOON
from linkhub_core.wire.codec import encode_event, read_event
from linkhub_core.wire.intake import DEVIATIONS, names_in

BODIES = [json.loads(line)["body"] for line in Path("tests/data/intake.jsonl").read_text(encoding="utf-8").splitlines()]
RULES = {deviation.rule for deviation in DEVIATIONS}
TOKENS = (
    *("NaN", "-Infinity", "1e400", "1e9999999", "-0", "0.1", "9007199254740993", "1768474802123", '"1e9999999"'),
    *("null", "true", "[]", "{}", '""', '" "', '"\\u0000"', '"\\ud83d"', '"//a/b"', '"@a"', "[1,2,3,4]", "[null]"),
    *('"video_id":', '"VideoID":', '"title":', '"thumbnails":', '"price":', '"Type":"Notification","Message":'),
    *('"detail-type":"x","detail":', '"specversion":"1.0","data":', '"payload":', "\ufeff", "\\", '"', "[" * 50),
)
WRAPPERS: tuple[Callable[[str], str], ...] = (
    json.dumps,
    lambda body: f"[{body}]",
    lambda body: f'{{"payload": {body}}}',
    lambda body: json.dumps({"Type": "Notification", "Message": body}),
    lambda body: f'{{"detail-type": "x", "detail": {body}}}',
    lambda body: f"\ufeff{body}",
    lambda body: f"{body}\n{body}",
)


@st.composite
def mangled(draw: st.DrawFn) -> str:
    """A body of the cases with values replaced, pieces cut out or put in, and perhaps wrapped."""
    body: str = draw(st.sampled_from(BODIES))[:6_000]
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(body)))
        end = begin + draw(st.integers(0, 12))
        if draw(st.booleans()):  # a whole value, from a colon to the next comma
            begin = body.find(":", begin) + 1
            end = max(begin, body.find(",", begin))
        body = body[:begin] + draw(st.sampled_from(TOKENS)) + body[end:]
    for wrap in draw(st.lists(st.sampled_from(WRAPPERS), max_size=4)):
        body = wrap(body)
    return body


@given(st.sampled_from(Kind), mangled())
def test_a_mangled_body_is_read_or_rejected(kind: Kind, body: str) -> None:
    """An accepted half is written as an event that reads as the same half; notes are of rules in the table."""
    names_in(body)
    try:
        reading = read_event(kind, body, NOON)
    except MalformedEvent as malformed:
        assert malformed.faults  # noqa: PT017  either end is right
        return
    assert {note.rule for note in reading.notes} <= RULES
    again = read_event(reading.half.kind, encode_event(reading.half).decode(), NOON)
    assert again.half == reading.half
    assert {note.rule for note in again.notes} <= {"missing"}
