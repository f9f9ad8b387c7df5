"""The codec, for every event and for every text that is none."""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from hypothesis import assume, given
from hypothesis import strategies as st

from linkhub_core.errors import MalformedEvent
from linkhub_core.model import (
    CONTENT_CLASSES,
    Caption,
    EventTime,
    Half,
    Kind,
    ProductKey,
    ProductRecord,
    ThumbnailSet,
    Version,
)
from linkhub_core.model.fields import facts_of
from linkhub_core.model.rules import RuleBroken, moment
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import NOON, an_event
from linkhub_core.wire import announcements, codec, json_text
from linkhub_core.wire.intake import Report, read_content
from linkhub_core.wire.intake.envelope import MAX_EVENT_BYTES
from linkhub_core.wire.structure import build_exactly

RECEIVED_LATE = datetime.max.replace(tzinfo=UTC)  # no stamp is later, so each counts in full
KINDS = st.sampled_from(Kind)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(), max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)
FIELDS = sorted({facts.name for cls in (ProductKey, EventTime, *CONTENT_CLASSES.values()) for facts in facts_of(cls)})
SCRAPS = st.sampled_from(
    [
        *'{}[],:"\\',
        *("NaN", "-Infinity", "1e400", "1e9999999", "1e99999999999999999999", "0.1", "null", "9" * 400),
        *("\\u0000", "\\ud800", "\ud800", "\0", "\ufeff"),
        *('"price":', '"Type":"Notification"', '"Message":'),
    ]
)


def is_read_or_refused(kind: Kind, body: str) -> bool:
    """Whether it is decoded, or refused with faults that everybody can write down; any other error is the test's."""
    try:
        codec.decode_event(kind, body, NOON)
    except MalformedEvent as malformed:
        texts = [str(fault) for fault in malformed.faults]
        return bool(texts) and all(text.isprintable() and text.encode() for text in texts)
    return True


@given(strategies.halves())
def test_an_event_that_is_written_is_read_as_the_same_half(half: Half) -> None:
    """Emoji, right-to-left text, every number, and the version to the microsecond."""
    body = codec.encode_event(half).decode()
    assert codec.decode_event(half.kind, body, RECEIVED_LATE) == half


@given(strategies.halves())
def test_an_event_that_is_read_is_written_in_the_same_bytes(half: Half) -> None:
    """There is one spelling of each half."""
    wire = codec.encode_event(half)
    assert codec.encode_event(codec.decode_event(half.kind, wire.decode(), RECEIVED_LATE)) == wire


@given(strategies.halves(), st.booleans(), st.integers(0, 4))
def test_a_body_may_be_spelled_in_any_way_that_json_allows(half: Half, ascii_only: bool, indent: int) -> None:
    """Escapes, blanks and the order of names make no difference to the half or its version."""
    document = json.loads(codec.encode_event(half))
    if isinstance(half.content, Caption) and half.content.price is not None:
        document["price"] = "the price"  # put in as it is below: json has no exact numbers
    body = json.dumps(dict(reversed(document.items())), ensure_ascii=ascii_only, indent=indent or None)
    if isinstance(half.content, Caption):
        body = body.replace('"price": "the price"', f'"price": {half.content.price}E0')
    assume(len(body.encode()) <= MAX_EVENT_BYTES)  # escapes take more room
    assert codec.decode_event(half.kind, body, RECEIVED_LATE) == half


@given(strategies.halves())
def test_a_notification_around_an_event_changes_nothing(half: Half) -> None:
    """Through SNS or not, it is the same half."""
    body = codec.encode_event(half).decode()
    wrapped = json.dumps({"Type": "Notification", "Message": body})
    assert codec.decode_event(half.kind, wrapped, RECEIVED_LATE) == half


