"""Every rule of the event schema, broken in turn, and every limit from both sides."""

from __future__ import annotations

import pytest

from linkhub_core.codec import MAX_BODY_BYTES
from linkhub_core.model import Kind
from tests.core.bodies import MISSING, body_of, decode, faults_of, raw, with_change
from tests.support.builders import an_event

CAPTION, THUMBNAIL = Kind.CAPTION, Kind.THUMBNAIL

OBJECT = {"class_name": "shoe", "confidence": 0.5, "bbox": {"x": 1, "y": 2, "width": 3, "height": 4}}
SEEN = {**an_event(THUMBNAIL)["thumbnails"][0], "detected_objects": [OBJECT]}

BROKEN: list[tuple[Kind, str, object, str]] = [
    # the key
    (CAPTION, "video_id", MISSING, "is missing"),
    (CAPTION, "video_id", None, "must be text, not null"),
    (CAPTION, "video_id", 7301234567890421596, "must be text, not a number"),
    (CAPTION, "video_id", "", "is empty"),
    (CAPTION, "video_id", "v" * 129, "has 129 characters, 128 are allowed"),
    (CAPTION, "video_id", "a.b", "may only hold characters of [A-Za-z0-9_-]"),
    (CAPTION, "video_id", "v\n", "may only hold characters of"),
    (CAPTION, "video_id", "vidéo", "may only hold characters of"),
    (CAPTION, "video_id", "٣", "may only hold characters of"),
    (THUMBNAIL, "seller_handle", MISSING, "is missing"),
    (THUMBNAIL, "seller_handle", "", "is empty"),
    (THUMBNAIL, "seller_handle", "s" * 65, "has 65 characters, 64 are allowed"),
    (THUMBNAIL, "seller_handle", "nalu fashion", "may only hold characters of [A-Za-z0-9._-]"),
    (THUMBNAIL, "seller_handle", "@nalu", "may only hold characters of"),
    (THUMBNAIL, "seller_handle", ["nalu"], "must be text, not a list"),
    # the timestamp
    (CAPTION, "timestamp", MISSING, "is missing"),
    (CAPTION, "timestamp", None, "must be an ISO 8601 text, not null"),
    (CAPTION, "timestamp", 1768478400, "must be an ISO 8601 text, not a number"),
    (CAPTION, "timestamp", "", "is not an ISO 8601 date and time"),
    (CAPTION, "timestamp", "yesterday", "is not an ISO 8601 date and time"),
    (CAPTION, "timestamp", "2026-02-30T00:00:00Z", "is not an ISO 8601 date and time"),
    (CAPTION, "timestamp", "2026-01-15T24:00:01Z", "is not an ISO 8601 date and time"),
    (CAPTION, "timestamp", "0001-01-01T00:00:00+14:00", "is not an ISO 8601 date and time"),
    (CAPTION, "timestamp", "2026-01-15T12:00:00Z\0 later", "is not an ISO 8601 date and time"),
    # the caption
    (CAPTION, "title", None, "must be text, not null"),
    (CAPTION, "title", 5, "must be text, not a number"),
    (CAPTION, "title", "t" * 501, "has 501 characters, 500 are allowed"),
    (CAPTION, "title", raw('"a\\u0000b"'), "holds a NUL character"),
    (CAPTION, "title", raw('"\\ud83d"'), "holds a lone surrogate"),
    (CAPTION, "title", raw('"\ud83d"'), "holds a lone surrogate"),
    (CAPTION, "price", MISSING, "is missing"),
    (CAPTION, "price", "55000", "must be a number or null, not text"),
    (CAPTION, "price", True, "must be a number or null, not a boolean"),
    (CAPTION, "price", False, "must be a number or null, not a boolean"),
    (CAPTION, "price", [], "must be a number or null, not a list"),
    (CAPTION, "price", -1, "must be from 0 to 1,000,000,000,000"),
    (CAPTION, "price", raw("-0.000001"), "must be from 0 to"),
    (CAPTION, "price", raw("1000000000000.000001"), "must be from 0 to"),
    (CAPTION, "price", raw("1e13"), "must be from 0 to"),
    (CAPTION, "price", raw("1e400"), "must be from 0 to"),
    (CAPTION, "price", raw("1" * 300), "must be from 0 to"),
    (CAPTION, "price", raw("0.0000001"), "may have at most 6 decimals"),
    (CAPTION, "price", raw("1e-400"), "may have at most 6 decimals"),
    (CAPTION, "price", raw("0.1" + "0" * 40 + "1"), "may have at most 6 decimals"),
    (CAPTION, "price", raw("999999999999." + "0" * 30 + "1"), "may have at most 6 decimals"),
    (CAPTION, "price", raw("NaN"), "must be a finite number"),
    (CAPTION, "price", raw("Infinity"), "must be a finite number"),
    (CAPTION, "price", raw("-Infinity"), "must be a finite number"),
    (CAPTION, "price", raw("1e99999999999999999999"), "must be a finite number"),
    (CAPTION, "price", raw("1e-99999999999999999999"), "must be a finite number"),
    (CAPTION, "sizes", MISSING, "is missing"),
    (CAPTION, "sizes", 38, "must be text, not a number"),
    (CAPTION, "sizes", "s" * 201, "has 201 characters, 200 are allowed"),
    (CAPTION, "tags", MISSING, "is missing"),
    (CAPTION, "tags", None, "must be a list of texts, not null"),
    (CAPTION, "tags", "heels", "must be a list of texts, not text"),
    (CAPTION, "tags", {"0": "heels"}, "must be a list of texts, not an object"),
    (CAPTION, "tags", ["t"] * 101, "has 101 entries, 100 are allowed"),
    (CAPTION, "tags", ["a", 7], "entry 1 must be text, not a number"),
    (CAPTION, "tags", ["a", "b", "t" * 101], "entry 2 has 101 characters, 100 are allowed"),
    (CAPTION, "confidence_score", -0.01, "must not be below 0"),
    (CAPTION, "confidence_score", "0.9", "must be a number, not text"),
    (CAPTION, "confidence_score", True, "must be a number, not a boolean"),
    (CAPTION, "confidence_score", raw("NaN"), "must be a finite number"),
    (CAPTION, "confidence_score", raw("1e400"), "must be a finite number"),
    (CAPTION, "confidence_score", raw("1e99999999999999999999"), "must be a finite number"),
    (CAPTION, "raw_caption", 1, "must be text, not a number"),
    (CAPTION, "raw_caption", "c" * 5001, "has 5,001 characters, 5,000 are allowed"),
    # the thumbnails
    (THUMBNAIL, "thumbnails", None, "must be a list of objects"),
    (THUMBNAIL, "thumbnails", {}, "must be a list of objects"),
    (THUMBNAIL, "thumbnails", [], "has 0 entries, at least 1 must be there"),
    (THUMBNAIL, "thumbnails", [SEEN] * 21, "has 21 entries, 20 are allowed"),
    (THUMBNAIL, "thumbnails[1]", None, "must be an object"),
    (THUMBNAIL, "thumbnails[1]", "https://cdn.example.com/1.jpg", "must be an object"),
    (THUMBNAIL, "thumbnails[1].thumbnail_url", MISSING, "is missing"),
    (THUMBNAIL, "thumbnails[1].thumbnail_url", "", "must be an http or https URL"),
    (THUMBNAIL, "thumbnails[1].thumbnail_url", "//cdn.example.com/1.jpg", "must be an http or https URL"),
    (THUMBNAIL, "thumbnails[1].thumbnail_url", "javascript:alert(1)", "must be an http or https URL"),
    (THUMBNAIL, "thumbnails[1].thumbnail_url", "s3://bucket/key", "must be an http or https URL"),
    (THUMBNAIL, "thumbnails[1].thumbnail_url", "https://" + "u" * 2041, "has 2,049 characters, 2,048 are allowed"),
    (THUMBNAIL, "thumbnails[0].thumbnail_s3_key", None, "must be text, not null"),
    (THUMBNAIL, "thumbnails[0].thumbnail_s3_key", "k" * 1025, "has 1,025 characters, 1,024 are allowed"),
    (THUMBNAIL, "thumbnails[0].frame_timestamp", None, "must be a number, not null"),
    (THUMBNAIL, "thumbnails[0].frame_timestamp", raw("Infinity"), "must be a finite number"),
    (THUMBNAIL, "thumbnails[0].frame_index", 1.5, "must be a whole number"),
    (THUMBNAIL, "thumbnails[0].frame_index", "1", "must be a number, not text"),
    (THUMBNAIL, "thumbnails[0].frame_index", True, "must be a number, not a boolean"),
    (THUMBNAIL, "thumbnails[0].frame_index", raw("1e300"), "is out of range"),
    (THUMBNAIL, "thumbnails[0].frame_index", 2**53 + 1, "is out of range"),
    (THUMBNAIL, "thumbnails[0].frame_index", -(2**53) - 1, "is out of range"),
    (THUMBNAIL, "thumbnails[0].frame_index", raw("1" * 30), "is out of range"),
    (THUMBNAIL, "thumbnails[0].confidence_score", -1, "must not be below 0"),
    (THUMBNAIL, "thumbnails[0].confidence_score", None, "must be a number, not null"),
    (THUMBNAIL, "thumbnails[0].quality_score", MISSING, "is missing"),
    (THUMBNAIL, "thumbnails[0].quality_score", -1e-9, "must not be below 0"),
    (THUMBNAIL, "thumbnails[0].is_primary", 1, "must be true or false, not a number"),
    (THUMBNAIL, "thumbnails[0].is_primary", "true", "must be true or false, not text"),
    (THUMBNAIL, "thumbnails[0].is_primary", None, "must be true or false, not null"),
    (THUMBNAIL, "thumbnails[0].detected_objects", "shoe", "must be a list of objects"),
    (THUMBNAIL, "primary_thumbnail", MISSING, "is missing"),
    (THUMBNAIL, "primary_thumbnail", None, "must be an object"),
    (THUMBNAIL, "primary_thumbnail.thumbnail_url", "ftp://x", "must be an http or https URL"),
    (THUMBNAIL, "processing_metadata", MISSING, "is missing"),
    (THUMBNAIL, "processing_metadata", [], "must be an object"),
    (THUMBNAIL, "processing_metadata.video_duration", MISSING, "is missing"),
    (THUMBNAIL, "processing_metadata.frames_analyzed", "150", "must be a number, not text"),
    (THUMBNAIL, "processing_metadata.thumbnails_generated", None, "must be a number, not null"),
    (THUMBNAIL, "processing_metadata.processing_time_ms", raw("NaN"), "must be a finite number"),
]

