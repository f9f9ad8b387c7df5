"""The model: a value that exists is sound, and versions order halves totally."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError

from linkhub_core.model import (
    BoundingBox,
    DetectedObject,
    Half,
    Kind,
    Origin,
    ProductKey,
    Version,
)
from linkhub_core.model.rules import RuleBroken
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_record, a_thumbnail, a_thumbnail_set, a_waiting


@pytest.mark.parametrize(
    "make",
    [
        lambda: ProductKey("", "v"),
        lambda: ProductKey("a", "a b"),
        lambda: a_caption(title=None),
        lambda: a_caption(price="1"),
        lambda: a_caption(tags="heels"),
        lambda: a_thumbnail(frame_index=0.5),
        lambda: a_thumbnail(detected_objects=["shoe"]),
        lambda: a_thumbnail(detected_objects=7),
        lambda: a_thumbnail_set(thumbnails=()),
        lambda: a_thumbnail_set(thumbnails=(a_thumbnail(),) * 101),
        lambda: a_thumbnail_set(primary_thumbnail=None),
        lambda: a_thumbnail_set(processing_metadata={}),
        lambda: evolve(a_caption(), title="t" * 2001),
    ],
)
def test_no_value_exists_that_breaks_a_rule(make: Callable[[], object]) -> None:
    """Whichever way it is made."""
    with pytest.raises(RuleBroken):
        make()


@pytest.mark.parametrize(
    "value", [a_caption(), a_thumbnail(), a_thumbnail_set(), a_half(), a_waiting(), a_record(), ProductKey("a", "b")]
)
def test_values_are_frozen(value: object) -> None:
    """An attribute cannot be assigned."""
    with pytest.raises(FrozenInstanceError):
        value.anything = 1  # type: ignore[attr-defined]


def test_values_are_canonical() -> None:
    """Lists become tuples and equal numbers one number, so equal values are equal."""
    box = BoundingBox(x=1.0, y=2, width=3, height=4)
    seen = DetectedObject(class_name="shoe", confidence=1.0, bbox=box)
    assert a_thumbnail(detected_objects=[seen]) == a_thumbnail(detected_objects=(evolve(seen, confidence=1),))
    assert a_caption(tags=["a"]) == a_caption(tags=("a",))


def test_each_kind_is_the_partner_of_the_other() -> None:
    """And its value is the name of its queue."""
    assert [kind.partner.partner for kind in Kind] == list(Kind)
    assert (Kind.CAPTION.partner, str(Kind.CAPTION)) == (Kind.THUMBNAIL, "caption")


def test_a_half_is_of_the_kind_of_its_content() -> None:
    """There is no other place where it could be written differently."""
    assert [a_half(kind).kind for kind in Kind] == list(Kind)


def test_keys_order_by_seller_then_video() -> None:
    """The order in which products are exported."""
    keys = [ProductKey("b", "a"), ProductKey("a", "c"), ProductKey("a", "b")]
    assert [str(key) for key in sorted(keys)] == ["a/b", "a/c", "b/a"]


MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    NOON,
    NOON + timedelta(microseconds=1),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
]


def test_versions_order_as_their_moments_and_their_texts() -> None:
    """From the year 1 to 9999, across 1970, to the microsecond; equal moments by the digest."""
    versions = [Version.at(moment, digest) for moment in MOMENTS for digest in ("00", "7f", "ff")]
    assert all(one < other and str(one) < str(other) for one, other in pairwise(versions))


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_version_is_read_back_from_its_text(moment: datetime) -> None:
    """With its moment to the microsecond."""
    version = Version.at(moment, "0123456789abcdef")
    assert Version.parse(str(version)) == version
    assert version.timestamp == moment


def test_a_half_expires_at_its_time_and_not_before() -> None:
    """The moment itself is past its time."""
    waiting = a_waiting(expires_at=NOON)
    assert not waiting.expired(NOON - timedelta(microseconds=1))
    assert waiting.expired(NOON)


def test_a_waiting_half_has_the_key_of_its_half() -> None:
    """One key, in one place."""
    half: Half = a_half()
    assert a_waiting(half).key == half.key


def test_a_correlation_id_keeps_its_end() -> None:
    """Of a very long one the last 200 characters are kept, wherever it came from: its end names the message."""
    long = "x" * 900_000 + "batch-7/line-12"
    assert Origin(correlation_id=long).correlation_id == long[-200:]
    assert Origin.of_message({"correlationId": long}, "m-1").correlation_id.endswith("batch-7/line-12")
    assert Origin.of_message({}, "m-1") == Origin(correlation_id="m-1")


def test_the_json_of_a_content_stays_with_that_content() -> None:
    """A changed copy has none, and an equal content with it is as equal."""
    content = a_caption()
    content.keep_json_fields(b'"title":"Heels"')
    assert content == a_caption()
    assert (content.json_fields, evolve(content, title="Boots").json_fields) == (b'"title":"Heels"', None)
