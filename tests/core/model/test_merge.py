"""Merging: of each kind the newest, whatever the order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from linkhub_core.model import Half, Kind, Version
from linkhub_core.model.merge import Halves, newer_than
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_record

OLD, NEW = a_half(minute=0), a_half(minute=1, content=a_caption(title="Newer Heels"))
PICTURES = a_half(Kind.THUMBNAIL, minute=0)


def test_one_half_is_known_by_its_kind() -> None:
    """The other is not known."""
    assert Halves.of(OLD) == Halves(caption=OLD)
    assert Halves.of(PICTURES) == Halves(thumbnails=PICTURES)
    assert Halves().known == ()


@pytest.mark.parametrize("arrival", [[OLD, NEW, PICTURES], [PICTURES, NEW, OLD], [NEW, OLD, NEW, PICTURES, PICTURES]])
def test_the_newest_of_each_kind_is_known_whatever_the_order(arrival: list[Half]) -> None:
    """Copies and late-comers change nothing."""
    known = Halves()
    for half in arrival:
        known = known.merge(Halves.of(half))
    assert known.known == (NEW, PICTURES)


def test_equal_timestamps_are_settled_by_the_digest() -> None:
    """The same winner wherever they meet."""
    one, other = a_half(content=a_caption(title="One")), a_half(content=a_caption(title="Other"))
    winner = max(one, other, key=lambda half: half.version)
    assert Halves.of(one).merge(Halves.of(other)) == Halves.of(other).merge(Halves.of(one)) == Halves.of(winner)


@pytest.mark.parametrize(("minutes", "is_newer"), [(-1, False), (0, False), (1, True)])
@pytest.mark.parametrize("kind", list(Kind))
def test_only_what_the_record_does_not_have_is_newer(kind: Kind, minutes: int, is_newer: bool) -> None:
    """Equal is not newer."""
    half = a_half(kind)
    version = Version.at(NOON + timedelta(minutes=5), half.version.digest)
    record = a_record(caption_version=version, thumbnails_version=version)
    offered = Halves.of(a_half(kind, minute=5 + minutes))
    assert newer_than(record, offered) == (offered if is_newer else Halves())
