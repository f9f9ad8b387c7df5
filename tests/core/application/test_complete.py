"""Settling: save, announce, drop, in this order, and again where something newer turns up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from attrs import define, evolve, field

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_core.application import Assembly
from linkhub_core.application.complete import MAX_ROUNDS
from linkhub_core.errors import ServiceUnavailable, TooMuchContention
from linkhub_core.model import Half, Kind, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import HalfWasKnown, ProductAnnounced, ProductSaved
from linkhub_core.model.merge import Halves
from linkhub_core.ports import Conflict, DropOutcome, ReviseOutcome, Revision, Unreadable
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_key, a_record, a_waiting
from linkhub_core.testing.fakes import RecordingNotifier
from linkhub_core.testing.flaky import FlakyNotifier, FlakyProductStore, Strike, unavailable
from tests.core.application.assembly_harness import AssemblyHarness

CAPTION, PICTURES = a_half(), a_half(Kind.THUMBNAIL)
NEWER = a_half(minute=9, content=a_caption(title="Newer"))


def a_pair(key: ProductKey = KEY) -> Assembly:
    """The case of a product of which both halves are known."""
    halves = Halves(caption=a_half(key=key), thumbnails=a_half(Kind.THUMBNAIL, key=key))
    sender = a_waiting().origin
    return Assembly(
        key=key,
        halves=halves,
        origins=(sender,),
        senders=dict.fromkeys((half.kind for half in halves.known), sender),
        waiting_since=NOON - timedelta(seconds=3),
    )


def beside(record: ProductRecord, half: Half) -> Assembly:
    """The case of a half in staging whose product was found."""
    case = Assembly.of_row(a_waiting(half))
    case.stored_elsewhere(record)
    return case


def line_with(record: ProductRecord) -> AssemblyHarness:
    """A line with a product in its store."""
    harness = AssemblyHarness()
    harness.stored.rows[record.key] = record
    return harness


async def test_a_pair_is_saved_announced_and_logged() -> None:
    """The journal has the facts in the order in which they came to be."""
    harness = AssemblyHarness()
    await harness.completion.complete([a_pair()])
    saved, announced = harness.journal.entries
    assert isinstance(saved, ProductSaved)
    assert isinstance(announced, ProductAnnounced)
    assert (saved.revision, saved.kinds) == (1, tuple(Kind))
    assert (announced.revision, announced.origin.correlation_id) == (1, "c-1")
    assert announced.latency == timedelta(seconds=3)
    assert harness.stored.rows[KEY].unannounced_revision is None


async def test_the_announcement_is_out_before_the_product_forgets_it_and_before_the_row_goes() -> None:
    """The order is what loses nothing."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting()
    states: list[tuple[bool, bool]] = []

    class Looking(RecordingNotifier):
        async def notify(self, announcements: Sequence[Announcement]) -> None:
            states.append((harness.stored.rows[KEY].unannounced_revision == 1, KEY in harness.rows.rows))

    harness.notifier = Looking()
    case = a_pair()
    case.row = CAPTION
    await harness.completion.complete([case])
    assert states == [(True, True)]
    assert (harness.stored.rows[KEY].unannounced_revision, harness.rows.rows) == (None, {})


async def test_an_update_has_no_latency() -> None:
    """A later revision has no first half to count from."""
    harness = line_with(a_record(unannounced_revision=None, caption_version=a_half(minute=-9).version))
    await harness.completion.complete([beside(harness.stored.rows[KEY], NEWER)])
    (announced,) = harness.journal.of(ProductAnnounced)
    assert (announced.revision, announced.latency) == (2, None)
    (saved,) = harness.journal.of(ProductSaved)
    assert saved.kinds == (Kind.CAPTION,)


async def test_a_product_that_somebody_else_created_is_improved_instead() -> None:
    """The store's answer is what is built upon."""
    harness = line_with(a_record(unannounced_revision=None))
    case = a_pair()
    case.halves = case.halves.merge(Halves.of(NEWER))
    await harness.completion.complete([case])
    assert (harness.stored.rows[KEY].revision, harness.stored.rows[KEY].caption.title) == (2, "Newer")
    assert [one.revision for one in harness.heard.taken] == [2]


async def test_a_half_without_anything_new_is_logged_as_known() -> None:
    """One entry for each half."""
    harness = line_with(a_record(unannounced_revision=None))
    await harness.completion.complete([a_pair()])
    assert sorted(entry.kind for entry in harness.journal.of(HalfWasKnown)) == sorted(Kind)
    assert harness.heard.taken == []


# --- announcements that others owe