@given(strategies.halves(), strategies.moments())
def test_a_stamp_counts_as_at_most_the_millisecond_of_the_sending(half: Half, sent_at: datetime) -> None:
    """The sender's own stamp is kept beside it, and events of any one message keep the order of their stamps."""
    read = codec.decode_event(half.kind, codec.encode_event(half).decode(), sent_at)
    latest = sent_at.replace(microsecond=sent_at.microsecond // 1000 * 1000 + 999)
    digest = half.version.digest
    assert read.version == Version(Version.at(min(half.version.timestamp, latest), digest).counted_us, *_stamp(half))


def _stamp(half: Half) -> tuple[int, str]:
    return half.version.stamped_us, half.version.digest


@given(KINDS, JSON)
def test_any_json_is_read_or_refused(kind: Kind, document: Any) -> None:
    """NaN and lone surrogates included; nothing else is ever raised."""
    assert is_read_or_refused(kind, json.dumps(document))


@given(KINDS, st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_any_value_in_a_known_field_is_read_or_refused(kind: Kind, changes: dict[str, Any]) -> None:
    """For any type of the value."""
    assert is_read_or_refused(kind, json.dumps(an_event(kind) | changes))


@given(KINDS, st.text(st.characters()) | st.lists(SCRAPS | st.text(string.printable, max_size=3)).map("".join))
def test_any_text_is_read_or_refused(kind: Kind, body: str) -> None:
    """Scraps of JSON, of events and of notifications, in any order."""
    assert is_read_or_refused(kind, body)


@given(KINDS, st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(kind: Kind, body: bytes) -> None:
    """However a queue turned them into text."""
    assert is_read_or_refused(kind, body.decode("latin-1"))
    assert is_read_or_refused(kind, body.decode("utf-8", "replace"))
    assert is_read_or_refused(kind, body.decode("utf-8", "surrogateescape"))


@given(KINDS, st.data())
def test_an_event_with_any_piece_cut_out_or_put_in_is_read_or_refused(kind: Kind, data: st.DataObject) -> None:
    """For a body that is cut or damaged."""
    body = orjson.dumps(an_event(kind)).decode()
    begin = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(begin, min(len(body), begin + 20)))
    assert is_read_or_refused(kind, body[:begin] + data.draw(SCRAPS | st.just("")) + body[end:])


@given(st.text() | st.text("0123456789-:TZ+. W"))
def test_any_text_is_a_moment_or_breaks_the_rule(text: str) -> None:
    """Nothing else comes out of the date parser."""
    try:
        assert moment(text).tzinfo is UTC
    except RuleBroken as broken:
        assert str(broken)  # noqa: PT017  either end is right


@given(strategies.halves(Kind.CAPTION), strategies.halves(Kind.THUMBNAIL), st.integers(1, 10**6), st.booleans())
def test_a_product_that_is_written_is_read_as_the_same_record(
    caption: Half, thumbnails: Half, revision: int, is_due: bool
) -> None:
    """Through the document that readers see, and through its JSON."""
    record = record_of(caption, thumbnails, revision, revision if is_due else None)
    assert read_back(codec.product_document(record), record) == record
    assert codec.encode_product(record) == json_text.dump(codec.product_document(record))
    written = json.loads(codec.encode_product(record))
    written["price"] = record.caption.price  # a reader that wants it exact reads it exactly
    assert read_back(written, record) == record


def read_back(document: dict[str, Any], record: ProductRecord) -> ProductRecord:
    """The record as a store would read it."""
    return codec.decode_record(
        document,
        caption_version=str(record.caption_version),
        thumbnails_version=str(record.thumbnails_version),
        revision=record.revision,
        unannounced_revision=record.unannounced_revision,
        shown=record.shown,
    )


@given(strategies.halves(Kind.CAPTION), strategies.halves(Kind.THUMBNAIL), st.text(max_size=20))
def test_an_announcement_that_is_made_is_read_back(caption: Half, thumbnails: Half, correlation_id: str) -> None:
    """Byte for byte."""
    announcement = announcements.announce(record_of(caption, thumbnails, 2, 2), NOON, correlation_id)
    assert announcements.read_announcement(announcement.event_json, correlation_id) == announcement


@given(st.binary(max_size=60) | JSON.map(json.dumps).map(str.encode))
def test_anything_else_is_no_announcement(wire: bytes) -> None:
    """It is refused, and nothing else is raised."""
    try:
        announcements.read_announcement(wire)
    except MalformedEvent as malformed:
        assert malformed.faults  # noqa: PT017  what is drawn here is no announcement, however unlikely


def record_of(caption: Half, thumbnails: Half, revision: int, unannounced: int | None) -> ProductRecord:
    """The product of two halves, saved at noon."""
    assert isinstance(caption.content, Caption)
    assert isinstance(thumbnails.content, ThumbnailSet)
    return ProductRecord(
        key=caption.key,
        caption=caption.content,
        caption_version=caption.version,
        thumbnails=thumbnails.content,
        thumbnails_version=thumbnails.version,
        created_at=NOON,
        updated_at=NOON,
        revision=revision,
        unannounced_revision=unannounced,
    )


@given(strategies.halves(), st.data())
def test_the_short_way_reads_what_the_judge_reads(half: Half, data: st.DataObject) -> None:
    """For any value of a field, the fast path gives the same content without a note, or leaves it to the judge."""
    document = json.loads(codec.encode_content(half.content))
    document[data.draw(st.sampled_from(sorted(document)))] = data.draw(JSON)
    report = Report()
    judged = read_content(half.kind, document, report)
    try:
        quick = build_exactly(document, type(half.content))
    except Exception:  # noqa: BLE001  it may refuse in any way, if there is something to note or to refuse
        assert report.faults or report.notes
    else:
        assert (quick, report) == (judged, Report())


SPELLINGS: Sequence[Callable[[Any], Any]] = (
    lambda event: {camel(name): value for name, value in event.items()},
    lambda event: {camel(name)[0].upper() + camel(name)[1:]: value for name, value in event.items()},
    lambda event: [event],
    lambda event: {"payload": event},
    lambda event: {"detail-type": "t", "detail": event},
    lambda event: event | {"seller_handle": f" @{event['seller_handle']}\n".replace(" @", "@")},
    lambda event: event | {"video_id": f"\t{event['video_id']} "},
    lambda event: event | {"tags": [*event["tags"], None]} if "tags" in event else event,
    lambda event: event | {"timestamp": event["timestamp"].lower()},
    lambda event: event | {"unknown": float("nan")},
)


def camel(name: str) -> str:
    """A name in camel case."""
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


@given(strategies.halves(), st.permutations(SPELLINGS), st.integers(0, 3))
def test_equal_meanings_are_equal_halves(half: Half, spellings: Sequence[Callable[[Any], Any]], count: int) -> None:
    """Other names, envelopes and spellings, one on top of another: the half and its version stay the same."""
    event = json.loads(codec.encode_event(half), parse_float=str)  # numbers as text, digit by digit
    for spelling in spellings[:count]:
        if isinstance(event, dict) and "video_id" in event:
            event = spelling(event)
    body = json.dumps(event)
    if isinstance(half.content, Caption):
        assume(json_text.size_bytes(body) <= MAX_EVENT_BYTES)
    else:
        assume(len(body) <= MAX_EVENT_BYTES // 2)
    assert codec.decode_event(half.kind, body, RECEIVED_LATE) == half


@given(KINDS, st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4))
def test_reading_is_idempotent(kind: Kind, changes: dict[str, Any]) -> None:
    """An accepted half is written as an event that reads as the same half, with no notes but those of absent fields."""
    try:
        reading = codec.read_event(kind, json.dumps(an_event(kind) | changes), RECEIVED_LATE)
    except MalformedEvent:
        return
    half = reading.half
    again = codec.read_event(half.kind, codec.encode_event(half).decode(), RECEIVED_LATE)
    assert again.half == half
    assert {note.rule for note in again.notes} <= {"missing"}
