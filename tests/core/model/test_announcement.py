"""Announcements: how receivers tell what is new, and in which order."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from attrs import evolve

from linkhub_core.errors import MalformedEvent
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import KEY, NOON, a_record, a_tombstone
from linkhub_core.wire.announcements import announce, read_announcement, without_cursor
from linkhub_core.wire.codec import stored_product


@pytest.mark.parametrize(
    ("revision", "shown", "owed", "name"),
    [
        (1, False, True, "new_product"),
        (2, False, True, "new_product"),
        (1, True, False, "new_product"),
        (1, True, True, "product_updated"),
        (2, True, True, "product_updated"),
        (2, True, False, "product_updated"),
    ],
)
def test_a_product_is_new_until_it_was_shown(revision: int, shown: bool, owed: bool, name: str) -> None:
    """The first revision is the new product in every replay; another service may have shown the product before it."""
    record = a_record(revision=revision, shown=shown, unannounced_revision=revision if owed else None)
    assert Announcement.type_of(record) == announce(record, NOON).event_type == name


def test_a_withdrawn_product_is_removed() -> None:
    """Whatever was announced before; a bus carries the ``created_at`` that the event lacks."""
    record = a_tombstone(a_record(revision=2), title="hidden")
    announcement = announce(evolve(record, cursor="c-7"), NOON)
    assert announcement.event_type == Announcement.type_of(stored_product(record)) == "product_removed"
    assert orjson.loads(announcement.event_json) == {
        "event_type": "product_removed",
        "event_id": announcement.event_id,
        "revision": 2,
        "cursor": "c-7",
        "seller_handle": KEY.seller_handle,
        "video_id": KEY.video_id,
        "timestamp": "2026-01-15T12:00:00.000Z",
    }
    assert read_announcement(announcement.event_json, "", announcement.created_at) == announcement
    assert without_cursor(announcement) == announce(record, NOON)
    with pytest.raises(MalformedEvent):
        read_announcement(announcement.event_json)


def test_an_event_of_a_later_type_is_ignored() -> None:
    """A node of an older version listens to the same bus."""
    assert read_announcement(b'{"event_type": "product_priced", "price": 5}') is None


def test_an_event_id_names_the_revision_and_sorts_by_its_moment() -> None:
    """It is the same in every copy, from any process at any time."""
    record = a_record(revision=2)
    assert announce(record, NOON).event_id == f"2026-01-15T12:00:01.000Z/{record.key.video_id}/2"
    assert announce(record, NOON).event_id == announce(record, NOON + timedelta(days=1)).event_id


def test_announcements_of_a_product_order_by_revision() -> None:
    """As numbers: the tenth comes after the ninth."""
    orders = [announce(a_record(revision=revision), NOON).order for revision in (1, 2, 9, 10)]
    assert orders == sorted(orders)
    assert len(set(orders)) == 4


def test_a_revision_is_covered_by_the_same_and_by_later_ones_of_the_same_life() -> None:
    """An announcement of another life covers no revision of this one."""
    second = announce(a_record(revision=2), NOON)
    assert [second.is_covered_by(announce(a_record(revision=revision), NOON).order) for revision in (1, 2, 10)] == [
        False, True, True,
    ]  # fmt: skip
    for clock in (-1, 1):
        other = announce(a_record(revision=7, created_at=NOON + timedelta(hours=clock)), NOON)
        assert not second.is_covered_by(other.order)
        assert not other.is_covered_by(second.order)
