"""Sweeping: then no row exists beside its product, every product is announced, and orphans are removed and logged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from attrs import define

from linkhub_adapters.memory import MemoryStagingStore
from linkhub_core.application.sweep import BATCH_SIZE, SAMPLE_SIZE
from linkhub_core.errors import ServiceUnavailable, StoreRefused, TransientError
from linkhub_core.model import Half, Kind, ProductKey, WaitingHalf
from linkhub_core.model.journal_entries import HalfExpired, HalvesExpired, ProductAnnounced, RowSkipped, Swept
from linkhub_core.ports import DropOutcome, Unreadable
from linkhub_core.testing.builders import KEY, NOON, a_caption, a_half, a_key, a_record, a_waiting, an_unreadable
from linkhub_core.testing.flaky import FlakyNotifier, FlakyProductStore, Strike, unavailable
from tests.core.application.assembly_harness import AssemblyHarness

NEWER = a_half(minute=9, content=a_caption(title="Newer"))


async def test_a_row_beside_its_product_is_folded_in_and_goes() -> None:
    """A half that is newer than the product's becomes the next revision."""
    harness = AssemblyHarness()
    harness.stored.rows[KEY] = a_record(unannounced_revision=None)
    harness.rows.rows[KEY] = a_waiting(NEWER)
    swept = await harness.sweep()
    assert (harness.stored.rows[KEY].caption.title, harness.stored.rows[KEY].revision) == ("Newer", 2)
    assert (harness.rows.rows, [one.revision for one in harness.heard.taken]) == ({}, [2])
    assert swept == Swept(seen=1, folded=1, expired=0, announced=0)


async def test_a_row_that_its_product_has_already_just_goes() -> None:
    """Nothing is written, nothing announced."""
    harness = AssemblyHarness()
    record = a_record(caption_version=a_half().version, unannounced_revision=None)
    harness.stored.rows[KEY] = record
    harness.rows.rows[KEY] = a_waiting()
    await harness.sweep()
    assert (harness.rows.rows, harness.stored.rows, harness.heard.taken) == ({}, {KEY: record}, [])


