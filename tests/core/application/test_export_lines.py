"""The lines of a full export: everything is read back as it was written, and what is wrong is named."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.application.export_lines import (
    MAX_LINE_BYTES,
    BadLine,
    ExportReader,
    Item,
    end_line,
    header_line,
    item_line,
)
from linkhub_core.errors import ExportCut, ExportRefused, ExportTooNew
from linkhub_core.model import Kind, Note, Origin, ProductRecord
from linkhub_core.ports import QueuedMessage
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_listed, a_record, a_tombstone, a_waiting
from linkhub_core.testing.queue_contents import a_letter, a_queued
from linkhub_core.testing.strategies import captions, halves, thumbnail_sets

HEADER = header_line(linkhub="1.2", exported_at=NOON, queues=True)
ODD_ORIGIN = Origin(correlation_id="c-é \0", traceparent="00-x", notes=(Note("price", "text"), Note("", "envelope")))
ITEMS: dict[str, Item] = {
    "a message": a_queued(),
    "a message that is no text": a_queued(body="\ud800 \0", attributes={"\ud800": "\0"}),
    "a message of any moment": a_queued(sent_at=NOON + timedelta(microseconds=1), visible_at=NOON, receive_count=3),
    "a caption": a_waiting(),
    "thumbnails": a_waiting(a_half(Kind.THUMBNAIL)),
    "a half of an odd message": a_waiting(origin=ODD_ORIGIN, expires_at=NOON + timedelta(microseconds=7)),
    "a half of a great price": a_waiting(a_half(content=a_caption(price=Decimal("123456789012345.123456")))),
    "a product": a_record(),
    "a tombstone": a_tombstone(),
    "a listed product": a_listed(title="as listed", price=Decimal("999999999999999.999999")),
    "a product of a great price": a_record(caption=a_caption(price=Decimal("1000000000.000001"))),
    "a product that was shown": a_record(revision=0, unannounced_revision=None, shown=True),
    "a dead letter": a_letter(letter_id="", held_in=""),
    "a dead letter of an unknown queue": a_letter(kind=None, letter_id="", body="\ud800", source_queue="theirs"),
}


def read(*lines: bytes) -> list[Item | BadLine]:
    """What a reader gives for lines after a header."""
    reader = ExportReader()
    read_lines = [reader.read(line) for line in (HEADER, *lines)]
    return [one for one in read_lines if one is not None]


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_an_item_is_read_back_as_it_was(item: Item) -> None:
    """Every field is, but when a message becomes visible: that is a matter of its queue."""
    line = item_line(item)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")
    (back,) = read(line)
    if isinstance(item, QueuedMessage):
        item = evolve(item, visible_at=item.sent_at)
    assert back == item


@given(halves())
def test_every_half_is_read_back(half: Any) -> None:
    """Whatever a worker can send."""
    waiting = a_waiting(half)
    assert read(item_line(waiting)) == [waiting]


@given(captions(), thumbnail_sets(), st.booleans())
def test_every_product_is_read_back(caption: Any, thumbnails: Any, listed: bool) -> None:
    """Whatever can be stored."""
    record = a_record(caption=caption, thumbnails=thumbnails)
    record = a_listed(record, title="t", price=Decimal("0.000001")) if listed else record
    assert read(item_line(record)) == [record]


def test_half_a_surrogate_pair_in_what_describes_a_half_is_replaced() -> None:
    """A store of UTF-8 keeps no such text, and would refuse the half for it."""
    origin = Origin(correlation_id="c-\ud800", traceparent="\udfff", notes=(Note("a\ud800", "b"),))
    replaced = Origin(correlation_id="c-?", traceparent="?", notes=(Note("a?", "b"),))
    assert read(item_line(a_waiting(origin=origin))) == [a_waiting(origin=replaced)]


def test_a_product_is_as_readers_see_it() -> None:
    """So that a person can look for a title in an export."""
    document = orjson.loads(item_line(a_listed(title="as listed")))
    assert (document["type"], document["product"]["title"]) == ("product", "as listed")


def test_a_whole_export_ends_with_its_counts() -> None:
    """Blank lines do not count."""
    reader = ExportReader()
    for line in (
        HEADER,
        item_line(a_record()),
        b"\n",
        item_line(a_queued()),
        end_line({"product": 1, "message": 1}, 0),
    ):
        reader.read(line)
    reader.finish()
    assert reader.line == 5


def test_exports_may_follow_each_other() -> None:
    """Each with its own counts."""
    reader = ExportReader()
    export = (HEADER, item_line(a_record()), end_line({"product": 1}, 0))
    read = [reader.read(line) for line in (*export, *export)]
    reader.finish()
    assert [one for one in read if one is not None] == [a_record(), a_record()]


def read_whole(*lines: bytes) -> list[Item | BadLine]:
    """What a reader gives for the lines of whole files."""
    reader = ExportReader()
    read_lines = [reader.read(line) for line in lines]
    reader.finish()
    return [one for one in read_lines if one is not None]


def test_each_export_of_a_file_is_read_whatever_the_one_before_lacks() -> None:
    """Its last line, lines that cannot be read, or both; and what is between them is named."""
    whole = (HEADER, item_line(a_record()), end_line({"product": 1}, 0))
    damaged = (HEADER, b"garbage", end_line({"product": 1}, 0))
    assert [type(one) for one in read_whole(*damaged, *whole)] == [BadLine, ProductRecord]
    assert [type(one) for one in read_whole(*whole, b"\x1a", *whole)] == [ProductRecord, BadLine, ProductRecord]
    with pytest.raises(ExportCut, match="line 3: another export begins here, and the one before has no last line"):
        read_whole(*whole[:-1], *whole)
    newer = HEADER.replace(b'"format":1', b'"format":2')
    with pytest.raises(ExportTooNew, match="line 3: its format is 2"):
        read_whole(*whole[:-1], newer)


def test_a_last_line_counts_lines_that_could_not_be_read() -> None:
    """So they are named once; other lines that are missing are reported beside them."""
    damaged = (HEADER, b"garbage", item_line(a_queued()))
    assert len(read_whole(*damaged, end_line({"product": 1, "message": 1}, 0))) == 2
    for counts in ({"product": 2, "message": 1}, {"product": 3, "message": 0}, {"product": "many", "message": 1}):
        with pytest.raises(ExportCut, match="line 4: the export has 0 lines of type product"):
            read_whole(*damaged, end_line(counts, 0))  # type: ignore[arg-type]


def test_a_byte_order_mark_is_ignored() -> None:
    """Windows writes one before each file."""
    export = (b"\xef\xbb\xbf" + HEADER, item_line(a_record()), end_line({"product": 1}, 0))
    assert read_whole(*export, *export) == [a_record()] * 2


def test_what_a_later_linkhub_adds_is_ignored() -> None:
    """Fields and types, within one format."""
    added = orjson.dumps(orjson.loads(item_line(a_record())) | {"colour": "red"})
    assert read(added, b'{"type":"picture","bytes":"..."}') == [a_record()]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "line 1: this is not an export: the body is not JSON"),
        (b"\xff\xd8\xff\xe0", "line 1: this is not an export: the line is not UTF-8"),
        (b"\x1f\x8b\x08\x00", "line 1: this is not an export: it is compressed with gzip"),
        (b"[]", "line 1: this is not an export: the line is not a JSON object"),
        (b'{"video_id":"7"}', "line 1: this is not the first line of a full export"),
        (b'{"type":"linkhub-export","format":"1"}', "line 1: this is not the first line of a full export"),
    ],
)
def test_what_is_no_export_is_refused(line: bytes, problem: str) -> None:
    """At its first line."""
    with pytest.raises(ExportRefused, match=problem):
        ExportReader().read(line)


def test_a_later_format_is_refused_by_its_number() -> None:
    """With the version that made it."""
    line = header_line(linkhub="9.1", exported_at=NOON, queues=True).replace(b'"format":1', b'"format":2')
    with pytest.raises(ExportTooNew, match=r"its format is 2, made by linkhub 9\.1; this linkhub reads up to format 1"):
        ExportReader().read(line)


def test_an_empty_file_is_refused() -> None:
    """It is no export."""
    with pytest.raises(ExportRefused, match="it is empty"):
        ExportReader().finish()


def test_a_missing_last_line_is_reported() -> None:
    """The export was cut."""
    reader = ExportReader()
    for line in (HEADER, item_line(a_record())):
        reader.read(line)
    with pytest.raises(ExportCut, match="line 2: the export ends here without its last line"):
        reader.finish()


def test_missing_lines_are_reported() -> None:
    """The last line counts more than there were."""
    with pytest.raises(ExportCut, match="has 0 lines of type product, and its last line counts 1"):
        read_whole(HEADER, end_line({"product": 1}, 0))


def changed(item: Item, **fields: object) -> bytes:
    """The line of an item with other fields."""
    return orjson.dumps(orjson.loads(item_line(item)) | fields)


def _of_the_year_1() -> object:
    """A product of a moment that UTC does not have."""
    product = orjson.loads(item_line(a_record()))["product"]
    return product | {"created_at": "0001-01-01T00:00:00+14:00"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"type":', "the body is not JSON"),
        (b"\xff", "not UTF-8"),
        (b"7", "not a JSON object"),
        (b'{"type":"product"}', "the product cannot be read: 'product' is missing"),
        (changed(a_record(), revision=-1), "the product cannot be read: -1 is no count"),
        (changed(a_record(), revision=True), "True is no count"),
        (changed(a_record(), revision=2**53 + 1), "is no count"),
        (changed(a_record(), product=_of_the_year_1()), "date value out of range"),
        (b" " * (MAX_LINE_BYTES - 1) + b"{", "the line is longer than 16 MiB"),
        (changed(a_record(), caption_version="x"), "'x' is no version"),
        (changed(a_record(), product=[]), "the product cannot be read"),
        (changed(a_record(), product={"seller_handle": "..", "video_id": "7"}), "the product cannot be read"),
        (changed(a_waiting(), kind="picture"), "the half cannot be read: 'picture' is not a valid Kind"),
        (changed(a_waiting(), content={"title": 7}), "the half cannot be read: "),
        (changed(a_waiting(), expires_at="2026-01-15T12:00:00"), "has no offset"),
        (changed(a_waiting(), expires_at=7), "a number where text belongs"),
        (changed(a_waiting(), notes=[["price"]]), "the half cannot be read"),
        (changed(a_queued(), body=None), "null where text belongs"),
        (changed(a_queued(), attributes=[]), "the message cannot be read"),
        (changed(a_letter(), faults=[7]), "the dead letter cannot be read"),
    ],
)
def test_a_bad_line_is_named_and_delays_no_other(line: bytes, problem: str) -> None:
    """With its number and the reason."""
    bad, good = read(line, item_line(a_record()))
    assert isinstance(bad, BadLine)
    assert (bad.line, problem in bad.problem) == (2, True), bad
    assert good == a_record()


@given(st.sampled_from(list(ITEMS.values())), st.integers(0, 400), st.binary(max_size=3))
def test_a_damaged_line_never_breaks_the_reader(item: Item, place: int, damage: bytes) -> None:
    """It is read, or it is a bad line."""
    line = item_line(item)
    damaged = line[:place] + damage + line[place + len(damage) :]
    assert all(isinstance(one, BadLine | type(item)) for one in read(damaged.replace(b"\n", b" ")))
