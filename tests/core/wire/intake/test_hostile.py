"""Bodies that are made to break a reader: each is read or rejected, in time and memory that its size bounds."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Caption, EventTime, Kind, Note, ProductKey, ThumbnailSet
from linkhub_core.model.fields import facts_of
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.wire.codec import encode_event, read_event
from linkhub_core.wire.intake import unwrap
from tests.core.event_bodies import body_of, faults_of, raw, with_change

ODD_NUMBERS = (
    "NaN",
    "-Infinity",
    "1e400",
    "-1e9999",
    "1e9999999",
    "1e-9999999",
    "1e99999999999999999999",
    "0e99999999",
    "9" * 4_500,
    "0." + "1" * 5_000,
)
ENVELOPES: tuple[Callable[[str], str], ...] = (
    lambda event: event,
    lambda event: f'{{"payload": {event}}}',
    lambda event: f"[{json.dumps(event)}]",
)
FIELDS = [
    (kind, facts.name)
    for kind, classes in ((Kind.CAPTION, (ProductKey, EventTime, Caption)), (Kind.THUMBNAIL, (ThumbnailSet,)))
    for cls in classes
    for facts in facts_of(cls)
]


def is_read_or_rejected(kind: Kind, body: str) -> bool:
    """Whether the body gives a half or a fault; any other exception fails the test."""
    try:
        reading = read_event(kind, body, NOON)
    except MalformedEvent as malformed:
        return bool(malformed.faults)
    return read_event(kind, encode_event(reading.half).decode(), NOON).half == reading.half


@pytest.mark.parametrize("number", ODD_NUMBERS, ids=lambda number: number[:12])
@pytest.mark.parametrize(("kind", "field"), FIELDS)
def test_a_number_beyond_arithmetic_is_judged_in_every_field(kind: Kind, field: str, number: str) -> None:
    """As a number, as text and in a list; bare and in envelopes."""
    for value in (number, json.dumps(number), f"[{number}, {number}, {number}, {number}]"):
        event = with_change(kind, field, raw(value))
        assert all(is_read_or_rejected(kind, wrap(event)) for wrap in ENVELOPES)


@pytest.mark.parametrize("wrap", ENVELOPES)
def test_a_price_that_is_no_number_is_not_null(wrap: Callable[[str], str]) -> None:
    """NaN in an essential field rejects the event, whatever it travels in."""
    with pytest.raises(MalformedEvent, match="price"):
        read_event(Kind.CAPTION, wrap(with_change(Kind.CAPTION, "price", raw("NaN"))), NOON)


def test_the_text_of_an_unwrapped_event_is_no_longer_than_the_body() -> None:
    """1e9999 has 10,000 digits; written out, 1 MiB of them would be 1.5 GB."""
    numbers = ",".join(["1e9999"] * 1_000)
    body = f'{{"payload": {with_change(Kind.CAPTION, "unknown", raw(f"[{numbers}]"))}}}'
    assert len(unwrap(body).text) <= len(body) + 1_000  # 1E+9999


@pytest.mark.parametrize("depth", [250, 900, 985, 1_020, 1_100, 100_000])
@pytest.mark.parametrize("field", ["unknown", "source", "detail-type", "Records", "thumbnails", "tags", "timestamp"])
def test_deep_nesting_is_read_or_rejected(depth: int, field: str) -> None:
    """No reader or writer runs out of stack."""
    deep = raw("[" * depth + "]" * depth)
    event = body_of({**an_event(), field: deep})
    assert all(is_read_or_rejected(Kind.CAPTION, wrap(event)) for wrap in ENVELOPES)
    assert is_read_or_rejected(Kind.CAPTION, body_of({"detail-type": "x", field: deep}))


@pytest.mark.parametrize(
    "body",
    [
        "[" * 1_000_000,
        "{}" * 400_000,
        "a=" + "&a=" * 300_000,
        "A" * 1_000_000,
        "%7B" * 300_000,
        json.dumps({f"videoId{number}": 1 for number in range(50_000)}),
        json.dumps({"data": {f"videoId{number}": "{" for number in range(40_000)}}),
    ],
    ids=lambda body: body[:12],
)
def test_a_mebibyte_of_anything_is_rejected(body: str) -> None:
    """Recognising what it is takes one pass each."""
    assert len(body) < 1024 * 1024
    assert "" in faults_of(Kind.CAPTION, body)


def test_an_event_of_many_unknown_fields_is_read() -> None:
    """Names in other spellings are looked for once a field, not once a pair of names."""
    event = {**an_event(), **{f"unknownField{number}": 0 for number in range(4_000)}}
    assert read_event(Kind.CAPTION, json.dumps(event), NOON).notes == ()


def test_a_byte_order_mark_within_an_envelope_is_noted() -> None:
    """As one before it is."""
    body = json.dumps({"Type": "Notification", "Message": "\ufeff" + json.dumps(an_event())})
    assert read_event(Kind.CAPTION, body, NOON).notes == (Note("", "byte_order_mark"),)


FEW_BYTES_OF_MUCH = '{"class_name":"","confidence":9e15,"bbox":[-9e15,-9e15,9e15,9e15]}'


@pytest.mark.parametrize("digits", ["", ".123", ".123456"])
def test_an_event_as_large_as_it_may_be_loses_nothing(digits: str) -> None:
    """To the last byte; and what it is encoded to is as large."""
    event = an_event(Kind.THUMBNAIL, timestamp=f"2026-01-15T11:00:02{digits}Z")
    seen = {"class_name": "", "confidence": 1, "bbox": {"x": 0, "y": 0, "width": 1, "height": 1}}
    event["thumbnails"][0]["detected_objects"] = [seen]
    seen["class_name"] = "x" * (100 * 1024 - len(body_of(event)))
    reading = read_event(Kind.THUMBNAIL, body_of(event), NOON)
    assert reading.notes == ()
    assert len(encode_event(reading.half)) == 100 * 1024
    assert read_event(Kind.THUMBNAIL, encode_event(reading.half).decode(), NOON) == reading
    assert is_read_or_rejected(Kind.THUMBNAIL, body_of(event))


@pytest.mark.parametrize("primary", ["0", "null"])
def test_a_content_is_no_larger_than_an_event(primary: str) -> None:
    """Boxes and numbers that grow, and a thumbnail that is taken twice: the objects are left out, with a note each."""
    document = an_event(Kind.THUMBNAIL, primary_thumbnail=raw(primary))
    objects = ",".join([FEW_BYTES_OF_MUCH] * (90_000 // len(FEW_BYTES_OF_MUCH)))
    document["thumbnails"][0]["detected_objects"] = raw(f"[{objects}]")
    reading = read_event(Kind.THUMBNAIL, body_of(document), NOON)
    assert len(encode_event(reading.half)) <= 100 * 1024
    left_out = {note.field for note in reading.notes if note.rule == "over_limit"}
    assert left_out == {"thumbnails[0].detected_objects", "primary_thumbnail.detected_objects"}
    assert is_read_or_rejected(Kind.THUMBNAIL, body_of(document))


def test_objects_that_fit_are_kept() -> None:
    """One byte less than the limit is no reason to leave anything out."""
    document = an_event(Kind.THUMBNAIL)
    seen = {"class_name": "", "confidence": 1, "bbox": {"x": 0, "y": 0, "width": 1, "height": 1}}
    document["thumbnails"][0]["detected_objects"] = [seen] * 1_000
    reading = read_event(Kind.THUMBNAIL, json.dumps(document, separators=(",", ":")), NOON)
    assert isinstance(reading.half.content, ThumbnailSet)
    assert len(reading.half.content.thumbnails[0].detected_objects or ()) == 1_000