async def test_an_announcement_that_its_owner_makes_meanwhile_is_left_to_it() -> None:
    """After the patience it is no longer due."""
    harness = AssemblyHarness()
    harness.products = PromptOwners({KEY: a_record()})
    await harness.completion.complete([Assembly.of_record(a_record())])
    assert harness.heard.taken == []
    assert harness.clock.now() == NOON + timedelta(seconds=0.1)


class PromptOwners(MemoryProductStore):
    """A store whose products have always just been announced when they are looked up."""

    async def find(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, ProductRecord | Unreadable]:
        await self.mark_announced([self.rows[key] for key in keys])
        return await super().find(keys)


async def test_a_missing_announcement_is_made_for_its_owner() -> None:
    """The owner may be dead."""
    harness = line_with(a_record())
    await harness.completion.complete([Assembly.of_record(a_record())])
    assert [one.revision for one in harness.heard.taken] == [1]
    assert harness.stored.rows[KEY].unannounced_revision is None


async def test_an_announcement_that_was_overtaken_is_made_of_the_newest() -> None:
    """What is read after the patience counts, not what was read before."""
    harness = line_with(a_record(revision=2))
    await harness.completion.complete([Assembly.of_record(a_record(revision=1))])
    assert [one.revision for one in harness.heard.taken] == [2]


async def test_nothing_is_waited_for_where_nothing_is_due() -> None:
    """Backoff is for the announcements of others alone."""
    harness = AssemblyHarness()
    await harness.completion.complete([a_pair(), a_pair(a_key(2))])
    assert harness.clock.now() == NOON


async def test_a_revision_made_meanwhile_stays_unannounced_until_it_is() -> None:
    """Clearing is of the revision that was announced, and of no other."""
    harness = AssemblyHarness()

    class Racing(RecordingNotifier):
        async def notify(self, announcements: Sequence[Announcement]) -> None:
            stored = harness.stored.rows[KEY]
            harness.stored.rows[KEY] = evolve(stored, revision=2, unannounced_revision=2)

    harness.notifier = Racing()
    await harness.completion.complete([a_pair()])
    assert harness.stored.rows[KEY].unannounced_revision == 2


async def test_a_notifier_that_is_down_keeps_the_product_unannounced() -> None:
    """The next one to come by finds it."""
    harness = AssemblyHarness()
    harness.notifier = FlakyNotifier(harness.heard, strikes=[Strike("notify", unavailable("SNS"))])
    with pytest.raises(ServiceUnavailable):
        await harness.completion.complete([a_pair()])
    assert harness.stored.rows[KEY].unannounced_revision == 1
    await harness.completion.complete([a_pair()])
    assert (harness.stored.rows[KEY].unannounced_revision, len(harness.heard.taken)) == (None, 1)


# --- rows that change


@define
class ReplacingStaging(MemoryStagingStore):
    """A staging store in which a newer half has always just taken the place of the one to be dropped."""

    newer: list[Half] = field(factory=list)

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        if self.newer:
            self.rows[KEY] = a_waiting(self.newer.pop(0))
        return await super().drop(rows)


async def test_a_row_that_became_newer_is_taken_in_and_then_goes() -> None:
    """Save, announce and drop are done again."""
    harness = AssemblyHarness()
    harness.staging = staging = ReplacingStaging(newer=[NEWER])
    staging.rows[KEY] = a_waiting(CAPTION)
    case = a_pair()
    case.row = CAPTION
    await harness.completion.complete([case])
    assert (harness.stored.rows[KEY].revision, harness.stored.rows[KEY].caption.title) == (2, "Newer")
    assert ([one.revision for one in harness.heard.taken], staging.rows) == ([1, 2], {})


async def test_a_row_that_never_stops_changing_is_contention() -> None:
    """The messages come again later."""
    harness = AssemblyHarness()
    harness.staging = ReplacingStaging(newer=[a_half(minute=minute) for minute in range(1, 30)])
    case = a_pair()
    case.row = CAPTION
    with pytest.raises(TooMuchContention):
        await harness.completion.complete([case])


async def test_a_product_that_never_stops_changing_is_contention() -> None:
    """So many rounds, and no more."""

    class Contended(MemoryProductStore):
        rounds = 0

        async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
            self.rounds += 1
            return [Conflict(a_record(revision=self.rounds)) for _ in revisions]

    harness = AssemblyHarness()
    harness.products = products = Contended()
    with pytest.raises(TooMuchContention):
        await harness.completion.save([beside(a_record(), a_half(minute=99))])
    assert products.rounds == MAX_ROUNDS


async def test_only_the_cases_that_lost_a_race_are_tried_again() -> None:
    """Their batch-mates are written once."""
    harness = line_with(a_record(a_key(1), unannounced_revision=None))
    harness.products = products = FlakyProductStore(harness.stored)
    await harness.completion.save([a_pair(a_key(1)), a_pair(a_key(2))])
    assert products.calls == ["create"]
    assert harness.stored.rows[a_key(2)].revision == 1


