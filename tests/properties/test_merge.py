"""Merging is a join, and versions order totally: so neither order nor copies can matter."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.model import OLDER_THAN_ANY_EVENT, Half, Kind, ListingPart, ProductRecord, Version
from linkhub_core.model.decision_table import Improved, Refreshed, Unchanged, decide
from linkhub_core.model.merge import Halves
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_listed, a_record, a_thumbnail_set


def few_halves(kind: Kind) -> st.SearchStrategy[Half]:
    """Halves of few moments and few contents: ties and copies are common."""
    contents = (
        st.sampled_from([a_caption(), a_caption(title="b"), a_caption(title="c")])
        if kind is Kind.CAPTION
        else st.sampled_from([a_thumbnail_set(1), a_thumbnail_set(2)])
    )
    return st.builds(lambda minute, content: a_half(kind, minute=minute, content=content), st.integers(0, 2), contents)


def _part(record: ProductRecord) -> ListingPart:
    return ListingPart(listing=record.listing, version=record.listing_version)


FEW_LISTINGS = st.builds(
    lambda minute, fields: _part(a_listed(minute=minute, **fields)),
    st.integers(0, 2),
    st.sampled_from([{}, {"title": "b"}, {"availability": "withdrawn"}, {"availability": "sold_out", "title": "c"}]),
)
KNOWN = st.builds(
    lambda caption, thumbnails, listing: Halves(caption=caption, thumbnails=thumbnails, listing=listing),
    st.none() | few_halves(Kind.CAPTION),
    st.none() | few_halves(Kind.THUMBNAIL),
    st.none() | FEW_LISTINGS,
)


@given(KNOWN, KNOWN)
def test_merging_is_commutative(one: Halves, other: Halves) -> None:
    """The order of arrival does not matter."""
    assert one.merge(other) == other.merge(one)


@given(KNOWN, KNOWN, KNOWN)
def test_merging_is_associative(one: Halves, two: Halves, three: Halves) -> None:
    """Nor which two meet first."""
    assert one.merge(two).merge(three) == one.merge(two.merge(three))


@given(KNOWN, KNOWN)
def test_merging_is_idempotent(one: Halves, other: Halves) -> None:
    """Nor how often."""
    assert one.merge(one) == one
    assert one.merge(other).merge(other) == one.merge(other)


@given(KNOWN)
def test_nothing_known_is_the_neutral_element(one: Halves) -> None:
    """It adds nothing."""
    assert one.merge(Halves()) == Halves().merge(one) == one


@given(st.lists(few_halves(Kind.CAPTION) | few_halves(Kind.THUMBNAIL), min_size=1), st.randoms(use_true_random=False))
def test_any_order_of_any_copies_leaves_the_newest_of_each_kind(halves: list[Half], chance: st.DataObject) -> None:
    """The greatest version of a kind, and no other."""
    arrivals = halves * 2
    chance.shuffle(arrivals)  # type: ignore[attr-defined]
    known = reduce(Halves.merge, map(Halves.of, arrivals))
    for kind, half in ((Kind.CAPTION, known.caption), (Kind.THUMBNAIL, known.thumbnails)):
        of_kind = [one for one in halves if one.kind is kind]
        assert half == max(of_kind, key=lambda one: one.version, default=None)


@given(st.lists(KNOWN, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_order_of_saves_leaves_the_newest_of_three_parts(parts: list[Halves], chance: st.DataObject) -> None:
    """Saved one by one in any order, with copies, the product is that of one save of all; it is never too quiet."""
    arrivals = parts * 2
    chance.shuffle(arrivals)  # type: ignore[attr-defined]
    stored = first = a_record(caption_version=OLDER_THAN_ANY_EVENT, thumbnails_version=OLDER_THAN_ANY_EVENT)
    for part in arrivals:
        decision = decide(part, stored, NOON)
        assert isinstance(decision, Improved | Refreshed | Unchanged)
        looks_the_same = decision.record.revision == stored.revision
        assert looks_the_same is decision.record.looks_like(stored)
        assert looks_the_same or decision.record.unannounced_revision == stored.revision + 1
        stored = decision.record
    at_once = decide(reduce(Halves.merge, parts), first, NOON)
    assert isinstance(at_once, Improved | Refreshed | Unchanged)
    assert stored.with_parts_of(at_once.record) == stored


MOMENTS = strategies.moments() | st.integers(-(10**6), 10**6).map(
    lambda us: NOON.replace(year=1970) + timedelta(microseconds=us)
)
DIGESTS = st.text("0123456789abcdef", min_size=16, max_size=16)
HONEST_VERSIONS = st.builds(Version.at, MOMENTS, DIGESTS)
VERSIONS = HONEST_VERSIONS | st.builds(
    lambda moment, digest, sent_at: Version.at(moment, digest, first_sent_at=sent_at), MOMENTS, DIGESTS, MOMENTS
)


@given(VERSIONS, VERSIONS)
def test_versions_order_totally_and_their_texts_alike(one: Version, other: Version) -> None:
    """Exactly one of less, equal and greater holds; a store that compares texts decides the same."""
    assert [one < other, one == other, one > other].count(True) == 1
    assert (one < other) == (str(one) < str(other))
    assert (one == other) == (str(one) == str(other))


@given(VERSIONS)
def test_a_version_is_read_back_from_its_text(version: Version) -> None:
    """With both stamps."""
    assert Version.parse(str(version)) == version


@given(HONEST_VERSIONS)
def test_a_version_of_the_first_form_counts_as_stamped(version: Version) -> None:
    """Stored texts of one stamp and a digest are read as they were written, and are written so again."""
    text = f"{version.stamped_us:020d}-{version.digest}" if version.stamped_us >= 0 else str(version)
    assert Version.parse(text) == version == Version.at(version.timestamp, version.digest)
    assert str(version) == text


@given(MOMENTS, MOMENTS, MOMENTS, DIGESTS, DIGESTS)
def test_an_event_stamped_ahead_is_older_than_an_honest_one_sent_later(
    ahead: datetime, sent_at: datetime, honest: datetime, one: str, other: str
) -> None:
    """However far ahead it is: an honest stamp of a later millisecond wins."""
    latest = sent_at.replace(microsecond=sent_at.microsecond // 1000 * 1000 + 999)
    if ahead > latest and honest > latest:
        assert Version.at(ahead, one, first_sent_at=sent_at) < Version.at(honest, other, first_sent_at=honest)


@given(MOMENTS, MOMENTS)
def test_a_later_moment_is_a_greater_version_whatever_the_digests(one: datetime, other: datetime) -> None:
    """The digest settles ties only."""
    earlier, later = sorted([one, other])
    if earlier < later:
        assert Version.at(earlier, "f" * 16) < Version.at(later, "0" * 16)
