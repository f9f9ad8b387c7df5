"""The import rule, row by row, and the laws of merging."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from linkhub_core.model import OLDER_THAN_ANY_EVENT, Availability, ProductRecord
from linkhub_core.model.decision_table import Improved, Joined, Refreshed, Unchanged
from linkhub_core.model.import_rule import ImportDecision, Owing, Raised, decide_import
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_listed, a_record, a_tombstone

LATER = NOON + timedelta(hours=1, microseconds=1_234)
SHOWN: dict[str, Any] = {"unannounced_revision": None, "shown": True}
STORED = a_record(revision=4, **SHOWN)
NEWER = a_caption(title="Newer Heels")
IMPROVED = evolve(STORED, caption=NEWER, caption_version=a_half(minute=9, content=NEWER).version)
REFRESHED = evolve(STORED, caption_version=a_half(minute=9).version)
COVERED = a_listed(STORED, title="as listed", price=1)
TOMBSTONE = a_tombstone(STORED, minute=1)
FOREIGN = a_record(
    revision=0,
    **SHOWN,
    caption_version=OLDER_THAN_ANY_EVENT,
    thumbnails_version=OLDER_THAN_ANY_EVENT,
)


def decided(exported: ProductRecord, stored: ProductRecord | None, *, quiet: bool = False) -> ImportDecision:
    """The decision about an exported product, an hour after noon."""
    return decide_import(exported, stored, LATER, quiet=quiet)


TABLE: list[tuple[str, ProductRecord, ProductRecord | None, type[ImportDecision]]] = [
    ("absent", STORED, None, Joined),
    ("an absent tombstone", TOMBSTONE, None, Joined),
    ("the same", STORED, STORED, Unchanged),
    ("the same, owed and not shown there", evolve(STORED, unannounced_revision=4, shown=False), STORED, Unchanged),
    ("the same, owed here", STORED, a_record(revision=4), Unchanged),
    ("older parts", STORED, IMPROVED, Unchanged),
    ("an older revision", evolve(STORED, revision=2), STORED, Unchanged),
    ("an earlier life", evolve(STORED, created_at=NOON - timedelta(days=1)), STORED, Unchanged),
    ("a newer part", IMPROVED, STORED, Improved),
    ("a newer part, owed here", IMPROVED, a_record(revision=4), Improved),
    ("a newer part and an older revision", evolve(IMPROVED, revision=2), STORED, Improved),
    ("a newer stamp", REFRESHED, STORED, Refreshed),
    ("a newer stamp, owed here", REFRESHED, evolve(STORED, unannounced_revision=4), Refreshed),
    ("a newer part of a tombstone", evolve(IMPROVED, revision=4), a_tombstone(STORED, minute=1), Refreshed),
    ("a newer part under a listing", IMPROVED, COVERED, Refreshed),
    ("a newer listing", a_listed(STORED, availability=Availability.SOLD_OUT), STORED, Improved),
    ("withdrawn there", TOMBSTONE, STORED, Improved),
    ("put back there", a_listed(STORED, minute=2), TOMBSTONE, Improved),
    ("a greater revision", evolve(STORED, revision=9), STORED, Raised),
    ("a greater revision of older parts", evolve(STORED, revision=9), evolve(IMPROVED, revision=2), Raised),
    ("a greater revision and a newer stamp", evolve(REFRESHED, revision=9), STORED, Raised),
    ("a later life", evolve(STORED, created_at=LATER), STORED, Raised),
    ("a greater revision, owed here", evolve(STORED, revision=9), a_record(revision=4), Owing),
    ("a product of another service, again", FOREIGN, FOREIGN, Unchanged),
    ("a product of another service, adopted here", FOREIGN, evolve(FOREIGN, revision=1), Unchanged),
    ("a product of another service, adopted there", evolve(FOREIGN, revision=1), FOREIGN, Raised),
]


@pytest.mark.parametrize(("exported", "stored", "outcome"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(exported: ProductRecord, stored: ProductRecord | None, outcome: type[ImportDecision]) -> None:
    """Each row has its outcome; only a product that owes nothing by the import differs between loud and quiet."""
    assert type(decided(exported, stored)) is outcome
    assert type(decided(exported, stored, quiet=True)) is outcome


def test_an_absent_product_owes_its_revision() -> None:
    """It keeps its revision and its times, is not shown, and what it owed elsewhere does not count."""
    for exported in (STORED, evolve(STORED, unannounced_revision=2, shown=True)):
        owed = evolve(STORED, unannounced_revision=4, shown=False)
        assert decided(exported, None) == Joined(owed)


def test_an_absent_product_of_a_quiet_import_counts_as_shown() -> None:
    """It owes nothing, whatever it owed elsewhere."""
    assert decided(a_record(revision=4), None, quiet=True) == Joined(STORED)


@pytest.mark.parametrize("quiet", [False, True])
def test_an_absent_tombstone_owes_nothing(quiet: bool) -> None:
    """Readers never saw the product."""
    owing = evolve(TOMBSTONE, unannounced_revision=4, shown=True)
    assert decided(owing, None, quiet=quiet) == Joined(evolve(TOMBSTONE, unannounced_revision=None, shown=False))


def test_an_absent_product_of_another_service_gets_a_revision() -> None:
    """It is the first."""
    assert decided(FOREIGN, None) == Joined(evolve(FOREIGN, revision=1, unannounced_revision=1, shown=False))


@pytest.mark.parametrize(("there", "here", "expected"), [(9, 4, 10), (2, 4, 5), (4, 4, 5)])
def test_a_visible_change_takes_the_next_revision_of_both(there: int, here: int, expected: int) -> None:
    """It is owed; ``shown`` and the debt of the source do not count; ``updated_at`` is now."""
    exported = evolve(IMPROVED, revision=there, unannounced_revision=None, shown=False)
    decision = decided(exported, evolve(STORED, revision=here))
    after = evolve(
        IMPROVED, revision=expected, unannounced_revision=expected, updated_at=NOON + timedelta(hours=1, milliseconds=1)
    )
    assert decision == Improved(after)
    assert decided(exported, evolve(STORED, revision=here), quiet=True) == Improved(
        evolve(after, unannounced_revision=None)
    )


def test_a_quiet_change_leaves_a_debt_that_is_here() -> None:
    """The change behind it is not of the import."""
    stored = a_record(revision=4)
    decision = decided(IMPROVED, stored, quiet=True)
    assert isinstance(decision, Improved)
    assert (decision.record.unannounced_revision, decision.record.shown) == (5, False)


@pytest.mark.parametrize("quiet", [False, True])
def test_a_product_that_is_withdrawn_by_an_import_is_not_shown(quiet: bool) -> None:
    """Its removal is owed, unless the import is quiet."""
    decision = decided(TOMBSTONE, STORED, quiet=quiet)
    assert isinstance(decision, Improved)
    assert (decision.record.shown, decision.record.unannounced_revision) == (False, None if quiet else 5)


def test_a_raised_product_has_the_greater_of_both() -> None:
    """Revision, life and last change; it owes nothing and stays shown."""
    exported = evolve(STORED, revision=9, created_at=LATER, updated_at=LATER, unannounced_revision=9, shown=False)
    raised = evolve(STORED, revision=9, created_at=LATER, updated_at=LATER)
    assert decided(exported, STORED) == Raised(raised)


def test_a_silent_change_touches_neither_debt_nor_times() -> None:
    """Versions and hidden contents only."""
    stored = evolve(STORED, unannounced_revision=4, shown=False)
    exported = evolve(REFRESHED, updated_at=LATER)
    assert decided(exported, stored) == Refreshed(evolve(stored, caption_version=REFRESHED.caption_version))


# --- laws

CHANGES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "minute": st.integers(0, 3),
        "title": st.sampled_from("ab"),
        "listing": st.none() | st.sampled_from(Availability),
        "revision": st.integers(1, 5),
        "life": st.integers(0, 2),
    }
)


def a_variant(minute: int, title: str, listing: Availability | None, revision: int, life: int) -> ProductRecord:
    """A product as one of several backends has it."""
    caption = a_caption(title=title)
    record = a_record(
        revision=revision,
        caption=caption,
        caption_version=a_half(minute=minute, content=caption).version,
        created_at=NOON + timedelta(seconds=life),
        **SHOWN,
    )
    return record if listing is None else a_listed(record, minute=minute, availability=listing)


def imported(exports: Sequence[ProductRecord]) -> ProductRecord:
    """The product after imports of these, each announced at once."""
    stored: ProductRecord | None = None
    for exported in exports:
        decision = decided(exported, stored)
        assert not isinstance(decision, Owing)
        stored = evolve(decision.record, unannounced_revision=None, shown=not decision.record.is_withdrawn)
    assert stored is not None
    return stored


@given(st.lists(CHANGES.map(lambda fields: a_variant(**fields)), min_size=2, max_size=3))
def test_imports_in_any_order_give_the_same_content(variants: list[ProductRecord]) -> None:
    """Parts and life are the same in the end, and no revision goes back."""
    results = [imported(order) for order in permutations(variants)]
    parts = {(one.caption, one.caption_version, one.listing, one.listing_version, one.created_at) for one in results}
    assert len(parts) == 1
    for result in results:
        assert result.revision >= max(variant.revision for variant in variants)


@given(st.lists(CHANGES.map(lambda fields: a_variant(**fields)), min_size=1, max_size=3))
def test_a_second_import_changes_nothing(variants: list[ProductRecord]) -> None:
    """Of any of them, after all of them."""
    stored = imported(variants)
    for variant in variants:
        assert decided(variant, stored) == Unchanged(stored)
