"""Listings: which version a change takes, what is written and announced, and what a repeated or late call does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import define, evolve, field

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import (
    ListingOvertaken,
    ListingSame,
    ListingSaved,
    PreconditionFailed,
    ProductAbsent,
    SetListing,
)
from linkhub_core.errors import ServiceUnavailable, StoreRefused
from linkhub_core.model import (
    AS_PARSED,
    NEW_PRODUCT,
    PRODUCT_REMOVED,
    PRODUCT_UPDATED,
    Availability,
    Listing,
    ListingChange,
    ProductRecord,
)
from linkhub_core.ports import Conflict, ReviseOutcome, Revision
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_listed, a_record, a_tombstone, an_unreadable
from linkhub_core.testing.flaky import FlakyNotifier, Strike, unavailable
from tests.core.application.assembly_harness import AssemblyHarness

SHOWN = a_record(unannounced_revision=None, shown=True)
WITHDRAW = ListingChange(listing=Listing(availability=Availability.WITHDRAWN), fields=frozenset({"availability"}))
RESTOCK = ListingChange(listing=AS_PARSED, fields=frozenset({"availability"}))
RETITLE = ListingChange(listing=Listing(title="as listed"), fields=frozenset({"title"}))


def line_with(record: ProductRecord | None, store: MemoryProductStore | None = None) -> AssemblyHarness:
    """A line with a product in its store."""
    harness = AssemblyHarness(stored=store or MemoryProductStore())
    if record is not None:
        harness.stored.put(record)
    return harness


def setter(harness: AssemblyHarness) -> SetListing:
    """The use case on this line."""
    return SetListing(
        products=harness.products,
        staging=harness.staging,
        notifier=harness.notifier,
        journal=harness.journal,
        clock=harness.clock,
    )


def types(harness: AssemblyHarness) -> list[str]:
    """The types of the events that were announced."""
    return [announcement.event_type for announcement in harness.heard.taken]


async def test_a_product_is_withdrawn_and_comes_back() -> None:
    """It is announced as removed, then as new, and later changes are updates."""
    harness = line_with(SHOWN)
    withdrawn = await setter(harness)(KEY, WITHDRAW)
    assert isinstance(withdrawn, ListingSaved)
    tombstone = harness.stored.rows[KEY]
    assert withdrawn.record == tombstone
    assert (tombstone.revision, tombstone.shown, tombstone.unannounced_revision) == (2, False, None)
    await setter(harness)(KEY, RESTOCK)
    await setter(harness)(KEY, RETITLE)
    assert types(harness) == [PRODUCT_REMOVED, NEW_PRODUCT, PRODUCT_UPDATED]
    assert harness.stored.rows[KEY].listing == Listing(title="as listed")


async def test_an_equal_change_writes_nothing_and_pays_the_debt() -> None:
    """The call before it was killed between its save and its announcement."""
    owed = a_listed(a_record(revision=2), title="as listed")
    harness = line_with(owed)
    assert await setter(harness)(KEY, RETITLE) == ListingSame(owed)
    assert [announcement.revision for announcement in harness.heard.taken] == [2]
    assert harness.stored.rows[KEY] == evolve(owed, unannounced_revision=None, shown=True)


async def test_a_repeated_call_after_a_failed_announcement_announces() -> None:
    """The first call saved the change and raised."""
    harness = line_with(SHOWN)
    harness.notifier = FlakyNotifier(harness.heard, strikes=[Strike("notify", unavailable())])
    with pytest.raises(ServiceUnavailable):
        await setter(harness)(KEY, WITHDRAW)
    assert harness.stored.rows[KEY].unannounced_revision == 2
    assert isinstance(await setter(harness)(KEY, WITHDRAW), ListingSame)
    assert types(harness) == [PRODUCT_REMOVED]


async def test_a_change_takes_a_greater_version_than_the_stored_one() -> None:
    """Also if the clock of the process that set the stored one was a day ahead."""
    ahead = a_listed(SHOWN, minute=24 * 60, title="of a fast clock")
    harness = line_with(ahead)
    await setter(harness)(KEY, WITHDRAW)
    stored = harness.stored.rows[KEY]
    assert stored.listing.availability is Availability.WITHDRAWN
    assert stored.listing_version.counted_us == ahead.listing_version.counted_us + 1


async def test_a_change_that_readers_do_not_see_is_saved_silently() -> None:
    """The title is as parsed already; a newer parsed title does not undo it."""
    harness = line_with(SHOWN)
    kept = ListingChange(listing=Listing(title=SHOWN.caption.title), fields=frozenset({"title"}))
    outcome = await setter(harness)(KEY, kept)
    stored = harness.stored.rows[KEY]
    assert outcome == ListingSaved(stored)
    assert (stored.revision, stored.updated_at, types(harness)) == (1, SHOWN.updated_at, [])
    assert stored.listing.title == SHOWN.caption.title


async def test_an_absent_product_has_no_listing() -> None:
    """Nothing is written."""
    harness = line_with(None)
    assert await setter(harness)(KEY, WITHDRAW) == ProductAbsent()
    assert harness.stored.rows == {}


async def test_a_row_that_cannot_be_read_is_refused() -> None:
    """The error names it."""
    harness = line_with(None)
    harness.stored.unreadable[KEY] = an_unreadable()
    with pytest.raises(StoreRefused, match="cannot be read"):
        await setter(harness)(KEY, WITHDRAW)


async def test_an_unexpected_product_is_not_changed() -> None:
    """``expected`` gets the stored product."""
    harness = line_with(SHOWN)
    assert await setter(harness)(KEY, WITHDRAW, expected=lambda record: record.revision == 7) == PreconditionFailed(
        SHOWN
    )
    assert harness.stored.rows[KEY] == SHOWN
    assert isinstance(await setter(harness)(KEY, WITHDRAW, expected=lambda record: record == SHOWN), ListingSaved)


@define
class _Overtaken(MemoryProductStore):
    """A store in which another process saves ``rival`` right before the first revision."""

    rival: ProductRecord | None = field(default=None, kw_only=True)
    has_effect: bool = field(default=False, kw_only=True)

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        if self.rival is None:
            return await MemoryProductStore.revise(self, revisions)
        rival, self.rival = self.rival, None
        if self.has_effect:  # the reply is lost, and the rival saves after this one
            await MemoryProductStore.revise(self, revisions)
        self.put(rival)
        return [Conflict(rival)]


async def test_a_save_of_a_half_in_between_is_kept() -> None:
    """The change is decided again beside the newer caption."""
    newer = evolve(a_record(revision=2), caption=a_caption(title="newer"), caption_version=a_half(minute=9).version)
    harness = line_with(SHOWN, _Overtaken(rival=newer))
    assert isinstance(await setter(harness)(KEY, WITHDRAW), ListingSaved)
    stored = harness.stored.rows[KEY]
    assert (stored.revision, stored.caption.title, stored.is_withdrawn) == (3, "newer", True)


@pytest.mark.parametrize("has_effect", [False, True])
async def test_a_later_change_of_another_process_is_not_undone(has_effect: bool) -> None:
    """The version is fixed once for each call, also if the reply to the first attempt was lost."""
    rival = a_tombstone(a_record(revision=3), minute=5)
    harness = line_with(SHOWN, _Overtaken(rival=rival, has_effect=has_effect))
    assert await setter(harness)(KEY, RETITLE) == ListingOvertaken(rival)
    assert harness.stored.rows[KEY].listing == rival.listing


async def test_the_own_save_with_a_lost_reply_is_a_success() -> None:
    """The stored version is the own one."""
    harness = line_with(SHOWN)
    harness.clock.present = NOON + timedelta(hours=1)
    await setter(harness)(KEY, RETITLE)
    saved = harness.stored.rows[KEY]
    again = line_with(SHOWN, _Overtaken(rival=evolve(saved, unannounced_revision=2, shown=False)))
    again.clock.present = NOON + timedelta(hours=1)
    outcome = await setter(again)(KEY, RETITLE, expected=lambda record: record == SHOWN)
    assert isinstance(outcome, ListingSaved)
    assert [announcement.revision for announcement in again.heard.taken] == [2]


def test_a_patch_changes_the_fields_that_it_names() -> None:
    """A replacement changes all."""
    stored = Listing(availability=Availability.SOLD_OUT, title="as listed", price=Decimal(5))
    assert RETITLE.apply(stored) == evolve(stored, title="as listed")
    assert RESTOCK.apply(stored) == evolve(stored, availability=Availability.IN_STOCK)
    assert ListingChange(listing=AS_PARSED).apply(stored) == AS_PARSED
