"""Spellings that meet: which one counts, and what is noted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from linkhub_core.model import Kind, Note
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.wire.codec import document_of, read_event
from tests.core.event_bodies import body_of, notes_of, with_change

BOX = {"x": 1, "y": 2, "width": 3, "height": 4}


def box_of(box: Any, confidence: Any = 0.5) -> Any:
    """How a detected object's box is read; none if the object is left out."""
    document = an_event(Kind.THUMBNAIL)
    document["thumbnails"][0]["detected_objects"] = [{"class_name": "shoe", "confidence": confidence, "bbox": box}]
    content = document_of(read_event(Kind.THUMBNAIL, json.dumps(document), NOON).half.content)
    found = content["thumbnails"][0]["detected_objects"]
    return found[0]["bbox"] if found else None


@pytest.mark.parametrize("confidence", [0.5, "0.5"], ids=["as the schema has it", "with another deviation"])
@pytest.mark.parametrize("more", [{"x1": 5, "y1": 5, "x2": 9, "y2": 9}, {"w": 8, "h": 9}, {"W": 8}, {"X1": 0}])
def test_the_names_of_the_schema_win(more: dict[str, int], confidence: object) -> None:
    """A box with its four sides ignores other names, whether or not the event has another deviation."""
    assert box_of({**more, **BOX}, confidence) == BOX


@pytest.mark.parametrize(
    "box",
    [
        {"x": 1, "y": 2, "w": 3, "h": 4},
        {"x": 1, "y": 2, "w": 3, "height": 4},
        {"X": 1, "Y": 2, "W": "3", "H": 4},
        {"X": 1, "Y": 2, "Width": 3, "Height": 4},
        {"x1": 1, "y1": 2, "x2": 4, "y2": 6},
        {"X1": "1", "Y1": 2, "X2": 4, "Y2": 6.0},
        [1, 2, 4, 6],
        ["1", " 2 ", 4.0, 6],
    ],
)
def test_a_box_in_each_form_is_the_same_box(box: object) -> None:
    """Short names, two corners, text and capitals, also mixed."""
    assert box_of(box) == BOX


def test_differences_of_corners_are_decimal() -> None:
    """0.3 - 0.1 is 0.2."""
    assert box_of([0.1, 0.2, 0.3, 0.3]) == {"x": 0.1, "y": 0.2, "width": 0.2, "height": 0.1}


@pytest.mark.parametrize(
    ("kind", "field", "received", "meant"),
    [
        (Kind.CAPTION, "price", "49.5\0", 49.5),
        (Kind.CAPTION, "timestamp", "2026-01-15T11:00:02Z\0", "2026-01-15T11:00:02Z"),
        (Kind.CAPTION, "video_id", "7301\0 ", "7301"),
        (Kind.THUMBNAIL, "thumbnails[0].is_primary", "true\0", True),
        (Kind.THUMBNAIL, "processing_metadata.video_duration", "\x0023.5", 23.5),
    ],
)
def test_nul_is_removed_from_text_in_every_field(kind: Kind, field: str, received: str, meant: object) -> None:
    """As C's strings bring it, before anything else is read."""
    body = with_change(kind, field, received)
    assert Note(field, "nul_removed") in read_event(kind, body, NOON).notes
    assert read_event(kind, body, NOON).half == read_event(kind, with_change(kind, field, meant), NOON).half


def test_a_null_price_under_another_name_is_noted() -> None:
    """The value is as the schema has it, its name is not."""
    event = {name.capitalize() if name == "price" else name: value for name, value in an_event(price=None).items()}
    assert notes_of(Kind.CAPTION, body_of(event)) == {"price"}
