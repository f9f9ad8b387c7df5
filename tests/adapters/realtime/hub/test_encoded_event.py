"""An event is encoded once for each form, whoever gets it."""

from __future__ import annotations

from attrs import evolve

from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET, WIRE_FORMATS
from linkhub_core.model.announcement import Announcement
from tests.adapters.realtime.realtime_fixture import an_announcement


def test_each_form_is_made_once() -> None:
    """All viewers of a dialect get the same object."""
    encoded = 0

    def counting(announcement: Announcement) -> bytes:
        nonlocal encoded
        encoded += 1
        return announcement.event_json

    dialect, event = evolve(PLAIN_WEBSOCKET, encode=counting), EncodedEvent(an_announcement())
    assert event.form(dialect) is event.form(dialect)
    assert encoded == 1


def test_each_dialect_has_its_form() -> None:
    """It is the form that a broadcast writes."""
    announcement = an_announcement()
    event = EncodedEvent(announcement)
    assert [event.form(dialect) for dialect in WIRE_FORMATS] == [
        dialect.encode(announcement) for dialect in WIRE_FORMATS
    ]
