"""Adoption: every row of another service becomes linkhub's, whenever it is killed, and no newer half is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from attrs import define, evolve

from linkhub_adapters.memory import MemoryProductStore, MemoryStagingStore
from linkhub_core.application import Adopt, AdoptionPlan
from linkhub_core.errors import StoreRefused
from linkhub_core.model import OLDER_THAN_ANY_EVENT, Half, Kind, ProductKey, ProductRecord, WaitingHalf
from linkhub_core.ports import DropOutcome, ReviseOutcome, Revision
from linkhub_core.testing.builders import a_caption, a_half, a_key, a_record, a_waiting, an_outgoing, an_unreadable
from tests.core.application.assembly_harness import AssemblyHarness

OLD = OLDER_THAN_ANY_EVENT


def a_foreign_record(key: ProductKey) -> ProductRecord:
    """A product that another service saved."""
    return a_record(key, revision=0, caption_version=OLD, thumbnails_version=OLD, unannounced_revision=None, shown=True)


def a_pair(key: ProductKey) -> WaitingHalf:
    """A row with both halves."""
    other = a_half(Kind.THUMBNAIL, key=key)
    return evolve(a_waiting(a_half(key=key)), other=other, is_foreign=True)


def a_lone_half(key: ProductKey) -> WaitingHalf:
    """A row with one half."""
    return evolve(a_waiting(a_half(key=key, content=a_caption(title="Waiting"))), is_foreign=True)


PRODUCT, LONE, PAIR, FOLDED, BROKEN, OURS = (a_key(number) for number in range(1, 7))


def _line() -> AssemblyHarness:
    """A product, a half, a pair, a half beside its product, a row that cannot be read, and a half of linkhub's own."""
    harness = AssemblyHarness()
    harness.stored.rows = {key: a_foreign_record(key) for key in (PRODUCT, FOLDED)}
    harness.rows.rows = {
        LONE: a_lone_half(LONE),
        PAIR: a_pair(PAIR),
        FOLDED: a_lone_half(FOLDED),
        OURS: a_waiting(a_half(key=OURS)),
    }
    harness.rows.unreadable[BROKEN] = an_unreadable(BROKEN)
    return harness


def _adopt(harness: AssemblyHarness) -> Adopt:
    return Adopt(products=harness.products, staging=harness.staging, sweep=harness.sweep)


def _assert_adopted(harness: AssemblyHarness) -> None:
    assert {key: record.revision for key, record in harness.stored.rows.items()} == {PRODUCT: 1, FOLDED: 2, PAIR: 1}
    assert harness.stored.rows[PRODUCT] == evolve(a_foreign_record(PRODUCT), revision=1)
    assert set(harness.rows.rows) == {LONE, OURS}
    assert not any(row.is_foreign for row in harness.rows.rows.values())
    assert [record.unannounced_revision for record in harness.stored.rows.values()] == [None] * 3


async def test_a_plan_counts_and_changes_nothing() -> None:
    """Products, halves and pairs of the other service, with examples, and what cannot be read."""
    harness = _line()
    stored, rows = dict(harness.stored.rows), dict(harness.rows.rows)
    plan = await _adopt(harness).plan()
    assert (plan.products, plan.halves, plan.pairs, plan.unreadable_count) == (2, 2, 1, 1)
    assert [record.key for record in plan.product_examples] == [PRODUCT, FOLDED]
    assert [row.video_id for row in plan.unreadable] == [BROKEN.video_id]
    assert (harness.stored.rows, harness.rows.rows, harness.heard.taken) == (stored, rows, [])


async def test_all_rows_are_adopted() -> None:
    """Products keep what they say, halves wait on, pairs are joined, and a half beside its product goes into it."""
    harness = _line()
    adoption = await _adopt(harness)()
    assert (adoption.products, adoption.halves, adoption.refused) == (2, 2, [])
    _assert_adopted(harness)
    assert (await _adopt(harness).plan()).is_empty


async def test_events_say_what_was_shown_before() -> None:
    """A product that another service showed is updated; a pair that it did not join is new; others are silent."""
    harness = _line()
    await _adopt(harness)()
    assert {one.key: one.event_type for one in harness.heard.taken} == {FOLDED: "product_updated", PAIR: "new_product"}