async def test_a_row_stays_where_somebody_deleted_its_product() -> None:
    """It is all that is left of the half; its partner may come again."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting(NEWER)
    await harness.completion.complete([beside(a_record(), NEWER)])
    assert harness.rows.rows[KEY].half == NEWER
    assert harness.stored.rows == {}


async def test_no_cases_are_no_calls() -> None:
    """An empty batch costs nothing."""
    harness = AssemblyHarness()
    harness.products = products = FlakyProductStore(harness.stored)
    await harness.completion.complete([])
    assert products.calls == []


# --- silent saves


SAME_LATER = a_half(minute=9)


async def test_a_half_of_equal_content_is_saved_silently() -> None:
    """Its version moves, so that what lies between stays out; nothing is announced, and it counts as known."""
    record = a_record(unannounced_revision=None, shown=True)
    harness = line_with(record)
    await harness.completion.complete([beside(record, SAME_LATER)])
    assert harness.stored.rows[KEY] == evolve(record, caption_version=SAME_LATER.version)
    assert (harness.heard.taken, len(harness.journal.of(ProductSaved))) == ([], 0)
    assert [entry.kind for entry in harness.journal.of(HalfWasKnown)] == [Kind.CAPTION]


async def test_a_silent_save_pays_a_debt_that_exists() -> None:
    """The process that owes it may be dead; the revision is announced as it is, and no other one is made."""
    harness = line_with(a_record())
    await harness.completion.complete([beside(a_record(), SAME_LATER)])
    assert [(one.revision, one.event_type) for one in harness.heard.taken] == [(1, "new_product")]
    assert harness.stored.rows[KEY] == evolve(
        a_record(), caption_version=SAME_LATER.version, unannounced_revision=None, shown=True
    )


async def test_a_silent_save_between_announcing_and_clearing_leaves_no_debt() -> None:
    """What was announced is what is stored, so the debt is cleared with the versions that are stored by then."""
    harness = AssemblyHarness()

    class Refreshing(RecordingNotifier):
        async def notify(self, announcements: Sequence[Announcement]) -> None:
            stored = harness.stored.rows[KEY]
            harness.stored.rows[KEY] = evolve(stored, caption_version=SAME_LATER.version)

    harness.notifier = Refreshing()
    await harness.completion.complete([a_pair()])
    stored = harness.stored.rows[KEY]
    assert (stored.unannounced_revision, stored.shown) == (None, True)


async def test_the_debt_of_a_product_that_was_saved_again_after_a_deletion_stays() -> None:
    """Its first revision has the same number as the one that was announced, and is another one."""
    harness = AssemblyHarness()
    again = a_record(caption=a_caption(title="Again"), created_at=NOON + timedelta(hours=1))

    class Replacing(RecordingNotifier):
        async def notify(self, announcements: Sequence[Announcement]) -> None:
            harness.stored.rows[KEY] = again

    harness.notifier = Replacing()
    await harness.completion.complete([a_pair()])
    assert harness.stored.rows[KEY] == again


async def test_a_product_saved_again_without_what_the_case_knows_takes_it_in_before_the_row_goes() -> None:
    """The row is dropped only when the product that is stored has its half."""
    harness = line_with(a_record())
    harness.rows.rows[KEY] = a_waiting(NEWER)
    again = a_record(created_at=NOON + timedelta(hours=1))
    notified: list[int] = []

    class Replacing(RecordingNotifier):
        async def notify(self, announcements: Sequence[Announcement]) -> None:
            notified.extend(one.revision for one in announcements)
            if len(notified) == 1:
                harness.stored.rows[KEY] = again

    harness.notifier = Replacing()
    await harness.completion.complete([beside(a_record(), NEWER)])
    assert (harness.stored.rows[KEY].caption.title, harness.stored.rows[KEY].created_at) == ("Newer", again.created_at)
    assert harness.rows.rows == {}


async def test_a_case_whose_product_was_deleted_is_given_back() -> None:
    """Its half has to be staged again: nothing else holds it for sure."""
    harness = AssemblyHarness()
    case = beside(a_record(), NEWER)
    assert await harness.completion.complete([case]) == [case]


async def test_a_first_announcement_is_of_a_new_product_whatever_its_revision() -> None:
    """A page that adds products on ``new_product`` alone shows it."""
    harness = line_with(a_record())
    case = beside(a_record(), NEWER)
    await harness.completion.complete([case])
    assert [(one.revision, one.event_type) for one in harness.heard.taken] == [(2, "new_product")]
