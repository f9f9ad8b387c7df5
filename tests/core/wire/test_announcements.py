"""Announcements: the events that clients get, and how they are read back."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from attrs import evolve

from linkhub_core.errors import MalformedEvent
from linkhub_core.testing.builders import NOON, a_caption, a_record
from linkhub_core.wire import codec
from linkhub_core.wire.announcements import announce, read_announcement, without_cursor
from tests.core.event_bodies import body_of, raw


def test_an_announcement_carries_the_event_that_viewers_get() -> None:
    """The event is encoded once, with the product in it as readers of the shop see it."""
    record = a_record(revision=2)
    announcement = announce(record, NOON, "c-1")
    event = orjson.loads(announcement.event_json)
    assert list(event) == ["event_type", "event_id", "revision", "product", "timestamp"]
    assert event["product"] == orjson.loads(codec.encode_product(record))
    assert (event["event_type"], event["event_id"]) == (announcement.event_type, announcement.event_id)
    assert (event["revision"], event["timestamp"]) == (2, "2026-01-15T12:00:00.000Z")


def test_an_announcement_is_read_back_with_its_bytes() -> None:
    """The bytes of a received announcement are unchanged."""
    announcement = announce(a_record(caption=a_caption(title="👗 \\u0000")), NOON, "c-1")
    assert read_announcement(announcement.event_json, "c-1") == announcement


def test_an_announcement_carries_its_cursor_and_can_be_sent_without_it() -> None:
    """Its bytes are then those of an announcement that never had one, also after it was read back."""
    bare = announce(a_record(), NOON)
    announcement = announce(evolve(a_record(), cursor="abc"), NOON)
    event = orjson.loads(announcement.event_json)
    assert list(event) == ["event_type", "event_id", "revision", "cursor", "product", "timestamp"]
    assert (announcement.cursor, event["cursor"]) == ("abc", "abc")
    assert without_cursor(announcement) == without_cursor(bare) == bare
    read = read_announcement(announcement.event_json)
    assert read == announcement
    assert without_cursor(read).event_json == bare.event_json


@pytest.mark.parametrize(
    "change",
    [
        {"cursor": 7},
        {"cursor": 'a"'},
        {"product": None},
        {"product": {}},
        {"revision": "2"},
        {"revision": None},
        {"revision": raw("NaN")},
        {"note": raw('"\\ud800"')},
    ],
)
def test_what_is_no_announcement_is_malformed(change: dict[str, object]) -> None:
    """Any other message on the bus reaches no client."""
    event = orjson.loads(announce(a_record(), NOON).event_json) | change
    with pytest.raises(MalformedEvent):
        read_announcement(body_of(event).encode())


@pytest.mark.parametrize("wire", [b"", b"{", b"[]", b"\xff", b'{"product": "\xff"}'])
def test_what_is_not_even_json_is_no_announcement(wire: bytes) -> None:
    """Broken UTF-8 would break the connection of every client."""
    with pytest.raises(MalformedEvent):
        read_announcement(wire)


@pytest.mark.parametrize("name", ["created_at", "updated_at"])
def test_an_announcement_without_texts_to_order_it_by_is_malformed(name: str) -> None:
    """Receivers compare them."""
    event = orjson.loads(announce(a_record(), NOON).event_json)
    event["product"][name] = 7
    with pytest.raises(MalformedEvent):
        read_announcement(body_of(event).encode())


def test_the_copies_of_an_announcement_are_equal() -> None:
    """The same revision announced again by another process differs in its timestamp alone."""
    first, second = announce(a_record(), NOON), announce(a_record(), NOON + timedelta(seconds=1))
    assert evolve(first, event_json=b"") == evolve(second, event_json=b"")
    assert first.event_id == second.event_id
