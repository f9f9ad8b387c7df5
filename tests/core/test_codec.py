"""The codec: what bodies it reads, in which wrapping, and what it writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from attrs import evolve

from linkhub_core import codec
from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.model import Caption, Kind
from tests.core.bodies import body_of, decode, faults_of, raw
from tests.support.builders import NOON, a_caption, a_half, a_record, an_event

CAPTION, THUMBNAIL = Kind.CAPTION, Kind.THUMBNAIL


def in_notification(message: object, **fields: object) -> str:
    """An SNS notification around a message."""
    return json.dumps({"Type": "Notification", "MessageId": "n-1", "Message": message, **fields})


# --- bodies as a whole


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the body is blank"),
        (" \r\n\t", "the body is blank"),
        ("{", "the body is not JSON"),
        ("\ufeff" + body_of(an_event()), "the body is not JSON"),
        (body_of(an_event()) + "x", "the body is not JSON"),
        (body_of(an_event()).replace("Trendy", "Tren\0dy"), "the body is not JSON"),
        (body_of(an_event(price=raw("01"))), "the body is not JSON"),
        (body_of(an_event(price=raw("+1"))), "the body is not JSON"),
        ("[]", "the body must be a JSON object"),
        ("null", "the body must be a JSON object"),
        ('"text"', "the body must be a JSON object"),
        ("NaN", "the body must be a JSON object"),
        ("[" * 100_000, "the body is nested too deeply"),
        ('{"a":' * 20_000, "the body is nested too deeply"),
        (body_of(an_event(price=1.5, deep=raw("[" * 1010 + "]" * 1010))), "the body is nested too deeply"),
        (body_of(an_event(extra=raw("1" * 5000))), "the body is not JSON"),
    ],
)
def test_a_body_that_is_no_event_is_told_as_a_whole(body: str, problem: str) -> None:
    """There is one fault, of no field."""
    told = faults_of(CAPTION, body)
    assert list(told) == [""]
    assert told[""].startswith(problem)


def test_unknown_fields_are_ignored() -> None:
    """Whatever a worker adds one day changes nothing, numbers that no machine holds included."""
    extra: dict[str, Any] = {
        "v": 2,
        "next": {"a": [None]},
        "huge": raw("1e400"),
        "huger": raw("1e99999999999999999999"),
    }
    assert decode(CAPTION, body_of(an_event(**extra))) == decode(CAPTION, body_of(an_event()))


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("x", raw("NaN"), "NaN and Infinity are not numbers"),
        ("x", raw('{"y": [1, -Infinity]}'), "NaN and Infinity are not numbers"),
        ("x", raw('"\\u0000"'), "holds a NUL character"),
        ("x", raw('["\\udc00"]'), "holds a lone surrogate"),
        ("x", raw('{"\\u0000": 1}'), "holds a NUL character"),
    ],
)
def test_unknown_fields_must_be_json_that_everybody_reads(field: str, value: object, problem: str) -> None:
    """What JSON does not allow is found anywhere in the body."""
    told = faults_of(CAPTION, body_of({**an_event(), field: value}))
    (path,) = told
    assert path.startswith(field)
    assert told[path].startswith(problem)


def test_a_surrogate_in_a_name_can_be_told() -> None:
    """The fault itself is text that everybody can write down."""
    told = faults_of(CAPTION, body_of(an_event())[:-1] + ',"\\ud800":NaN,"\\ud800b":{"c":NaN}}')
    assert told == {
        "?": "NaN and Infinity are not numbers",
        "?b.c": "NaN and Infinity are not numbers",
        "(name)": "holds a lone surrogate, which is not a character",
    }


def test_an_escaped_backslash_is_not_a_nul() -> None:
    """The text "\\u0000" spelled out with a backslash is text like any other."""
    assert decode(CAPTION, body_of(an_event(title="\\u0000"))).content == a_caption(title="\\u0000")


def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    """As every common reader does it; the price is no exception."""
    body = body_of(an_event(price=1)).replace('"price":1', '"price":1.5,"price":2.25,"title":"first"', 1)
    twice = body[:-1] + ',"title":"last"}'
    assert decode(CAPTION, twice).content == a_caption(price=Decimal("2.25"), title="last")


@pytest.mark.parametrize("kind", list(Kind))
def test_an_event_on_the_other_queue_is_told_as_such(kind: Kind) -> None:
    """One fault instead of a list of missing fields."""
    told = faults_of(kind, body_of(an_event(kind.partner)))
    assert told == {"": f"this is a {kind.partner} event on the {kind} queue"}


# --- SNS notifications


def test_an_event_is_taken_out_of_its_notification() -> None:
    """Wrapped and bare, it is the same event."""
    body = body_of(an_event())
    assert decode(CAPTION, in_notification(body)) == decode(CAPTION, body)


def test_a_notification_is_taken_off_once() -> None:
    """A notification within a notification is no event."""
    told = faults_of(CAPTION, in_notification(in_notification(body_of(an_event()))))
    assert told["title"] == "is missing"


@pytest.mark.parametrize("message", [None, 5, {"title": "an object"}, ["text"]])
def test_a_notification_must_carry_text(message: object) -> None:
    """Anything else in it is a fault of its Message."""
    assert list(faults_of(CAPTION, in_notification(message))) == ["Message"]


def test_a_notification_may_be_larger_than_an_event() -> None:
    """The event in it counts; the envelope has 1 MiB."""
    body = body_of(an_event())
    assert faults_of(CAPTION, in_notification(body, Signature="s" * 500_000)) == {}
    assert list(faults_of(CAPTION, in_notification(body, Signature="s" * 1024 * 1024))) == [""]
    assert "102,400 are allowed" in faults_of(CAPTION, in_notification("x" * 102_401))[""]


def test_an_event_that_speaks_of_notifications_is_an_event() -> None:
    """Only the Type of the outermost object makes a notification."""
    assert decode(CAPTION, body_of(an_event(title='"Notification"'))).content == a_caption(title='"Notification"')
    assert decode(CAPTION, body_of(an_event(tags=["Notification"]))).content == a_caption(tags=("Notification",))


def test_the_attributes_of_a_notification_are_read() -> None:
    """Text attributes come out by name; what is no sound text is left out, whoever wrote it."""
    attributes: dict[str, Any] = {
        "correlationId": {"Type": "String", "Value": "c-7"},
        "broken": {"Type": "String", "Value": "\ud800"},
        "nul": {"Type": "String", "Value": "\0"},
        "number": {"Type": "Number", "Value": 7},
        "odd": "no object",
    }
    body, read = codec.unwrap(in_notification("{}", MessageAttributes=attributes))
    assert (body, read) == ("{}", {"correlationId": "c-7"})
    assert codec.unwrap(in_notification("{}", MessageAttributes=["none"]))[1] == {}
    assert codec.unwrap("{}") == ("{}", {})


# --- timestamps


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-15T11:00:00Z", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-01-15T11:00:00", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-01-15 11:00:00+00:00", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-01-15T14:00:00+03:00", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-01-14T23:15:00-11:45", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("2026-01-15T11:00:00.123456Z", datetime(2026, 1, 15, 11, 0, 0, 123456, tzinfo=UTC)),
        ("2026-01-15T11:00:00.1Z", datetime(2026, 1, 15, 11, 0, 0, 100000, tzinfo=UTC)),
        ("20260115T110000Z", datetime(2026, 1, 15, 11, tzinfo=UTC)),
        ("1969-12-31T23:59:59.999999Z", datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_kept_to_the_microsecond_in_utc(text: str, moment: datetime) -> None:
    """With an offset, with Z, or with neither, which means UTC."""
    assert decode(CAPTION, body_of(an_event(timestamp=text))).version.timestamp == moment


@pytest.mark.parametrize(
    ("text", "counted_us"),
    [
        ("2026-01-15T12:00:00Z", 0),
        ("2026-01-15T12:00:00.000400Z", 400),
        ("2026-01-15T12:00:00.000999Z", 999),
        ("2026-01-15T12:00:00.001Z", 999),
        ("2026-01-15T12:05:00Z", 999),
        ("9999-12-31T23:59:59.999999Z", 999),
        ("2026-01-15T13:30:00+03:00", -90 * 60 * 1_000_000),
    ],
)
def test_a_timestamp_counts_as_at_most_the_millisecond_of_the_sending(text: str, counted_us: int) -> None:
    """A clock that is ahead wins nothing; honest stamps within that millisecond keep their order."""
    version = decode(CAPTION, body_of(an_event(timestamp=text))).version
    assert version.counted_us == NOON.timestamp() * 1_000_000 + counted_us
    assert version.timestamp == datetime.fromisoformat(text)


# --- money and numbers


@pytest.mark.parametrize(
    ("spelling", "price"),
    [
        ("999999999999.999999", "999999999999.999999"),
        ("123456789012.345678", "123456789012.345678"),
        ("0.1", "0.1"),
        ("19.990", "19.99"),
        ("55000.0", "55000"),
        ("5.5e4", "55000"),
        ("1e-6", "0.000001"),
        ("1E+12", "1000000000000"),
        ("-0.0", "0"),
        ("0e5", "0"),
    ],
)
def test_a_price_is_exact_to_the_last_digit(spelling: str, price: str) -> None:
    """Eighteen digits pass unchanged, and equal prices are equal however they are spelled."""
    half = decode(CAPTION, body_of(an_event(price=raw(spelling))))
    assert isinstance(half.content, Caption)
    assert str(half.content.price) == price
    assert f'"price":{price},'.encode() in codec.encode_event(half)


def test_equal_numbers_make_equal_versions() -> None:
    """1, 1.0 and 1e0 are one number: copies that differ in spelling alone are copies."""
    halves = [
        decode(CAPTION, body_of(an_event(confidence_score=raw(one), price=raw(one)))) for one in ("1", "1.0", "1e0")
    ]
    assert halves[0] == halves[1] == halves[2]


# --- writing


@pytest.mark.parametrize("kind", list(Kind))
def test_an_event_is_written_as_it_was_read(kind: Kind) -> None:
    """Decoding what was encoded gives the same half."""
    half = a_half(kind)
    assert codec.decode_event(kind, codec.encode_event(half).decode(), NOON) == half


def test_equal_contents_have_equal_digests_and_others_do_not() -> None:
    """The digest stands for the content alone."""
    assert codec.digest_of(a_caption()) == codec.digest_of(a_caption())
    assert codec.digest_of(a_caption()) != codec.digest_of(a_caption(title="Other Heels"))
    assert len(codec.digest_of(a_caption())) == 16


def test_a_product_is_written_in_the_order_of_the_schema() -> None:
    """Readers see the fields as the assembled product has them; optional ones only where they are known."""
    document = orjson.loads(codec.encode_product(a_record()))
    assert list(document) == [
        "seller_handle",
        "video_id",
        "title",
        "price",
        "sizes",
        "tags",
        "thumbnails",
        "primary_thumbnail",
        "processing_metadata",
        "created_at",
        "updated_at",
    ]
    full = codec.product_document(a_record(caption=a_caption(price=None, confidence_score=1, raw_caption="")))
    assert (full["price"], full["confidence_score"], full["raw_caption"]) == (None, 1, "")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-01-15T12:00:00.000Z"),
        (NOON.replace(microsecond=999_999), "2026-01-15T12:00:00.999Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_a_moment_is_written_with_milliseconds_and_z(moment: datetime, text: str) -> None:
    """Always the same width, so texts sort as moments do."""
    assert codec.timestamp_text(moment) == text


def test_a_record_is_read_back() -> None:
    """What a store keeps of a record is all of it."""
    record = a_record(revision=3, unannounced_revision=None)
    assert stored(record) == record


def stored(record: Any, **changes: object) -> Any:
    """The record as a store would read it back, with what it kept changed."""
    kept = {
        "caption_version": str(record.caption_version),
        "thumbnails_version": str(record.thumbnails_version),
        "revision": record.revision,
        "unannounced_revision": record.unannounced_revision,
    }
    return codec.decode_record(codec.product_document(record) | changes, **kept)


@pytest.mark.parametrize(
    "changes", [{"title": 7}, {"seller_handle": ""}, {"created_at": "soon"}, {"updated_at": None}, {"thumbnails": []}]
)
def test_a_record_that_something_else_wrote_is_malformed(changes: dict[str, object]) -> None:
    """A store that was written by hand is told, not believed."""
    with pytest.raises(MalformedEvent):
        stored(a_record(), **changes)


def test_a_content_is_read_back() -> None:
    """Staging keeps the document of a content."""
    half = a_half(THUMBNAIL)
    assert codec.content_from(THUMBNAIL, codec.document_of(half.content)) == half.content
    with pytest.raises(MalformedEvent) as malformed:
        codec.content_from(CAPTION, {"title": 7})
    assert Fault("title", "must be text, not a number") in malformed.value.faults


# --- announcements


def test_an_announcement_carries_the_event_that_viewers_get() -> None:
    """The event is encoded once, with the product in it as readers of the shop see it."""
    record = a_record(revision=2)
    announcement = codec.announce(record, NOON, "c-1")
    event = orjson.loads(announcement.event_json)
    assert list(event) == ["event_type", "event_id", "revision", "product", "timestamp"]
    assert event["product"] == orjson.loads(codec.encode_product(record))
    assert (event["event_type"], event["event_id"]) == (announcement.event_type, announcement.event_id)
    assert (event["revision"], event["timestamp"]) == (2, "2026-01-15T12:00:00.000Z")


def test_an_announcement_is_read_back_with_its_bytes() -> None:
    """What came over a wire goes on as it came."""
    announcement = codec.announce(a_record(caption=a_caption(title="👗 \\u0000")), NOON, "c-1")
    assert codec.read_announcement(announcement.event_json, "c-1") == announcement


@pytest.mark.parametrize(
    "change",
    [
        {"product": None},
        {"product": {}},
        {"revision": "2"},
        {"revision": None},
        {"revision": raw("NaN")},
        {"note": raw('"\\ud800"')},
    ],
)
def test_what_is_no_announcement_is_malformed(change: dict[str, object]) -> None:
    """Whatever else is published on the bus reaches no viewer."""
    event = orjson.loads(codec.announce(a_record(), NOON).event_json) | change
    with pytest.raises(MalformedEvent):
        codec.read_announcement(body_of(event).encode())


@pytest.mark.parametrize("wire", [b"", b"{", b"[]", b"\xff", b'{"product": "\xff"}'])
def test_what_is_not_even_json_is_no_announcement(wire: bytes) -> None:
    """Broken UTF-8 would break the connection of every viewer."""
    with pytest.raises(MalformedEvent):
        codec.read_announcement(wire)


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_an_announcement_without_texts_to_order_it_by_is_malformed(name: str) -> None:
    """Receivers compare them."""
    event = orjson.loads(codec.announce(a_record(), NOON).event_json)
    event["product"][name] = 7
    with pytest.raises(MalformedEvent):
        codec.read_announcement(body_of(event).encode())


def test_the_copies_of_an_announcement_are_equal() -> None:
    """The same revision announced again by another process differs in its timestamp alone."""
    first, second = codec.announce(a_record(), NOON), codec.announce(a_record(), NOON + timedelta(seconds=1))
    assert evolve(first, event_json=b"") == evolve(second, event_json=b"")
    assert first.event_id == second.event_id
