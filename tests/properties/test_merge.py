"""Merging is a join, and versions order totally: so neither order nor copies can matter."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.model import Half, Kind, Version
from linkhub_core.model.merge import Halves
from linkhub_core.testing import strategies
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_thumbnail_set


def few_halves(kind: Kind) -> st.SearchStrategy[Half]:
    """Halves of few moments and few contents: ties and copies are common."""
    contents = (
        st.sampled_from([a_caption(), a_caption(title="b"), a_caption(title="c")])
        if kind is Kind.CAPTION
        else st.sampled_from([a_thumbnail_set(1), a_thumbnail_set(2)])
    )
    return st.builds(lambda minute, content: a_half(kind, minute=minute, content=content), st.integers(0, 2), contents)


KNOWN = st.builds(
    lambda caption, thumbnails: Halves(caption=caption, thumbnails=thumbnails),
    st.none() | few_halves(Kind.CAPTION),
    st.none() | few_halves(Kind.THUMBNAIL),
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
