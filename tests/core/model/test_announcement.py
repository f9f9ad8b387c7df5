"""Announcements: how receivers tell what is new, and in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import NOON, a_record
from linkhub_core.wire.codec import announce


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
