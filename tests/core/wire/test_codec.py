"""The codec: what bodies it reads, in which wrapping, and what it writes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from attrs import evolve

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import Availability, Caption, Kind, Listing
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_record, an_event
from linkhub_core.wire import codec, json_text
from tests.core.event_bodies import body_of, decode, faults_of, notes_of, raw

CAPTION, THUMBNAIL = Kind.CAPTION, Kind.THUMBNAIL


# --- bodies as a whole


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the body is blank"),
        (" \r\n\t", "the body is blank"),
        ("{", "the body is not JSON"),
        (body_of(an_event()) + "x", "the body is not JSON"),
        (body_of(an_event()).replace("Trendy", "Tren\0dy"), "the body is not JSON"),
        (body_of(an_event(price=raw("01"))), "the body is not JSON"),
        (body_of(an_event(price=raw("+1"))), "the body is not JSON"),
        ("[]", "the body must be a JSON object, not a list"),
        ("[[]]", "the body must be a JSON object, not a list"),
        ("[5]", "the body must be a JSON object, not a number"),
        ("null", "the body must be a JSON object"),
        ('"text"', "the body is not JSON"),
        ('"5"', "the body must be a JSON object, not a number"),
        ("NaN", "the body must be a JSON object"),
        ("[" * 100_000, "the body is nested too deeply"),
        ('{"a":' * 20_000, "the body is nested too deeply"),
    ],
)
def test_a_body_that_is_no_event_is_one_fault(body: str, problem: str) -> None:
    """There is one fault, of no field."""
    faults = faults_of(CAPTION, body)
    assert list(faults) == [""]
    assert faults[""].startswith(problem)


def test_unknown_fields_are_ignored() -> None:
    """Unknown fields of a worker are ignored, also with numbers of any size."""
    extra: dict[str, Any] = {
        "v": 2,
        "next": {"a": [None]},
        "huge": raw("1e400"),
        "huger": raw("1e99999999999999999999"),
        "digits": raw("1" * 5000),
        "nan": raw("NaN"),
        "texts": raw('["\\u0000", "\\ud800"]'),
    }
    assert decode(CAPTION, body_of(an_event(**extra))) == decode(CAPTION, body_of(an_event()))
    assert notes_of(CAPTION, body_of(an_event(**extra))) == set()


def test_an_escaped_backslash_is_not_a_nul() -> None:
    """The text "\\u0000" spelled out with a backslash is text like any other."""
    assert decode(CAPTION, body_of(an_event(title="\\u0000"))).content == a_caption(title="\\u0000")


def test_of_a_name_that_comes_twice_the_last_counts() -> None:
    """As every common reader does it; the price is no exception."""
    body = body_of(an_event(price=1)).replace('"price":1', '"price":1.5,"price":2.25,"title":"first"', 1)
    twice = body[:-1] + ',"title":"last"}'
    assert decode(CAPTION, twice).content == a_caption(price=Decimal("2.25"), title="last")


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
        ("2000-01-01T00:00:00Z", datetime(2000, 1, 1, tzinfo=UTC)),
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
    """The digest depends on the content alone."""
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
    """A record is read back whole from its stored form."""
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
    "changes",
    [
        {"title": 7},
        {"seller_handle": ""},
        {"created_at": "soon"},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"updated_at": None},
        {"thumbnails": []},
    ],
)
def test_a_record_that_something_else_wrote_is_malformed(changes: dict[str, object]) -> None:
    """A row that another program wrote is validated."""
    with pytest.raises(MalformedEvent):
        stored(a_record(), **changes)


def test_times_of_a_record_are_in_utc() -> None:
    """Whatever another program wrote; one without an offset is of UTC."""
    record = stored(a_record(), created_at="2026-01-15T12:00:00", updated_at="2026-01-15T14:00:00+02:00")
    assert (record.created_at, record.updated_at, record.updated_at.tzinfo) == (NOON, NOON, UTC)


def test_a_content_is_read_back() -> None:
    """Staging keeps the document of a content."""
    half = a_half(THUMBNAIL)
    assert codec.content_from(THUMBNAIL, codec.document_of(half.content)) == half.content
    with pytest.raises(MalformedEvent) as malformed:
        codec.content_from(CAPTION, {"title": 7})
    assert "title" in [fault.field for fault in malformed.value.faults]


@pytest.mark.parametrize(
    "listing",
    [
        Listing(),
        Listing(availability=Availability.SOLD_OUT, title='"New" heels'),
        Listing(availability=Availability.WITHDRAWN, price=Decimal("0.5")),
    ],
)
def test_a_product_is_written_as_its_document(listing: Listing) -> None:
    """Also when it is written again, and with another listing: the JSON of the contents is kept."""
    record = evolve(a_record(), listing=listing)
    for one in (record, record, evolve(record, listing=Listing(title="Boots"))):
        assert codec.encode_product(one) == json_text.dump(codec.product_document(one))
