"""Events that are encoded once for each form, and not kept without end."""

from __future__ import annotations

from attrs import evolve

from linkhub_adapters.realtime.dialect import DIALECTS, PLAIN_WEBSOCKET
from linkhub_adapters.realtime.encoded_events import EncodedEvents
from linkhub_core.announcement import Announcement
from linkhub_core.codec import announce
from tests.adapters.realtime.room import an_announcement
from tests.support.builders import NOON, a_key, a_record


def test_each_form_is_made_once_for_a_revision() -> None:
    """Whoever asks, by its record or by its announcement, gets the very same bytes; a later revision has its own."""
    events, encoded = EncodedEvents(), 0

    def counting(announcement: Announcement) -> bytes:
        nonlocal encoded
        encoded += 1
        return announcement.event_json

    dialect = evolve(PLAIN_WEBSOCKET, encode=counting)
    event = events.of_record(a_record(), NOON)
    assert events.of_record(a_record(), NOON) is events.of_announcement(announce(a_record(), NOON)) is event
    assert event.form(dialect) is event.form(dialect)
    assert encoded == 1
    assert events.of_record(a_record(revision=2), NOON) is not event


def test_each_dialect_has_its_form() -> None:
    """The one that a broadcast has."""
    announcement = an_announcement()
    event = EncodedEvents().of_announcement(announcement)
    assert [event.form(dialect) for dialect in DIALECTS] == [dialect.encode(announcement) for dialect in DIALECTS]


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    """However many there are, they take no more than allowed; one that is too large for it is not kept at all."""
    size = EncodedEvents().of_record(a_record(), NOON).size_bytes
    events = EncodedEvents(max_bytes=2 * size)
    kept, other = (events.of_record(a_record(a_key(number)), NOON) for number in (1, 2))
    assert events.of_record(a_record(a_key(1)), NOON) is kept
    events.of_record(a_record(a_key(3)), NOON)
    assert events.size_bytes <= 2 * size
    assert events.of_record(a_record(a_key(1)), NOON) is kept
    assert events.of_record(a_record(a_key(2)), NOON) is not other
    none = EncodedEvents(max_bytes=size - 1)
    none.of_record(a_record(), NOON)
    assert (len(none), none.size_bytes) == (0, 0)