async def test_a_half_improves_a_product_that_was_not_adopted() -> None:
    """Without any adoption: the first revision of linkhub's is an update."""
    harness = _line()
    await harness.post(an_outgoing(video_id=PRODUCT.video_id, title="Newer"))
    await harness.turn()
    record = harness.stored.rows[PRODUCT]
    assert (record.caption.title, record.revision, record.shown) == ("Newer", 1, True)
    assert [(one.key, one.event_type, one.revision) for one in harness.heard.taken] == [(PRODUCT, "product_updated", 1)]


@pytest.mark.parametrize("kind", [*Kind])
async def test_a_message_joins_a_pair_at_once(kind: Kind) -> None:
    """Whichever half it brings: the newest of each kind are in the product, and the row is gone."""
    harness = AssemblyHarness()
    harness.rows.rows[PAIR] = a_pair(PAIR)
    await harness.post(an_outgoing(kind, video_id=PAIR.video_id))
    await harness.turn()
    assert set(harness.stored.rows) == {PAIR}
    assert (harness.rows.rows, [one.event_type for one in harness.heard.taken]) == ({}, ["new_product"])


async def test_a_sweep_joins_a_pair_however_old_it_is() -> None:
    """It is never an orphan."""
    harness = AssemblyHarness()
    harness.rows.rows[PAIR] = evolve(a_pair(PAIR), expires_at=harness.clock.now() - timedelta(days=9))
    swept = await harness.sweep()
    assert (swept.folded, swept.expired, set(harness.stored.rows), harness.rows.rows) == (1, 0, {PAIR}, {})


class Killed(BaseException):
    """The process is gone."""


@define
class MortalStagingStore(MemoryStagingStore):
    """Its process is killed after so many calls that write."""

    calls_left: int = 99

    def _live(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Killed

    async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
        """See the port."""
        self._live()
        return await super().drop(rows)


@define
class MortalProductStore(MemoryProductStore):
    """Its process is killed after so many calls that write."""

    calls_left: int = 99

    async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
        """See the port."""
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Killed
        return await super().revise(revisions)


@pytest.mark.parametrize("products_left", range(3))
@pytest.mark.parametrize("staging_left", range(3))
async def test_a_run_that_is_killed_is_finished_by_the_next(products_left: int, staging_left: int) -> None:
    """After any number of writes."""
    harness = _line()
    harness.products = MortalProductStore(rows=harness.stored.rows, calls_left=products_left)
    harness.staging = MortalStagingStore(
        rows=harness.rows.rows, unreadable=harness.rows.unreadable, calls_left=staging_left
    )
    try:
        await _adopt(harness)()
    except* Killed:
        pass
    harness.products, harness.staging = harness.stored, harness.rows
    await _adopt(harness)()
    _assert_adopted(harness)


async def test_what_a_consumer_saves_meanwhile_is_not_covered() -> None:
    """A newer caption that was acknowledged between the reading and the writing stays."""
    harness = _line()

    @define
    class Busy(MemoryProductStore):
        async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
            newer = evolve(a_foreign_record(PRODUCT), revision=1, caption=a_caption(title="Newer"))
            self.rows[PRODUCT] = evolve(newer, caption_version=a_half(minute=9).version)
            return await super().revise(revisions)

    harness.products = Busy(rows=harness.stored.rows)
    await _adopt(harness)()
    assert harness.stored.rows[PRODUCT].caption.title == "Newer"


async def test_a_row_that_a_store_refuses_delays_no_other() -> None:
    """It is named, and the others of its batch are adopted."""
    harness = _line()

    @define
    class Refusing(MemoryProductStore):
        async def revise(self, revisions: Sequence[Revision]) -> Sequence[ReviseOutcome]:
            if any(revision.after.key == PRODUCT for revision in revisions):
                raise StoreRefused("products", "too large")
            return await super().revise(revisions)

    harness.products = Refusing(rows=harness.stored.rows)
    adoption = await _adopt(harness)()
    assert [(row.video_id, "too large" in row.problem) for row in adoption.refused] == [(PRODUCT.video_id, True)]
    assert harness.stored.rows[FOLDED].revision == 2


def test_a_plan_names_only_the_first_rows() -> None:
    """A table of nothing but broken rows fills no memory."""
    plan = AdoptionPlan()
    for number in range(500):
        plan.name(an_unreadable(a_key(number)))
    assert (plan.unreadable_count, len(plan.unreadable)) == (500, 100)