BROKEN_OBJECTS: list[tuple[str, object, str]] = [
    ("class_name", MISSING, "is missing"),
    ("class_name", 7, "must be text, not a number"),
    ("confidence", "high", "must be a number, not text"),
    ("bbox", None, "must be an object"),
    ("bbox", MISSING, "is missing"),
    ("bbox.x", raw("NaN"), "must be a finite number"),
    ("bbox.y", MISSING, "is missing"),
    ("bbox.width", "3", "must be a number, not text"),
    ("bbox.height", None, "must be a number, not null"),
]

SOUND: list[tuple[Kind, str, object]] = [
    (CAPTION, "video_id", "v"),
    (CAPTION, "video_id", "v" * 128),
    (CAPTION, "video_id", "-_Az09"),
    (CAPTION, "seller_handle", "s"),
    (CAPTION, "seller_handle", "s" * 64),
    (CAPTION, "seller_handle", "..-_Az09"),
    (CAPTION, "title", ""),
    (CAPTION, "title", "👗" * 500),
    (CAPTION, "title", raw('"\\ud83d\\udc57"')),
    (CAPTION, "price", None),
    (CAPTION, "price", 0),
    (CAPTION, "price", raw("-0.0")),
    (CAPTION, "price", raw("0.000001")),
    (CAPTION, "price", raw("1000000000000")),
    (CAPTION, "price", raw("1000000000000.000000")),
    (CAPTION, "price", raw("999999999999.999999")),
    (CAPTION, "price", raw("1E+12")),
    (CAPTION, "price", raw("0.1" + "0" * 400)),
    (CAPTION, "sizes", None),
    (CAPTION, "sizes", ""),
    (CAPTION, "sizes", "ü" * 200),
    (CAPTION, "tags", []),
    (CAPTION, "tags", ["ü" * 100] * 100),
    (CAPTION, "confidence_score", None),
    (CAPTION, "confidence_score", 0),
    (CAPTION, "confidence_score", 1.7976931348623157e308),
    (CAPTION, "raw_caption", None),
    (CAPTION, "raw_caption", "ü" * 5000),
    (THUMBNAIL, "thumbnails", [SEEN]),
    (THUMBNAIL, "thumbnails", [SEEN] * 20),
    (THUMBNAIL, "thumbnails[0].thumbnail_url", "HTTP://cdn.example.com/1.jpg"),
    (THUMBNAIL, "thumbnails[0].thumbnail_url", "https://" + "u" * 2040),
    (THUMBNAIL, "thumbnails[0].thumbnail_s3_key", ""),
    (THUMBNAIL, "thumbnails[0].thumbnail_s3_key", "k" * 1024),
    (THUMBNAIL, "thumbnails[0].frame_timestamp", -1.5),
    (THUMBNAIL, "thumbnails[0].frame_index", -(2**53)),
    (THUMBNAIL, "thumbnails[0].frame_index", 2**53),
    (THUMBNAIL, "thumbnails[0].frame_index", raw("45.0")),
    (THUMBNAIL, "thumbnails[0].confidence_score", raw("-0.0")),
    (THUMBNAIL, "thumbnails[0].detected_objects", None),
    (THUMBNAIL, "thumbnails[0].detected_objects", []),
    (THUMBNAIL, "thumbnails[0].detected_objects", [OBJECT]),
]


