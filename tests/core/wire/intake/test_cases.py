"""The spellings of real producers, one by one: how each is read, what is noted, or why it is rejected."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Kind
from linkhub_core.testing.builders import NOON
from linkhub_core.wire.codec import encode_event, read_event

CASES = [json.loads(line) for line in Path("tests/data/intake.jsonl").read_text(encoding="utf-8").splitlines()]
ACCEPTED = [case for case in CASES if "accepts" in case]
REJECTED = [case for case in CASES if "rejects" in case]


def named(case: dict[str, Any]) -> str:
    """A test's name."""
    return str(case["name"])


@pytest.mark.parametrize("case", ACCEPTED, ids=named)
def test_a_spelling_is_read(case: dict[str, Any]) -> None:
    """The half reads as the case says, and the notes name exactly the fields that were put right or left out."""
    reading = read_event(Kind(case["queue"]), case["body"], NOON)
    event, expected = json.loads(encode_event(reading.half)), dict(case["accepts"])
    times = [datetime.fromisoformat(document.pop("timestamp")) for document in (event, expected)]
    assert event == expected
    assert times[0] == times[1]
    assert {note.field for note in reading.notes} == set(case["notes"])


@pytest.mark.parametrize("case", REJECTED, ids=named)
def test_what_could_mean_two_things_is_rejected(case: dict[str, Any]) -> None:
    """The fault names the field; where the whole body is at fault, it names no field."""
    with pytest.raises(MalformedEvent) as malformed:
        read_event(Kind(case["queue"]), case["body"], NOON)
    assert case["rejects"] in [fault.field for fault in malformed.value.faults]
