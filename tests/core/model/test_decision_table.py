"""The decision table of assembly, row by row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from linkhub_core.model import Availability, Half, Kind, ListingPart, ProductRecord
from linkhub_core.model.decision_table import Decision, Improved, Joined, Refreshed, Unchanged, Waiting, decide
from linkhub_core.model.merge import Halves
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_listed, a_thumbnail_set, a_tombstone

CAPTION, NEWER_CAPTION = a_half(minute=1), a_half(minute=2, content=a_caption(title="Newer Heels"))
PICTURES = a_half(Kind.THUMBNAIL, minute=1)
NEWER_PICTURES = a_half(Kind.THUMBNAIL, minute=2, content=a_thumbnail_set(3))
LATER = NOON + timedelta(seconds=90)


def product(caption: Half, pictures: Half, **fields: Any) -> ProductRecord:
    """The product of two halves as it was first saved at noon, announced since."""
    decision = decide(Halves(caption=caption, thumbnails=pictures), None, NOON)
    assert isinstance(decision, Joined)
    return evolve(decision.record, **{"unannounced_revision": None, **fields})


def listing(minute: float = 1, **fields: Any) -> Halves:
    """A listing, set ``minute`` minutes after noon."""
    record = a_listed(minute=minute, **fields)
    return Halves(listing=ListingPart(listing=record.listing, version=record.listing_version))


STORED = product(CAPTION, PICTURES)
COVERED = a_listed(STORED, title="as listed", price=None)
TOMBSTONE = a_tombstone(STORED)
SOLD_OUT, WITHDRAWN = Availability.SOLD_OUT, Availability.WITHDRAWN
REPRICED = a_half(minute=2, content=a_caption(title="Newer Heels", price=None))

TABLE: list[tuple[str, Halves, ProductRecord | None, type[Decision]]] = [
    ("a caption alone", Halves(caption=CAPTION), None, Waiting),
    ("thumbnails alone", Halves(thumbnails=PICTURES), None, Waiting),
    ("nothing at all", Halves(), None, Waiting),
    ("both", Halves(caption=CAPTION, thumbnails=PICTURES), None, Joined),
    ("a newer caption", Halves(caption=NEWER_CAPTION), STORED, Improved),
    ("newer thumbnails", Halves(thumbnails=NEWER_PICTURES), STORED, Improved),
    ("both newer", Halves(caption=NEWER_CAPTION, thumbnails=NEWER_PICTURES), STORED, Improved),
    ("one newer, one older", Halves(caption=NEWER_CAPTION, thumbnails=PICTURES), STORED, Improved),
    ("the same caption, stamped later", Halves(caption=a_half(minute=9)), STORED, Refreshed),
    ("the same caption", Halves(caption=CAPTION), STORED, Unchanged),
    ("the same thumbnails", Halves(thumbnails=PICTURES), STORED, Unchanged),
    ("an older caption", Halves(caption=a_half(minute=0)), STORED, Unchanged),
    ("both as they are", Halves(caption=CAPTION, thumbnails=PICTURES), STORED, Unchanged),
    ("nothing", Halves(), STORED, Unchanged),
    ("a listing alone", listing(availability=SOLD_OUT), None, Waiting),
    ("a listing that is seen", listing(availability=SOLD_OUT), STORED, Improved),
    ("a listing that is not seen", listing(title=STORED.caption.title), STORED, Refreshed),
    ("an older listing", listing(minute=-1, availability=SOLD_OUT), COVERED, Unchanged),
    ("the same listing", listing(minute=0, title="as listed"), COVERED, Unchanged),
    ("a newer title that is covered", Halves(caption=NEWER_CAPTION), COVERED, Refreshed),
    ("a newer price beside a covered title", Halves(caption=REPRICED), COVERED, Improved),
    ("a withdrawal", listing(availability=WITHDRAWN), STORED, Improved),
    ("a newer caption of a tombstone", Halves(caption=NEWER_CAPTION), TOMBSTONE, Refreshed),
    ("newer thumbnails of a tombstone", Halves(thumbnails=NEWER_PICTURES), TOMBSTONE, Refreshed),
    ("another listing of a tombstone", listing(availability=WITHDRAWN, title="x"), TOMBSTONE, Refreshed),
    ("the return of a tombstone", listing(), TOMBSTONE, Improved),
]


@pytest.mark.parametrize(("halves", "stored", "outcome"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(halves: Halves, stored: ProductRecord | None, outcome: type[Decision]) -> None:
    """The assembled product and the stored one decide."""
    assert type(decide(halves, stored, NOON)) is outcome


def test_a_new_product_has_both_halves_and_owes_its_first_announcement() -> None:
    """It is created and updated by the saver's clock, in whole milliseconds."""
    decision = decide(Halves(caption=CAPTION, thumbnails=PICTURES), None, NOON.replace(microsecond=123_999))
    stamp = NOON.replace(microsecond=123_000)
    assert decision == Joined(
        ProductRecord(
            key=KEY,
            caption=a_caption(),
            caption_version=CAPTION.version,
            thumbnails=a_thumbnail_set(),
            thumbnails_version=PICTURES.version,
            created_at=stamp,
            updated_at=stamp,
            revision=1,
            unannounced_revision=1,
        )
    )


