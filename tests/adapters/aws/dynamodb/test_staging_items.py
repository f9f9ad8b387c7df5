"""A waiting half as an item."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.aws.dynamodb.staging_items import (
    OPTIONAL,
    staging_from_item,
    staging_item,
    staging_key,
    staging_key_of,
)
from linkhub_core.model import Half, Kind, Note, Origin
from linkhub_core.ports import Unreadable
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import NOON, a_half, a_waiting, an_event
from linkhub_core.testing.readable import readable
from linkhub_core.wire.codec import read_event


def test_an_item_has_the_half_and_its_expiry() -> None:
    """Its attributes are those of an incomplete assembly, with the time to live in seconds."""
    item = staging_item(
        a_waiting(a_half(Kind.THUMBNAIL), origin=Origin(correlation_id="c", traceparent="t", notes=(Note("", "x"),)))
    )
    assert (item["half"], item["is_complete"]) == ({"S": "thumbnail"}, {"BOOL": False})
    assert item["ttl"] == {"N": str(int((NOON + timedelta(days=1)).timestamp()))}
    assert item["waiting_since"] == {"S": "2026-01-15T12:00:00+00:00"}
    assert (item["correlation_id"], item["traceparent"]) == ({"S": "c"}, {"S": "t"})


def test_the_key_is_part_of_the_item() -> None:
    """The key's attributes are those of the item, and name the product."""
    waiting = a_waiting()
    item, key = staging_item(waiting), staging_key(waiting.key)
    assert key.items() <= item.items()
    assert staging_key_of(key) == waiting.key


def test_only_the_trace_and_the_notes_may_be_absent() -> None:
    """Without a trace context, or a deviation, there is no such attribute."""
    bare = staging_item(a_waiting(origin=Origin(correlation_id="c")))
    traced = staging_item(a_waiting(origin=Origin(correlation_id="c", traceparent="t", notes=(Note("", "x"),))))
    assert traced.keys() - bare.keys() == set(OPTIONAL)


@given(
    strategies.halves(), st.none() | st.text(max_size=60), st.lists(st.builds(Note, st.text(), st.text()), max_size=3)
)
def test_a_waiting_half_survives(half: Half, traceparent: str | None, notes: list[Note]) -> None:
    """Every half that the codec accepts comes back equal, with its origin."""
    waiting = a_waiting(half, origin=Origin(correlation_id="", traceparent=traceparent, notes=tuple(notes)))
    assert staging_from_item(staging_item(waiting)) == waiting


def test_an_expiry_within_a_second_is_rounded_up() -> None:
    """DynamoDB counts whole seconds: nothing expires before its time, which linkhub knows to the microsecond."""
    moment = NOON + timedelta(microseconds=1)
    item = staging_item(a_waiting(expires_at=moment, waiting_since=moment))
    assert item["ttl"] == {"N": str(int(NOON.timestamp()) + 1)}
    read = readable(staging_from_item(item))
    assert (read.expires_at, read.waiting_since) == (moment, moment)


def test_an_item_with_a_time_to_live_alone_expires_by_that() -> None:
    """The only attribute that other writers must know is the one of DynamoDB's expiry."""
    item = staging_item(a_waiting())
    del item["expires_at"]
    assert staging_from_item(item) == a_waiting()


@pytest.mark.parametrize(
    "broken",
    [
        {"half": {"S": "both"}},
        {"version": {"S": "new"}},
        {"content": {"S": "text"}},
        {"content": {"M": {}}},
        {"expires_at": {"S": "never"}},
        {"waiting_since": {"S": "yesterday"}},
    ],
    ids=str,
)
def test_an_item_of_another_program_is_named(broken: dict[str, dict[str, object]]) -> None:
    """An item that is no half of linkhub's is an outcome with its key, whatever is wrong with it."""
    read = staging_from_item(staging_item(a_waiting()) | broken)
    assert isinstance(read, Unreadable)
    assert read.video_id == a_half().key.video_id


def test_the_row_of_an_event_of_nothing_but_deviations_fits() -> None:
    """100 KiB of empty objects are 33,000 notes; DynamoDB takes items of 400 KB."""
    thumbnails = an_event(Kind.THUMBNAIL)["thumbnails"]
    thumbnails[0]["detected_objects"] = [{}] * 33_000
    body = json.dumps(an_event(Kind.THUMBNAIL, thumbnails=thumbnails), separators=(",", ":"))
    reading = read_event(Kind.THUMBNAIL, body, NOON)
    assert len(reading.notes) == 33_000
    origin = Origin(correlation_id="c", notes=reading.notes)
    assert len(json.dumps(staging_item(a_waiting(reading.half, origin=origin)))) < 400_000