def name_of(case: object) -> str:
    """A short name for a test's parameter, the same in every process."""
    return repr(case)[:40]


@pytest.mark.parametrize(("kind", "field", "value", "problem"), BROKEN, ids=name_of)
def test_a_broken_rule_is_told_with_its_field(kind: Kind, field: str, value: object, problem: str) -> None:
    """One field at fault gives one fault, which names it and says what is wrong."""
    told = faults_of(kind, with_change(kind, field, value))
    assert list(told) == [field]
    assert problem in told[field]


@pytest.mark.parametrize(("field", "value", "problem"), BROKEN_OBJECTS, ids=name_of)
def test_a_broken_rule_of_a_detected_object_is_told_with_its_path(field: str, value: object, problem: str) -> None:
    """The path leads through every list down to the field."""
    document = an_event(THUMBNAIL, thumbnails=[SEEN, {**SEEN, "detected_objects": [OBJECT, dict(OBJECT)]}])
    place = document["thumbnails"][1]["detected_objects"][1]
    place["bbox"] = dict(place["bbox"])
    *way, last = field.split(".")
    for step in way:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    path = f"thumbnails[1].detected_objects[1].{field}"
    told = faults_of(THUMBNAIL, body_of(document))
    assert list(told) == [path]
    assert problem in told[path]


