"""The buffer of a client that catches up: the newest revision of each product, in order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from attrs import evolve

from linkhub_adapters.realtime.hub.catch_up_buffer import MAX_BUFFERED, CatchUpBuffer
from linkhub_adapters.realtime.hub.wire_format import EncodedEvent
from linkhub_core.testing.builders import NOON, a_key, a_record
from tests.adapters.realtime.realtime_fixture import an_announcement


def an_event(number: int, revision: int = 1, life: int = 0) -> EncodedEvent:
    """An event of a product."""
    record = a_record(a_key(number), revision=revision, created_at=NOON + timedelta(hours=life))
    return EncodedEvent(an_announcement(record))


def taken(buffer: CatchUpBuffer) -> Sequence[EncodedEvent]:
    """All that waits, in order."""
    return [buffer.take() for _ in range(len(buffer.events))]


def test_a_later_revision_takes_the_place_of_an_earlier_one_and_comes_last() -> None:
    """An earlier one that is announced late changes nothing."""
    buffer, first, second = CatchUpBuffer(), an_event(1, 2), an_event(2)
    later = an_event(1, 3)
    for event in (first, second, later, an_event(1, 2), an_event(1, 1)):
        buffer.put(event)
    assert taken(buffer) == [second, later]


def test_what_was_read_comes_before_what_was_announced() -> None:
    """In its own order, also where the same revision was announced meanwhile."""
    buffer = CatchUpBuffer()
    announced = an_event(3)
    buffer.put(an_event(2))
    buffer.put(announced)
    read = [an_event(1), an_event(2)]
    buffer.put_replay(read, {})
    assert taken(buffer) == [*read, announced]


def test_events_that_waited_before_the_read_was_asked_for_stay_in_front() -> None:
    """The cursor of a replayed event covers them. Of a product of both, the newer revision is kept, in its place."""
    buffer = CatchUpBuffer()
    waiting = [an_event(1), an_event(2), an_event(3)]
    for event in waiting:
        buffer.put(event)
    ahead, announced = dict(buffer.events), an_event(5)
    buffer.put(announced)
    read = [an_event(1), an_event(4), an_event(2, 2), an_event(5)]
    buffer.put_replay(read, ahead)
    assert taken(buffer) == [waiting[0], waiting[2], *read[1:]]


def test_what_was_read_is_left_out_if_something_newer_was_announced() -> None:
    """A later revision, or another life of the product: the read began before that was announced."""
    for newer in (an_event(1, 3), an_event(1, 1, life=-1), an_event(1, 1, life=1)):
        buffer, other = CatchUpBuffer(), an_event(2)
        buffer.put(newer)
        buffer.put_replay([an_event(1, 2), other], {})
        assert taken(buffer) == [other, newer]


def test_another_life_of_a_product_takes_the_place_of_the_earlier_one() -> None:
    """Whatever its revision and its clock."""
    for life in (-1, 1):
        buffer, other = CatchUpBuffer(), an_event(1, 1, life)
        buffer.put(an_event(1, 7))
        buffer.put(other)
        assert taken(buffer) == [other]


def test_too_many_events_are_not_kept() -> None:
    """The buffer says so, and begins again."""
    buffer, event = CatchUpBuffer(), an_event(0)
    for number in range(MAX_BUFFERED + 1):
        buffer.put(EncodedEvent(evolve(event.announcement, key=a_key(number))))
    assert buffer.overflowed
    assert len(buffer.events) == 1