def improved(halves: Halves, stored: ProductRecord, now: datetime = LATER) -> ProductRecord:
    """The record that takes the place of ``stored``."""
    decision = decide(halves, stored, now)
    assert isinstance(decision, Improved)
    return decision.record


def test_an_improved_product_takes_newer_halves_only() -> None:
    """The other half, the key and the moment of creation stay; the next revision owes its announcement."""
    record = improved(Halves(caption=NEWER_CAPTION, thumbnails=a_half(Kind.THUMBNAIL, minute=0)), STORED)
    assert record == evolve(
        STORED,
        caption=a_caption(title="Newer Heels"),
        caption_version=NEWER_CAPTION.version,
        updated_at=LATER,
        revision=2,
        unannounced_revision=2,
    )


def test_newer_thumbnails_take_the_place_of_older_ones() -> None:
    """The same for the other kind."""
    record = improved(Halves(thumbnails=NEWER_PICTURES), STORED)
    assert (record.thumbnails, record.thumbnails_version) == (NEWER_PICTURES.content, NEWER_PICTURES.version)
    assert (record.caption, record.caption_version) == (STORED.caption, STORED.caption_version)


def test_an_unannounced_revision_is_overtaken_by_the_next() -> None:
    """Only the newest revision is owed."""
    assert (
        improved(Halves(caption=NEWER_CAPTION), product(CAPTION, PICTURES, unannounced_revision=1)).unannounced_revision
        == 2
    )


@pytest.mark.parametrize("due", [None, 1])
def test_a_newer_half_of_the_same_content_moves_the_version_alone(due: int | None) -> None:
    """The product did not change for its readers; its version did, so that what lies between stays out."""
    stored = product(CAPTION, PICTURES, unannounced_revision=due)
    same = a_half(minute=2)
    decision = decide(Halves(caption=same, thumbnails=PICTURES), stored, LATER)
    assert decision == Refreshed(evolve(stored, caption_version=same.version))


def test_a_newer_half_of_the_same_content_beside_a_changed_one_is_taken_in_with_it() -> None:
    """One revision holds both."""
    same = a_half(minute=2)
    record = improved(Halves(caption=same, thumbnails=NEWER_PICTURES), STORED)
    assert (record.revision, record.updated_at, record.caption_version) == (2, LATER, same.version)


def test_updated_at_never_runs_backwards() -> None:
    """Not even where the saver's clock does."""
    assert improved(Halves(caption=NEWER_CAPTION), STORED, NOON - timedelta(hours=1)).updated_at == NOON