@pytest.mark.parametrize(("kind", "field", "value"), SOUND, ids=name_of)
def test_what_is_just_within_a_limit_is_sound(kind: Kind, field: str, value: object) -> None:
    """A limit belongs to what is allowed."""
    assert faults_of(kind, with_change(kind, field, value)) == {}


@pytest.mark.parametrize("field", ["title", "tags"])
def test_a_caption_without_a_field_that_it_must_have_is_told(field: str) -> None:
    """Only optional fields may be left out; a body that lacks the title but is no thumbnail event stays a caption."""
    assert faults_of(CAPTION, with_change(CAPTION, field, MISSING)) == {field: "is missing"}


@pytest.mark.parametrize("field", ["confidence_score", "raw_caption"])
def test_an_optional_field_may_be_left_out_or_null(field: str) -> None:
    """Left out and null mean the same."""
    document = an_event(CAPTION)
    document.pop(field, None)
    assert decode(CAPTION, body_of(document)) == decode(CAPTION, body_of(document | {field: None}))


def test_a_body_may_have_100_kib_and_no_byte_more() -> None:
    """The limit counts bytes of UTF-8, not characters."""
    room = MAX_BODY_BYTES - len(body_of(an_event(filler="")).encode())
    for filler in ("x" * room, "ü" * (room // 2) + "x" * (room % 2)):
        assert faults_of(CAPTION, body_of(an_event(filler=filler))) == {}
        told = faults_of(CAPTION, body_of(an_event(filler=filler + "x")))
        assert told == {"": "the body has 102,401 bytes, 102,400 are allowed"}


def test_all_faults_of_a_body_are_told_together() -> None:
    """Known fields, nested fields and unknown ones: whoever mends the body has to mend it once."""
    document = an_event(THUMBNAIL, video_id="", timestamp="soon", extra=raw("NaN"), note=raw('"\\ud800"'))
    document["thumbnails"][0]["quality_score"] = -1
    document["thumbnails"][1]["frame_index"] = "one"
    document["processing_metadata"] = None
    told = faults_of(THUMBNAIL, body_of(document))
    assert set(told) == {
        "video_id",
        "timestamp",
        "thumbnails[0].quality_score",
        "thumbnails[1].frame_index",
        "processing_metadata",
        "extra",
        "note",
    }
