"""An import: a merge that is repeatable, resumable, and stopped by no line."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from attrs import evolve

from linkhub_core.application.export_lines import end_line, header_line, item_line
from linkhub_core.application.import_all import ATTEMPTS, BATCH_BYTES, BATCH_SIZE, Count
from linkhub_core.errors import ExportCut, ExportRefused, ServiceUnavailable, StoreRefused
from linkhub_core.model import Kind
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_UPDATED
from linkhub_core.ports import DeadLetterQuery
from linkhub_core.testing.builders import (
    KEY,
    NOON,
    a_caption,
    a_half,
    a_key,
    a_record,
    a_tombstone,
    a_waiting,
    an_outgoing,
    an_unreadable,
)
from linkhub_core.testing.flaky import FlakyProductStore, Strike, unavailable
from linkhub_core.testing.queue_contents import a_letter, a_queued
from tests.core.application.transfer_harness import TransferHarness, content_of, given_lines

HEADER = header_line(linkhub="1.0", exported_at=NOON, queues=True)
NEWER = a_caption(title="Newer")
NEWER_HALF = a_half(minute=99, content=NEWER)
SHOWN = evolve(a_record(revision=3), unannounced_revision=None, shown=True)


def lines_of(*items: object) -> list[bytes]:
    """The lines of an export with these items, or lines."""
    lines = [one if isinstance(one, bytes) else item_line(one) for one in items]  # type: ignore[arg-type]
    return [HEADER, *lines, end_line({}, 0)]


EVERYTHING = lines_of(
    a_queued(),
    a_waiting(a_half(key=a_key(1))),
    SHOWN,
    a_tombstone(evolve(SHOWN, key=a_key(2), shown=False)),
    a_letter(),
)


async def test_everything_arrives() -> None:
    """What is exported from the copy is what was imported, but for what it says of announcements."""
    backend = TransferHarness()
    tally = await backend.take(EVERYTHING, quiet=True)
    assert content_of(await backend.export()) == content_of(EVERYTHING)
    assert tally.lines == len(EVERYTHING)
    assert tally.counts == {
        Count.MESSAGES: 1,
        Count.STAGED: 1,
        Count.CREATED: 2,
        Count.LETTERS: 1,
    }
    assert backend.notifier.taken == []


async def test_a_second_import_changes_nothing() -> None:
    """It counts what it found, and announces nothing."""
    backend = TransferHarness()
    await backend.take(EVERYTHING)
    before, announced = await backend.export(), len(backend.notifier.taken)
    backend.clock.advance(3600)
    tally = await backend.take(EVERYTHING)
    assert content_of(await backend.export()) == content_of(before)
    assert len(backend.notifier.taken) == announced
    assert tally.counts == {
        Count.KNOWN_MESSAGES: 1,
        Count.KNOWN_HALVES: 1,
        Count.UNCHANGED: 2,
        Count.KNOWN_LETTERS: 1,
    }


async def test_a_dry_run_writes_nothing_and_counts_the_same() -> None:
    """Before the import and after it."""
    backend = TransferHarness()
    for _ in range(2):
        before = await backend.export()
        foreseen = await backend.take(EVERYTHING, dry_run=True)
        assert await backend.export() == before
        assert await backend.take(EVERYTHING) == foreseen


async def test_new_products_are_announced_unless_the_import_is_quiet() -> None:
    """As new ones; a tombstone is not."""
    backend = TransferHarness()
    await backend.take(EVERYTHING)
    assert [(one.event_type, one.revision) for one in backend.notifier.taken] == [(NEW_PRODUCT, 3)]
    stored = backend.products.rows[KEY]
    assert (stored.unannounced_revision, stored.shown, stored.revision) == (None, True, 3)


async def test_an_improvement_is_announced_as_an_update() -> None:
    """Of a product that was shown here."""
    backend = TransferHarness()
    backend.products.put(SHOWN)
    exported = evolve(a_record(revision=7), caption=NEWER, caption_version=NEWER_HALF.version)
    tally = await backend.take(lines_of(exported))
    assert [(one.event_type, one.revision) for one in backend.notifier.taken] == [(PRODUCT_UPDATED, 8)]
    assert tally.counts == {Count.IMPROVED: 1}


async def test_a_debt_is_paid_before_a_revision_is_raised() -> None:
    """The revision that was owed is announced once; the greater one is not."""
    backend = TransferHarness()
    backend.products.put(a_record(revision=3))
    tally = await backend.take(lines_of(evolve(SHOWN, revision=9)))
    assert [one.revision for one in backend.notifier.taken] == [3]
    stored = backend.products.rows[KEY]
    assert (stored.revision, stored.unannounced_revision, stored.shown) == (9, None, True)
    assert tally.counts == {Count.REFRESHED: 1}


async def test_a_debt_of_a_product_that_is_the_same_is_paid() -> None:
    """An import that was killed before it announced is completed by the next."""
    backend = TransferHarness()
    backend.products.put(a_record(revision=3))
    await backend.take(lines_of(SHOWN))
    assert [one.revision for one in backend.notifier.taken] == [3]


async def test_a_half_joins_its_partner_here() -> None:
    """The product is saved and announced; no row is left."""
    backend = TransferHarness()
    await backend.staging.stage([a_waiting(a_half(Kind.THUMBNAIL))])
    tally = await backend.take(lines_of(a_waiting()))
    assert list(backend.products.rows) == [KEY]
    assert backend.staging.rows == {}
    assert [one.event_type for one in backend.notifier.taken] == [NEW_PRODUCT]
    assert tally.counts == {Count.COMPLETED: 1}


async def test_both_halves_of_a_row_become_a_product() -> None:
    """As another service kept them."""
    source, backend = TransferHarness(), TransferHarness()
    source.staging.rows[KEY] = evolve(a_waiting(), other=a_half(Kind.THUMBNAIL), is_foreign=True)
    await backend.take(await source.export())
    assert (list(backend.products.rows), backend.staging.rows) == ([KEY], {})


async def test_a_product_takes_in_the_half_that_waits_here() -> None:
    """A newer caption that waits in vain would be lost to readers until the next sweep."""
    backend = TransferHarness()
    await backend.staging.stage([a_waiting(NEWER_HALF)])
    await backend.take(lines_of(SHOWN), quiet=True)
    stored = backend.products.rows[KEY]
    assert (stored.caption.title, stored.revision, backend.staging.rows) == ("Newer", 4, {})
    assert [one.revision for one in backend.notifier.taken] == [4]


@pytest.mark.parametrize(("left", "expected"), [(timedelta(days=3), timedelta(days=3)), (-timedelta(days=9), None)])
async def test_a_half_keeps_its_expiry_or_gets_some_time(left: timedelta, expected: timedelta | None) -> None:
    """A half that has little time left gets a tenth of the usual time; a second import gives it no more."""
    backend = TransferHarness()
    now = backend.clock.now()
    line = lines_of(a_waiting(expires_at=now + left))
    await backend.take(line)
    assert backend.staging.rows[KEY].expires_at == now + (expected or timedelta(days=0.7))
    backend.clock.advance(3600)
    await backend.take(line)
    assert backend.staging.rows[KEY].expires_at == now + (expected or timedelta(days=0.7))


async def test_bad_lines_are_named_and_delay_no_other() -> None:
    """With their numbers."""
    backend = TransferHarness()
    tally = await backend.take(lines_of(b'{"type":\n', SHOWN, b'{"type":"half"}\n'))
    assert [one.line for one in backend.refused] == [2, 4]
    assert tally.counts == {Count.CREATED: 1, Count.REFUSED: 2}


async def test_what_a_store_refuses_is_named_and_delays_no_other() -> None:
    """A row that cannot be read, or a product that is too large."""
    backend = TransferHarness()
    backend.products.unreadable[a_key(1)] = an_unreadable(a_key(1))
    backend.staging.unreadable[a_key(1)] = an_unreadable(a_key(1))
    records = [evolve(SHOWN, key=a_key(number)) for number in range(3)]
    halves = [a_waiting(a_half(key=a_key(number))) for number in range(3)]
    tally = await backend.take(lines_of(*halves, *records))
    assert [one.name for one in backend.refused] == [f"half {a_key(1)}", f"product {a_key(1)}"]
    assert sorted(backend.products.rows) == [a_key(0), a_key(2)]
    assert tally.counts == {Count.STAGED: 2, Count.CREATED: 2, Count.REFUSED: 2}


async def test_a_service_that_is_down_for_a_moment_ends_no_import() -> None:
    """The batch is tried again after a pause."""
    backend = TransferHarness()
    strikes = [Strike("create", unavailable()), Strike("create", unavailable(), after=True)]
    backend.ports["products"] = FlakyProductStore(inner=backend.products, strikes=strikes)
    tally = await backend.take(lines_of(SHOWN))
    assert tally.counts == {Count.CREATED: 1}
    assert list(backend.products.rows) == [KEY]
    assert [one.revision for one in backend.notifier.taken] == [3]


async def test_a_service_that_stays_down_ends_the_import() -> None:
    """After some attempts; what came before is imported."""
    backend = TransferHarness()
    strikes = [Strike("find", unavailable(), times=ATTEMPTS)]
    backend.ports["products"] = FlakyProductStore(inner=backend.products, strikes=strikes)
    with pytest.raises(ServiceUnavailable):
        await backend.take(lines_of(a_queued(), SHOWN))
    assert len(backend.queue.queued()) == 1


async def test_lines_before_the_cut_are_imported() -> None:
    """Then the missing last line is reported."""
    backend = TransferHarness()
    with pytest.raises(ExportCut):
        await backend.take([HEADER, item_line(SHOWN)])
    assert list(backend.products.rows) == [KEY]


async def test_what_is_no_export_changes_nothing() -> None:
    """The first line decides."""
    backend = TransferHarness()
    with pytest.raises(ExportRefused):
        await backend.take([item_line(SHOWN)])
    assert backend.products.rows == {}


async def test_a_product_may_be_in_a_file_twice() -> None:
    """In two exports that follow each other."""
    backend = TransferHarness()
    later = evolve(SHOWN, caption=NEWER, caption_version=NEWER_HALF.version, revision=4)
    tally = await backend.take([*lines_of(SHOWN), *lines_of(later)])
    assert backend.products.rows[KEY].caption.title == "Newer"
    assert tally.counts == {Count.CREATED: 1, Count.IMPROVED: 1}


async def test_many_lines_go_in_batches() -> None:
    """Each product of them is announced."""
    backend = TransferHarness()
    records = [evolve(SHOWN, key=a_key(number)) for number in range(BATCH_SIZE + 1)]
    tally = await backend.take(lines_of(*records))
    assert tally.counts == Counter({Count.CREATED: BATCH_SIZE + 1})
    assert len(backend.notifier.taken) == BATCH_SIZE + 1


@pytest.mark.parametrize(
    ("size_bytes", "batches"), [(1, [3]), (BATCH_BYTES // 2 - 1_000, [2, 3]), (BATCH_BYTES, [1, 2, 3])]
)
async def test_a_batch_has_a_bound_in_bytes(size_bytes: int, batches: list[int]) -> None:
    """The progress is reported after each batch; a line that is larger than the bound is a batch."""
    messages = [a_queued(number, body="x" * size_bytes) for number in range(3)]
    progress: list[int] = []
    await TransferHarness().importing(
        given_lines(lines_of(*messages)),
        quiet=True,
        progress=lambda tally: progress.append(tally.counts[Count.MESSAGES]),
    )
    assert progress == batches


async def test_a_message_that_came_with_the_import_is_assembled_by_the_rules() -> None:
    """Its stamp counts as at most its first sending, and letters keep theirs."""
    source, backend = TransferHarness(), TransferHarness()
    await source.queue.publish([an_outgoing()])
    backend.clock.advance(7 * 86400)
    await backend.take(await source.export())
    (delivery,) = await backend.queue.receive()
    assert delivery.first_sent_at == source.clock.now()
    assert [one async for one in backend.queue.browse(DeadLetterQuery())] == []


async def test_an_import_that_a_store_refuses_at_the_border_names_the_message() -> None:
    """A body that the technology cannot hold."""
    backend = TransferHarness()

    class Narrow:
        async def add(self, messages: list[object], *, dry_run: bool = False) -> list[object]:
            raise StoreRefused("queue", "too long")

    backend.ports["queue_contents"] = Narrow()
    tally = await backend.take(lines_of(a_queued(1), a_queued(2)))
    assert [(one.name, one.problem) for one in backend.refused] == [
        ("message elsewhere-1", "queue refused the value: too long"),
        ("message elsewhere-2", "queue refused the value: too long"),
    ]
    assert tally.counts == {Count.REFUSED: 2}