@pytest.mark.parametrize(("age_hours", "stays"), [(0, True), (23.9, True), (24, False), (72, False)])
async def test_a_half_goes_when_its_time_is_over_and_its_product_never_came(age_hours: float, stays: bool) -> None:
    """The entry has its key, its message and its age."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting(a_half(Kind.THUMBNAIL))
    harness.clock.advance(age_hours * 3600)
    swept = await harness.sweep()
    assert (KEY in harness.rows.rows, swept.expired) == (stays, 0 if stays else 1)
    expired = [
        (entry.key, entry.kind, entry.origin.correlation_id, entry.age) for entry in harness.journal.of(HalfExpired)
    ]
    assert expired == ([] if stays else [(KEY, Kind.THUMBNAIL, "c-1", timedelta(hours=age_hours))])


async def test_an_orphan_is_reported_before_it_goes() -> None:
    """If the bus is down, it stays for the next sweep, which reports it; one of two sweeps at once reports it."""
    harness = AssemblyHarness()
    harness.rows.rows[KEY] = a_waiting()
    harness.clock.advance(86_400)
    harness.notifier = FlakyNotifier(harness.heard, strikes=[Strike("report", unavailable())])
    with pytest.raises(ServiceUnavailable):
        await harness.sweep()
    assert KEY in harness.rows.rows
    await asyncio.gather(harness.sweep(), harness.sweep())
    assert [(report.event_type, report.key, report.waiting) for report in harness.heard.reports] == [
        ("half_expired", KEY, Kind.CAPTION)
    ]
    assert not harness.rows.rows


async def test_a_row_past_its_time_beside_its_product_is_folded_in_not_lost() -> None:
    """Late is not never."""
    harness = AssemblyHarness()
    harness.stored.rows[KEY] = a_record(unannounced_revision=None)
    harness.rows.rows[KEY] = a_waiting(NEWER, expires_at=NOON - timedelta(days=1))
    await harness.sweep()
    assert harness.stored.rows[KEY].caption.title == "Newer"
    assert not harness.journal.of(HalfExpired)


async def test_an_orphan_that_changes_at_the_last_moment_stays() -> None:
    """Only the very row that was looked at is removed."""

    @define
    class Renewed(MemoryStagingStore):
        async def drop(self, rows: Sequence[Half | WaitingHalf]) -> Sequence[DropOutcome]:
            self.rows[KEY] = a_waiting(NEWER)
            return await super().drop(rows)

    harness = AssemblyHarness()
    harness.staging = staging = Renewed({KEY: a_waiting(expires_at=NOON)})
    swept = await harness.sweep()
    assert (staging.rows[KEY].half, swept.expired) == (NEWER, 0)
    assert not harness.journal.of(HalfExpired)


async def test_what_was_never_announced_is_announced() -> None:
    """By whom it was saved is not known any more."""
    harness = AssemblyHarness()
    harness.stored.rows = {a_key(number): a_record(a_key(number)) for number in range(3)}
    harness.stored.rows[a_key(1)] = a_record(a_key(1), unannounced_revision=None)
    swept = await harness.sweep()
    assert (swept.announced, [one.key for one in harness.heard.taken]) == (2, [a_key(0), a_key(2)])
    assert not any(record.unannounced_revision for record in harness.stored.rows.values())
    assert {entry.origin.correlation_id for entry in harness.journal.of(ProductAnnounced)} == {""}


async def test_a_second_sweep_finds_nothing_to_do() -> None:
    """And says so."""
    harness = AssemblyHarness()
    harness.stored.rows[KEY] = a_record()
    harness.rows.rows[KEY] = a_waiting(NEWER)
    harness.rows.rows[a_key(2)] = a_waiting(a_half(key=a_key(2)))
    await harness.sweep()
    heard = len(harness.heard.taken)
    assert await harness.sweep() == Swept(seen=1, folded=0, expired=0, announced=0)
    assert (len(harness.heard.taken), list(harness.rows.rows)) == (heard, [a_key(2)])


async def test_a_large_staging_is_swept_in_batches() -> None:
    """Every row is seen; none of the calls is larger than a batch."""
    harness = AssemblyHarness()
    count = 2 * BATCH_SIZE + 1
    harness.rows.rows = {a_key(number): a_waiting(a_half(key=a_key(number))) for number in range(count)}
    harness.products = products = FlakyProductStore(harness.stored)
    assert (await harness.sweep()).seen == count
    assert products.calls == ["find"] * 3


async def test_a_sweep_that_fails_half_way_goes_on_from_there_the_next_time() -> None:
    """Nothing is lost, and the product stays due."""
    harness = AssemblyHarness()
    harness.stored.rows[KEY] = a_record()
    harness.notifier = FlakyNotifier(harness.heard, strikes=[Strike("notify", unavailable())])
    with pytest.raises(TransientError):
        await harness.sweep()
    assert harness.stored.rows[KEY].unannounced_revision == 1
    assert (await harness.sweep()).announced == 1


class _ForeignRows(MemoryStagingStore):
    """A staging table in which somebody else keeps things, too."""

    async def scan(self) -> AsyncIterator[WaitingHalf | Unreadable]:
        """Give what can be read, then tell what cannot."""
        async for waiting in super().scan():
            yield waiting
        raise unavailable("staging")


async def test_a_scan_that_fails_keeps_no_product_from_being_announced() -> None:
    """The error is raised after everything else was completed."""
    harness = AssemblyHarness(rows=_ForeignRows())
    harness.stored.rows[KEY] = a_record()
    harness.rows.rows[KEY] = a_waiting(NEWER)
    harness.stored.rows[a_key(2)] = a_record(a_key(2))
    with pytest.raises(TransientError):
        await harness.sweep()
    assert harness.rows.rows == {}
    assert {record.unannounced_revision for record in harness.stored.rows.values()} == {None}


async def test_a_sweep_is_written_to_the_journal() -> None:
    """The same as to the caller."""
    harness = AssemblyHarness()
    assert harness.journal.of(Swept) == []
    assert [await harness.sweep()] == harness.journal.of(Swept)


# --- rows that fail


async def test_a_row_that_cannot_be_read_delays_no_other() -> None:
    """It is counted and recorded with what is wrong with it; rows behind it are folded in."""
    harness = AssemblyHarness()
    harness.rows.unreadable[a_key(1)] = an_unreadable(a_key(1))
    harness.stored.unreadable[a_key(2)] = an_unreadable(a_key(2))
    harness.rows.rows[a_key(2)] = a_waiting(a_half(key=a_key(2)), expires_at=NOON)
    harness.stored.rows[KEY] = a_record(unannounced_revision=None)
    harness.rows.rows[KEY] = a_waiting(NEWER)
    assert await harness.sweep() == Swept(seen=3, folded=1, expired=0, announced=0, skipped=3)
    assert harness.stored.rows[KEY].caption.title == "Newer"
    assert a_key(2) in harness.rows.rows
    skipped = {(entry.store, entry.video_id) for entry in harness.journal.of(RowSkipped)}
    assert skipped == {("staging", a_key(1).video_id), ("products", a_key(2).video_id)}


@pytest.mark.parametrize("error", [StoreRefused("products", "too large"), RuntimeError("a bug")], ids=repr)
async def test_a_row_that_a_store_refuses_delays_no_other(error: Exception) -> None:
    """Rows in the same batch, and in the batches behind it, are folded in; the row itself stays."""
    harness, count = AssemblyHarness(), 2 * BATCH_SIZE + 1
    for key in (a_key(number) for number in range(count)):
        harness.stored.rows[key] = a_record(key, unannounced_revision=None)
        harness.rows.rows[key] = a_waiting(a_half(key=key, minute=9))
    bad = a_key(1)

    def holds_the_bad_one(keys: Sequence[ProductKey]) -> bool:
        return bad in keys

    harness.products = FlakyProductStore(harness.stored, strikes=[Strike("find", error, None, of=holds_the_bad_one)])
    swept = await harness.sweep()
    assert (swept.seen, swept.folded, swept.skipped) == (count, count - 1, 1)
    assert list(harness.rows.rows) == [bad]
    (skipped,) = harness.journal.of(RowSkipped)
    assert (skipped.video_id, skipped.problem) == (bad.video_id, str(error) if "too" in str(error) else repr(error))


async def test_a_transient_error_of_one_row_delays_no_other_and_is_raised_in_the_end() -> None:
    """A text that AWS may mean for good or for now stops neither the rows behind it nor the products."""
    harness, count = AssemblyHarness(), 2 * BATCH_SIZE + 1
    for key in (a_key(number) for number in range(count)):
        harness.stored.rows[key] = a_record(key)
        harness.rows.rows[key] = a_waiting(a_half(key=key, minute=9))
    bad = a_key(1)
    harness.products = FlakyProductStore(
        harness.stored, strikes=[Strike("find", unavailable(), None, of=lambda keys: bad in keys)]
    )
    with pytest.raises(TransientError):
        await harness.sweep()
    assert list(harness.rows.rows) == [bad]
    assert {record.key for record in harness.stored.rows.values() if record.unannounced_revision} == {bad}


async def test_a_service_that_is_down_ends_the_sweep_after_few_calls() -> None:
    """Not every row of a large staging is tried alone."""
    harness, count = AssemblyHarness(), 20 * BATCH_SIZE
    harness.rows.rows = {a_key(number): a_waiting(a_half(key=a_key(number))) for number in range(count)}
    harness.products = products = FlakyProductStore(harness.stored, strikes=[Strike("find", unavailable(), None)])
    with pytest.raises(TransientError):
        await harness.sweep()
    assert len(products.calls) < 100


async def test_a_mass_expiry_is_one_summary_and_a_bounded_sample() -> None:
    """Ten thousand expired rows make a record for twenty of them, and one with the counts."""
    harness, count = AssemblyHarness(), 10_000
    harness.rows.rows = {
        a_key(number): a_waiting(a_half(list(Kind)[number % 2], key=a_key(number)), expires_at=NOON)
        for number in range(count)
    }
    swept = await harness.sweep()
    assert (swept.expired, harness.rows.rows) == (count, {})
    assert len(harness.journal.of(HalfExpired)) == SAMPLE_SIZE
    (summary,) = harness.journal.of(HalvesExpired)
    assert summary.counts == dict.fromkeys(Kind, count // 2)
    assert sum(summary.sampled.values()) == SAMPLE_SIZE
