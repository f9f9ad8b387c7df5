"""Every essential rule of the event schema, broken in turn, and every limit from both sides."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from linkhub_core.model import Caption, Kind, ProcessingMetadata, Thumbnail
from linkhub_core.model.fields import facts_of
from linkhub_core.testing.builders import an_event
from linkhub_core.wire.intake.envelope import MAX_EVENT_BYTES
from tests.core.event_bodies import MISSING, body_of, decode, faults_of, notes_of, raw, with_change

CAPTION, THUMBNAIL = Kind.CAPTION, Kind.THUMBNAIL

OBJECT = {"class_name": "shoe", "confidence": 0.5, "bbox": {"x": 1, "y": 2, "width": 3, "height": 4}}
SEEN = {**an_event(THUMBNAIL)["thumbnails"][0], "detected_objects": [OBJECT]}

BROKEN: list[tuple[Kind, str, object, str]] = [
    # the key
    (CAPTION, "video_id", MISSING, "is missing"),
    (CAPTION, "video_id", None, "must be text, not null"),
    (CAPTION, "video_id", 2**53 + 1, "is a number above 2**53, which JSON readers round"),
    (CAPTION, "video_id", raw("1" * 30), "is a number above 2**53, which JSON readers round"),
    (CAPTION, "video_id", -5, "must be text, not a number"),
    (CAPTION, "video_id", 1.5, "must be text, not a number"),
    (CAPTION, "video_id", True, "must be text, not a boolean"),
    (CAPTION, "video_id", "", "is empty"),
    (CAPTION, "video_id", " \n", "is empty"),
    (CAPTION, "video_id", "v" * 129, "has 129 characters, 128 are allowed"),
    (CAPTION, "video_id", "a.b", "may only hold characters of [A-Za-z0-9_-]"),
    (CAPTION, "video_id", "a b", "may only hold characters of"),
    (CAPTION, "video_id", "@v", "may only hold characters of"),
    (CAPTION, "video_id", "vidéo", "may only hold characters of"),
    (CAPTION, "video_id", "٣", "may only hold characters of"),
    (THUMBNAIL, "seller_handle", MISSING, "is missing"),
    (THUMBNAIL, "seller_handle", "", "is empty"),
    (THUMBNAIL, "seller_handle", "@", "is empty"),
    (THUMBNAIL, "seller_handle", ".", "must not be ."),
    (THUMBNAIL, "seller_handle", "@..", "must not be .."),
    (THUMBNAIL, "seller_handle", "s" * 65, "has 65 characters, 64 are allowed"),
    (THUMBNAIL, "seller_handle", "nalu fashion", "may only hold characters of [A-Za-z0-9._-]"),
    (THUMBNAIL, "seller_handle", "@@nalu", "may only hold characters of"),
    (THUMBNAIL, "seller_handle", "@ nalu", "may only hold characters of"),
    (THUMBNAIL, "seller_handle", ["nalu"], "must be text, not a list"),
    # the timestamp
    (CAPTION, "timestamp", MISSING, "is missing"),
    (CAPTION, "timestamp", None, "must be a time, not null"),
    (CAPTION, "timestamp", True, "must be a time as ISO 8601"),
    (CAPTION, "timestamp", "", "is empty"),
    (CAPTION, "timestamp", "yesterday", "must be a time as ISO 8601"),
    (CAPTION, "timestamp", "2026-02-30T00:00:00Z", "must be a time as ISO 8601"),
    (CAPTION, "timestamp", "2026-01-15T24:00:01Z", "must be a time as ISO 8601"),
    (CAPTION, "timestamp", "2026-01-15T11:00:02[Africa/Kampala]", "must be a time as ISO 8601"),
    (CAPTION, "timestamp", "0001-01-01T00:00:00Z", "is before 2000"),
    (CAPTION, "timestamp", "1999-12-31T23:59:59.999999Z", "is before 2000"),
    (CAPTION, "timestamp", 0, "is before 2000"),
    (CAPTION, "timestamp", 10**17, "is no time since 1970"),
    (CAPTION, "timestamp", raw("NaN"), "must be a time as ISO 8601"),
    (CAPTION, "timestamp", "2026-01-15T12:00:00Z\0 later", "must be a time as ISO 8601"),
    # the caption
    (CAPTION, "title", None, "must be text, not null"),
    (CAPTION, "title", 5, "must be text, not a number"),
    (CAPTION, "title", "t" * 2001, "has 2,001 characters, 2,000 are allowed"),
    (CAPTION, "price", "55,000", "must be a number or null, not text"),
    (CAPTION, "price", "+5", "must be a number or null, not text"),
    (CAPTION, "price", ".5", "must be a number or null, not text"),
    (CAPTION, "price", "05", "must be a number or null, not text"),
    (CAPTION, "price", "٣", "must be a number or null, not text"),
    (CAPTION, "price", True, "must be a number or null, not a boolean"),
    (CAPTION, "price", [], "must be a number or null, not a list"),
    (CAPTION, "price", -1, "must be from 0 to 1,000,000,000,000,000"),
    (CAPTION, "price", raw("-0.000001"), "must be from 0 to"),
    (CAPTION, "price", raw("1000000000000000.000001"), "must be from 0 to"),
    (CAPTION, "price", raw("1e16"), "must be from 0 to"),
    (CAPTION, "price", raw("1e400"), "must be from 0 to"),
    (CAPTION, "price", raw("1" * 300), "must be from 0 to"),
    (CAPTION, "price", raw("NaN"), "must be a finite number"),
    (CAPTION, "price", raw("-Infinity"), "must be a finite number"),
    (CAPTION, "price", raw("1e99999999999999999999"), "must be a finite number"),
    (CAPTION, "sizes", {"eu": 38}, "must be text, not an object"),
    (CAPTION, "sizes", [["38"]], "must be text, not a list"),
    (CAPTION, "sizes", [True], "must be text, not a list"),
    (CAPTION, "sizes", "s" * 2001, "has 2,001 characters, 2,000 are allowed"),
    (CAPTION, "tags", "heels", "must be a list of texts, not text"),
    (CAPTION, "tags", {"0": "heels"}, "must be a list of texts, not an object"),
    (CAPTION, "tags", ["t"] * 501, "has 501 entries, 500 are allowed"),
    (CAPTION, "tags", ["a", True], "entry 1 must be text, not a boolean"),
    (CAPTION, "tags", ["a", "b", "t" * 501], "entry 2 has 501 characters, 500 are allowed"),
    # the thumbnails
    (THUMBNAIL, "thumbnails", None, "must be a list of objects, not null"),
    (THUMBNAIL, "thumbnails", {}, "must be a list of objects, not an object"),
    (THUMBNAIL, "thumbnails", [], "is empty, at least 1 must be there"),
    (THUMBNAIL, "thumbnails", [None, "https://cdn.example.com/1.jpg"], "no entry has a usable thumbnail_url"),
    (THUMBNAIL, "thumbnails", [{**SEEN, "thumbnail_url": "s3://b/k"}], "no entry has a usable thumbnail_url"),
]

NO_URL: list[object] = [
    *(MISSING, None, "", 5, "javascript:alert(1)", "s3://bucket/key", "https://", "https:///k", "//", "cdn/1.jpg"),
    *("https://a b/1.jpg", "https://cdn/1.jpg\n", "https://" + "u" * 8185),
]

LEFT_OUT: list[tuple[str, object]] = [
    ("thumbnails[0].thumbnail_s3_key", "k" * 1025),
    ("thumbnails[0].thumbnail_s3_key", 7),
    ("thumbnails[0].frame_timestamp", raw("Infinity")),
    ("thumbnails[0].frame_timestamp", "0:30"),
    ("thumbnails[0].frame_index", 1.5),
    ("thumbnails[0].frame_index", "1.5"),
    ("thumbnails[0].frame_index", True),
    ("thumbnails[0].frame_index", 2**53 + 1),
    ("thumbnails[0].confidence_score", -1),
    ("thumbnails[0].quality_score", -1e-9),
    ("thumbnails[0].is_primary", 2),
    ("thumbnails[0].is_primary", "yes"),
    ("thumbnails[0].detected_objects", "shoe"),
    ("processing_metadata.video_duration", "0:30"),
    ("processing_metadata.frames_analyzed", [150]),
    ("processing_metadata.processing_time_ms", raw("NaN")),
    ("confidence_score", -0.01),
    ("confidence_score", True),
    ("confidence_score", raw("1e400")),
    ("raw_caption", 1),
    ("raw_caption", "c" * 20_001),
]

BROKEN_OBJECTS: list[tuple[str, object]] = [
    *(("class_name", MISSING), ("class_name", None), ("confidence", "high"), ("confidence", MISSING)),
    *(("bbox", None), ("bbox", MISSING), ("bbox", [1, 2, 3]), ("bbox", [3, 2, 1, 4]), ("bbox", [1, 2, "x", 4])),
    *(("bbox.x", raw("NaN")), ("bbox.y", MISSING), ("bbox.width", -1), ("bbox.height", None)),
]

SOUND: list[tuple[Kind, str, object]] = [
    (CAPTION, "video_id", "v"),
    (CAPTION, "video_id", "v" * 128),
    (CAPTION, "video_id", "-_Az09"),
    (CAPTION, "seller_handle", "s" * 64),
    (CAPTION, "seller_handle", "..-_Az09"),
    (CAPTION, "seller_handle", "..."),
    (CAPTION, "title", ""),
    (CAPTION, "title", "👗" * 2000),
    (CAPTION, "title", raw('"\\ud83d\\udc57"')),
    (CAPTION, "price", None),
    (CAPTION, "price", 0),
    (CAPTION, "price", raw("-0.0")),
    (CAPTION, "price", raw("0.000001")),
    (CAPTION, "price", raw("1000000000000000.000000")),
    (CAPTION, "price", raw("999999999999999.999999")),
    (CAPTION, "price", raw("1E+15")),
    (CAPTION, "price", raw("0.1" + "0" * 400)),
    (CAPTION, "sizes", None),
    (CAPTION, "sizes", "ü" * 2000),
    (CAPTION, "tags", []),
    (CAPTION, "tags", ["ü" * 500]),
    (CAPTION, "tags", ["ü"] * 500),
    (CAPTION, "confidence_score", None),
    (CAPTION, "confidence_score", 0),
    (CAPTION, "confidence_score", 1.7976931348623157e308),
    (CAPTION, "raw_caption", None),
    (CAPTION, "raw_caption", "ü" * 20_000),
    (THUMBNAIL, "thumbnails", [SEEN]),
    (THUMBNAIL, "thumbnails", [SEEN] * 100),
    (THUMBNAIL, "thumbnails[0].thumbnail_url", "HTTP://cdn.example.com/1.jpg"),
    (THUMBNAIL, "thumbnails[0].thumbnail_url", "https://" + "u" * 8184),
    (THUMBNAIL, "thumbnails[0].thumbnail_s3_key", ""),
    (THUMBNAIL, "thumbnails[0].thumbnail_s3_key", "k" * 1024),
    (THUMBNAIL, "thumbnails[0].frame_timestamp", -1.5),
    (THUMBNAIL, "thumbnails[0].frame_index", -(2**53)),
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
def test_a_broken_rule_of_an_essential_field_rejects(kind: Kind, field: str, value: object, problem: str) -> None:
    """One field at fault gives one fault, which names it, says what is wrong and shows the right form."""
    faults = faults_of(kind, with_change(kind, field, value))
    assert list(faults) == [field]
    assert faults[field].startswith(problem)
    assert "; for example " in faults[field]


@pytest.mark.parametrize("url", NO_URL, ids=name_of)
def test_a_thumbnail_without_a_usable_url_is_left_out(url: object) -> None:
    """The others are kept, and one note says where."""
    body = with_change(THUMBNAIL, "thumbnails[1].thumbnail_url", url)
    assert notes_of(THUMBNAIL, body) == {"thumbnails[1].thumbnail_url"}
    assert (
        decode(THUMBNAIL, body).content == decode(THUMBNAIL, with_change(THUMBNAIL, "thumbnails[1]", MISSING)).content
    )


@pytest.mark.parametrize(("field", "value"), LEFT_OUT, ids=name_of)
def test_decoration_that_breaks_its_rule_is_left_out(field: str, value: object) -> None:
    """The event reads as if the field had been missing, with one note of the field."""
    kind = CAPTION if field in {facts.name for facts in facts_of(Caption)} else THUMBNAIL
    body = with_change(kind, field, value)
    assert notes_of(kind, body) == {field}
    assert decode(kind, body).content == decode(kind, with_change(kind, field, MISSING)).content


@pytest.mark.parametrize(("field", "value"), BROKEN_OBJECTS, ids=name_of)
def test_a_detected_object_that_is_not_whole_is_left_out(field: str, value: object) -> None:
    """One note names the object, whichever of its fields is at fault."""
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
    assert notes_of(THUMBNAIL, body_of(document)) == {"thumbnails[1].detected_objects[1]"}
    whole = an_event(THUMBNAIL, thumbnails=[SEEN, SEEN])
    assert decode(THUMBNAIL, body_of(document)).content == decode(THUMBNAIL, body_of(whole)).content


@pytest.mark.parametrize(("kind", "field", "value"), SOUND, ids=name_of)
def test_what_is_just_within_a_limit_is_sound(kind: Kind, field: str, value: object) -> None:
    """A limit belongs to what is allowed, and nothing is noted."""
    body = with_change(kind, field, value)
    assert faults_of(kind, body) == {}
    assert notes_of(kind, body) == set()


def _decoration(cls: type[Any], path: str) -> list[tuple[str, bool]]:
    return [(f"{path}{facts.name}", facts.expected) for facts in facts_of(cls) if not facts.essential]


@pytest.mark.parametrize(
    ("field", "is_expected"),
    [
        *_decoration(Caption, ""),
        *_decoration(Thumbnail, "thumbnails[1]."),
        *_decoration(ProcessingMetadata, "processing_metadata."),
        ("processing_metadata", True),
    ],
)
def test_decoration_may_be_missing_or_null(field: str, is_expected: bool) -> None:
    """Both mean the same; a field that the schema requires is noted."""
    kind = CAPTION if field in attrs.fields_dict(Caption) else THUMBNAIL
    document = an_event(kind)
    if field in document or kind is THUMBNAIL:
        missing = with_change(kind, field, MISSING) if not field.endswith("detected_objects") else body_of(document)
    else:
        missing = body_of(document)
    null = with_change(kind, field, None)
    assert decode(kind, missing) == decode(kind, null)
    assert notes_of(kind, missing) == notes_of(kind, null) == ({field} if is_expected else set())


def test_a_body_may_have_100_kib_and_no_byte_more() -> None:
    """The limit counts bytes of UTF-8, not characters."""
    room = MAX_EVENT_BYTES - len(body_of(an_event(filler="")).encode())
    for filler in ("x" * room, "ü" * (room // 2) + "x" * (room % 2)):
        assert faults_of(CAPTION, body_of(an_event(filler=filler))) == {}
        faults = faults_of(CAPTION, body_of(an_event(filler=filler + "x")))
        assert faults == {"": "the body has 102,401 bytes, 102,400 are allowed for an event"}


def test_all_faults_of_a_body_are_named_together() -> None:
    """Every essential field at fault, and no decoration: the sender mends the body once."""
    document = an_event(THUMBNAIL, video_id="", timestamp="soon", extra=raw("NaN"), note=raw('"\\ud800"'))
    document["thumbnails"][0]["quality_score"] = -1
    document["processing_metadata"] = None
    assert set(faults_of(THUMBNAIL, body_of(document))) == {"video_id", "timestamp"}
    document["thumbnails"] = [{}]
    assert set(faults_of(THUMBNAIL, body_of(document))) == {"video_id", "timestamp", "thumbnails"}
