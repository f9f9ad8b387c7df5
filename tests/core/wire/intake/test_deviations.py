"""Each entry of the table of deviations: its example is read as it says, with a note of its rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from linkhub_core.model import Caption, EventTime, Kind, Note, ProductKey
from linkhub_core.model.fields import facts_of
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.wire.codec import document_of, read_event
from linkhub_core.wire.intake import DEVIATIONS, Deviation, Step
from tests.core.event_bodies import MISSING, raw, with_change

OBJECT = {"class_name": "shoe", "confidence": 0.5, "bbox": {"x": 1, "y": 2, "width": 3, "height": 4}}
CAPTION_FIELDS = {facts.name for cls in (ProductKey, EventTime, Caption) for facts in facts_of(cls)}


def body_of(deviation: Deviation) -> tuple[Kind, str]:
    """The body of an example, and its queue."""
    kind = Kind.CAPTION if deviation.field in CAPTION_FIELDS | {""} else Kind.THUMBNAIL
    received = deviation.received
    if deviation.rule == "name_spelling":
        return kind, json.dumps(an_event(kind, confidenceScore=0.93))
    if deviation.rule == "over_limit":
        return kind, json.dumps(an_event(kind, thumbnails=an_event(kind)["thumbnails"][:1] * 101))
    if deviation.field:
        value = MISSING if received is None else raw(received)
        if "detected_objects" not in deviation.field:
            return kind, with_change(kind, deviation.field, value)
        document = an_event(kind)
        found = (
            json.loads(received or "null")
            if deviation.field.endswith("]")
            else {**OBJECT, "bbox": json.loads(received or "null")}
        )
        document["thumbnails"][0]["detected_objects"] = [found]
        return kind, json.dumps(document)
    event = json.dumps(an_event(kind))
    notification = json.dumps({"Type": "Notification", "Message": event})
    structure = json.dumps({"default": "see sqs", "sqs": event})
    assert received is not None
    names = {
        "TEXT_OF_NOTIFICATION": json.dumps(notification),
        "TEXT_OF_STRUCTURE": json.dumps(structure),
        "OTHER_EVENT": json.dumps(an_event(kind.partner)),
        "TEXT": json.dumps(event),
        "EVENT": event,
    }
    for name, text in names.items():
        if name in received:
            return kind, received.replace(name, text)
    raise AssertionError(f"the example of {deviation.rule} names no event")


def read_at(document: Any, path: str) -> Any:
    """The value at a path, as a fault or a note spells it; None if it is absent."""
    for step in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(document, list):
            document = document[int(step)] if int(step) < len(document) else None
        else:
            document = (document or {}).get(step)
    return document


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.rule)
def test_the_example_of_a_deviation_is_read_as_the_table_says(deviation: Deviation) -> None:
    """Put right, it reads as ``becomes``; left out, it is absent; and its rule is noted at its field."""
    kind, body = body_of(deviation)
    reading = read_event(kind, body, NOON)
    if deviation.step is Step.LEAVE_OUT and deviation.rule == "entry_left_out":
        assert Note(deviation.field, "entry_left_out") in reading.notes
    else:
        assert Note(deviation.field, deviation.rule) in reading.notes
    half = reading.half
    document = document_of(half.content) | {"video_id": half.key.video_id, "seller_handle": half.key.seller_handle}
    if deviation.step is Step.UNWRAP:
        expected = read_event(half.kind, json.dumps(an_event(half.kind)), NOON)
        assert (half, expected.notes) == (expected.half, ())
    elif deviation.field == "timestamp":
        assert deviation.becomes is not None
        assert half.version.timestamp.isoformat() == json.loads(deviation.becomes).replace("Z", "+00:00").replace(
            ".123+", ".123000+"
        )
    elif deviation.rule == "over_limit":
        assert len(document["thumbnails"]) == 100
    elif deviation.becomes is not None and deviation.becomes.startswith("thumbnails"):
        assert document["primary_thumbnail"] == read_at(document, deviation.becomes)
    else:
        expected_value = None if deviation.becomes is None else json.loads(deviation.becomes)
        assert _plain(read_at(document, deviation.field)) == expected_value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value if isinstance(value, dict | str) else _number(value)


def _number(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | list) else float(value)


def test_each_rule_has_one_entry() -> None:
    """Metrics carry the names as labels."""
    assert len({deviation.rule for deviation in DEVIATIONS}) == len(DEVIATIONS)


def test_an_event_as_the_schema_has_it_has_no_notes() -> None:
    """The table is about deviations only."""
    for kind in Kind:
        reading = read_event(kind, json.dumps(an_event(kind)), NOON)
        assert reading.notes == ()
    assert isinstance(read_event(Kind.CAPTION, json.dumps(an_event()), NOON).half.content, Caption)
