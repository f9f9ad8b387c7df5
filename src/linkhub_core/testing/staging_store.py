"""The contract of :class:`~linkhub_core.ports.StagingStore`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from linkhub_core.model import Content, Half, Kind, Origin
from linkhub_core.ports import Dropped, Equal, Newer, Partner, ReportClaim, Staged, StagingStore, Superseded, Unreadable
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_key, a_waiting
from linkhub_core.testing.extremes import MOMENTS, TEXTS, extreme_captions, extreme_thumbnail_sets
from linkhub_core.testing.readable import Spoil, optional_fixture, readable, scanned
from linkhub_core.testing.strategies import halves


class StagingStoreContract:
    """Subclass it with a fixture ``staging_store`` that gives an empty store.

    Optional: a fixture ``spoil`` that gives a :data:`~linkhub_core.testing.readable.Spoil`, a coroutine function that
    writes an unreadable row under a key. Without it the tests of unreadable rows are skipped.
    """

    pytestmark = pytest.mark.asyncio

    @pytest.fixture
    def spoil(self, request: pytest.FixtureRequest) -> Spoil:
        """Writes an unreadable row."""
        spoil: Spoil = optional_fixture(request, "spoil", "rows that cannot be read are not tested")
        return spoil

    async def test_a_half_is_staged_where_no_row_is(self, staging_store: StagingStore) -> None:
        """A half without a row becomes the row, and is read back unchanged."""
        waiting = a_waiting(origin=Origin(correlation_id="c-9", traceparent="00-aa-bb-01"))
        assert await staging_store.stage([waiting]) == [Staged()]
        assert await staging_store.waiting([waiting.key]) == {waiting.key: waiting}

    async def test_the_same_half_again_is_equal(self, staging_store: StagingStore) -> None:
        """Staging the same half again returns Equal and changes the expiry only."""
        waiting = a_waiting()
        await staging_store.stage([waiting])
        again = evolve(waiting, waiting_since=NOON + timedelta(hours=1), origin=Origin(correlation_id="other"))
        assert await staging_store.stage([again]) == [Equal()]
        assert await staging_store.waiting([waiting.key]) == {waiting.key: waiting}

    async def test_a_newer_half_of_the_kind_replaces_but_keeps_the_wait(self, staging_store: StagingStore) -> None:
        """A newer version replaces the row. ``waiting_since`` is kept, the expiry is renewed."""
        old, new = a_waiting(a_half(minute=1)), a_waiting(a_half(minute=2), since=NOON + timedelta(hours=2))
        await staging_store.stage([old])
        assert await staging_store.stage([new]) == [Staged()]
        expected = evolve(new, waiting_since=old.waiting_since)
        assert await staging_store.waiting([old.key]) == {old.key: expected}

    async def test_an_expiry_is_kept_to_the_microsecond(self, staging_store: StagingStore) -> None:
        """A new and a replaced row keep their expiry to the microsecond."""
        moments = [NOON + timedelta(seconds=number, microseconds=number * 499_999) for number in range(3)]
        for minute, moment in enumerate(moments):
            waiting = a_waiting(a_half(minute=minute), expires_at=moment)
            assert await staging_store.stage([waiting]) == [Staged()]
            assert readable((await staging_store.waiting([waiting.key]))[waiting.key]).expires_at == moment

    @pytest.mark.parametrize("minute", [5, 4], ids=["equal", "superseded"])
    async def test_a_known_half_renews_the_expiry_of_its_row(self, staging_store: StagingStore, minute: int) -> None:
        """A copy is acknowledged, so the row must wait as long as the copy would."""
        row = a_waiting(a_half(minute=5))
        await staging_store.stage([row])
        later = a_waiting(a_half(minute=minute), since=NOON + timedelta(hours=9))
        assert await staging_store.stage([later]) == [Equal() if minute == 5 else Superseded()]
        assert await staging_store.waiting([row.key]) == {row.key: evolve(row, expires_at=later.expires_at)}

    @pytest.mark.parametrize("minute", [4, 5, 6], ids=["superseded", "equal", "newer"])
    async def test_an_expiry_only_moves_later(self, staging_store: StagingStore, minute: int) -> None:
        """A consumer whose clock is behind never shortens the expiry."""
        row = a_waiting(a_half(minute=5))
        await staging_store.stage([row])
        await staging_store.stage([a_waiting(a_half(minute=minute), since=NOON - timedelta(hours=9))])
        assert readable((await staging_store.waiting([row.key]))[row.key]).expires_at == row.expires_at

    async def test_a_renewal_is_left_out_within_the_slack(self, staging_store: StagingStore) -> None:
        """A row that expires earlier by at most the slack is not renewed, which saves the write."""
        row = a_waiting()
        await staging_store.stage([row])
        slack = timedelta(hours=2)
        for hours, renewed in ((1, False), (2, False), (3, True)):
            copy = evolve(row, expires_at=row.expires_at + timedelta(hours=hours))
            assert await staging_store.stage([copy], slack=slack) == [Equal()]
            expected = copy if renewed else row
            assert await staging_store.waiting([row.key]) == {row.key: expected}

    async def test_an_orphan_is_dropped_only_with_its_expiry_as_read(self, staging_store: StagingStore) -> None:
        """A renewed row holds an acknowledged half; ``drop`` with a plain half ignores the expiry."""
        read = a_waiting()
        renewed = evolve(read, expires_at=read.expires_at + timedelta(hours=1))
        await staging_store.stage([read])
        await staging_store.stage([renewed])
        assert await staging_store.drop([read]) == [Newer(renewed)]
        assert await staging_store.drop([renewed]) == [Dropped()]
        await staging_store.stage([renewed])
        assert await staging_store.drop([read.half]) == [Dropped()]
        assert await staging_store.waiting([read.key]) == {}

    async def test_an_older_half_of_the_kind_is_superseded(self, staging_store: StagingStore) -> None:
        """An older version changes nothing."""
        new = a_waiting(a_half(minute=2))
        await staging_store.stage([new])
        assert await staging_store.stage([a_waiting(a_half(minute=1))]) == [Superseded()]
        assert await staging_store.waiting([new.key]) == {new.key: new}

    async def test_equal_timestamps_are_settled_by_the_content(self, staging_store: StagingStore) -> None:
        """Of two halves with equal timestamps the greater version stays, in any order."""
        lesser, greater = sorted(
            (a_half(content=a_caption(title=title)) for title in ("one", "two")), key=lambda half: half.version
        )
        await staging_store.stage([a_waiting(greater)])
        assert await staging_store.stage([a_waiting(lesser)]) == [Superseded()]
        await staging_store.drop([greater])
        await staging_store.stage([a_waiting(lesser)])
        assert await staging_store.stage([a_waiting(greater)]) == [Staged()]

    async def test_the_other_half_is_the_partner_and_stays(self, staging_store: StagingStore) -> None:
        """The half of the other kind is returned as the partner; its row is unchanged, expired or not."""
        caption = a_waiting(a_half(Kind.CAPTION), expires_at=NOON - timedelta(days=3))
        await staging_store.stage([caption])
        assert await staging_store.stage([a_waiting(a_half(Kind.THUMBNAIL))]) == [Partner(caption)]
        assert await staging_store.waiting([caption.key]) == {caption.key: caption}

    async def test_a_batch_has_its_outcomes_in_order(self, staging_store: StagingStore) -> None:
        """Each half has its own outcome, in the order of the batch."""
        keys = [a_key(number) for number in range(4)]
        there = [a_waiting(a_half(key=key, minute=5)) for key in keys[1:]]
        await staging_store.stage(there)
        batch = [
            a_waiting(a_half(key=keys[0])),
            a_waiting(a_half(key=keys[1], minute=4)),
            there[1],
            a_waiting(a_half(Kind.THUMBNAIL, key=keys[3])),
        ]
        assert await staging_store.stage(batch) == [Staged(), Superseded(), Equal(), Partner(there[2])]

    async def test_a_batch_may_be_larger_than_one_call_of_any_service(self, staging_store: StagingStore) -> None:
        """130 halves are staged, read and dropped in one call each."""
        batch = [a_waiting(a_half(key=a_key(number))) for number in range(130)]
        assert await staging_store.stage(batch) == [Staged()] * 130
        assert await staging_store.waiting([one.key for one in batch]) == {one.key: one for one in batch}
        assert await staging_store.drop([one.half for one in batch]) == [Dropped()] * 130
        assert await staging_store.waiting([one.key for one in batch]) == {}

    async def test_keys_without_a_row_are_left_out(self, staging_store: StagingStore) -> None:
        """A key without a row is not in the result; the same video of another seller is another row."""
        waiting = a_waiting(a_half(key=a_key(1)))
        await staging_store.stage([waiting])
        other = a_key(1, "another-seller")
        assert await staging_store.waiting([a_key(2), waiting.key, other]) == {waiting.key: waiting}

    async def test_a_row_is_dropped_if_it_holds_exactly_this_half(self, staging_store: StagingStore) -> None:
        """``drop`` deletes the row of exactly this half; a second call returns Dropped too."""
        waiting = a_waiting()
        await staging_store.stage([waiting])
        assert await staging_store.drop([waiting.half]) == [Dropped()]
        assert await staging_store.drop([waiting.half]) == [Dropped()]
        assert await staging_store.waiting([waiting.key]) == {}

    async def test_a_row_that_changed_is_not_dropped(self, staging_store: StagingStore) -> None:
        """A row with another version or another kind stays, and is returned."""
        newer, other = a_waiting(a_half(key=a_key(1), minute=2)), a_waiting(a_half(Kind.THUMBNAIL, key=a_key(2)))
        await staging_store.stage([newer, other])
        dropped = [a_half(key=a_key(1), minute=1), a_half(Kind.CAPTION, key=a_key(2))]
        assert await staging_store.drop(dropped) == [Newer(newer), Newer(other)]
        assert await staging_store.waiting([newer.key, other.key]) == {newer.key: newer, other.key: other}

    async def test_a_row_older_than_what_is_dropped_stays(self, staging_store: StagingStore) -> None:
        """A row with an older half stays, and is returned."""
        older = a_waiting(a_half(minute=1))
        await staging_store.stage([older])
        assert await staging_store.drop([a_half(minute=2)]) == [Newer(older)]
        assert await staging_store.waiting([older.key]) == {older.key: older}

    async def test_a_partner_may_be_older_or_newer(self, staging_store: StagingStore) -> None:
        """Versions of different kinds are not compared: an older or newer half is the partner."""
        rows = [a_waiting(a_half(key=a_key(number), minute=number)) for number in (0, 2)]
        await staging_store.stage(rows)
        others = [a_waiting(a_half(Kind.THUMBNAIL, key=row.key, minute=1)) for row in rows]
        assert await staging_store.stage(others) == [Partner(row) for row in rows]

    async def test_a_batch_of_drops_has_its_outcomes_in_order(self, staging_store: StagingStore) -> None:
        """A row that matches, one that changed and one that is absent each have their own outcome."""
        there, changed = a_waiting(a_half(key=a_key(1))), a_waiting(a_half(key=a_key(2), minute=5))
        await staging_store.stage([there, changed])
        batch = [a_half(key=a_key(3)), a_half(key=a_key(2), minute=4), there.half]
        assert await staging_store.drop(batch) == [Dropped(), Newer(changed), Dropped()]

    async def test_a_scan_goes_on_while_rows_go(self, staging_store: StagingStore) -> None:
        """Rows that are dropped during a scan neither end it nor repeat rows."""
        batch = [a_waiting(a_half(key=a_key(number))) for number in range(230)]
        await staging_store.stage(batch)
        seen = []
        async for row in staging_store.scan():
            waiting = readable(row)
            seen.append(waiting.key)
            await staging_store.drop([waiting.half])
        assert sorted(seen) == [one.key for one in batch]
        assert await staging_store.waiting([one.key for one in batch]) == {}

    async def test_a_scan_sees_every_row_once(self, staging_store: StagingStore) -> None:
        """A scan returns each row once, for any number of rows."""
        batch = [a_waiting(a_half(key=a_key(number))) for number in range(230)]
        await staging_store.stage(batch)
        seen = await scanned(staging_store.scan())
        assert sorted(seen, key=lambda one: one.key) == sorted(batch, key=lambda one: one.key)

    async def test_empty_batches_do_nothing(self, staging_store: StagingStore) -> None:
        """An empty batch gives an empty result."""
        assert await staging_store.stage([]) == []
        assert await staging_store.waiting([]) == {}
        assert await staging_store.drop([]) == []
        assert await staging_store.claim_reports([]) == []
        assert [waiting async for waiting in staging_store.scan()] == []

    async def test_of_concurrent_halves_one_is_staged(self, staging_store: StagingStore) -> None:
        """Of concurrent calls with both kinds, one stages its half and the others find it."""
        halves_at_once = [a_half(kind) for kind in (*Kind, *Kind, *Kind)]
        outcomes = await asyncio.gather(*(staging_store.stage([a_waiting(half)]) for half in halves_at_once))
        flat = [outcome for (outcome,) in outcomes]
        assert flat.count(Staged()) == 1
        assert flat.count(Equal()) == 2
        assert sum(isinstance(outcome, Partner) for outcome in flat) == 3

    async def test_of_concurrent_versions_the_newest_stays(self, staging_store: StagingStore) -> None:
        """Of concurrent versions of one kind, the row holds the newest, since the first."""
        order = (3, 0, 7, 5, 1, 6, 2, 4)
        rows = [a_waiting(a_half(minute=minute), since=NOON + timedelta(minutes=minute)) for minute in order]
        outcomes = await asyncio.gather(*(staging_store.stage([row]) for row in rows))
        assert outcomes[order.index(7)] == [Staged()]
        row = readable((await staging_store.waiting([rows[0].key]))[rows[0].key])
        assert row.half == a_half(minute=7)

    async def test_extreme_values_are_read_back_unchanged(self, staging_store: StagingStore) -> None:
        """Prices to the last decimal, unusual texts, the largest and smallest numbers are read back unchanged."""
        contents: list[Content] = [*extreme_captions(), *extreme_thumbnail_sets()]
        rows = [a_waiting(a_half(key=a_key(number), content=content)) for number, content in enumerate(contents)]
        await staging_store.stage(rows)
        stored = await staging_store.waiting([row.key for row in rows])
        for row in rows:
            assert stored[row.key] == row

    async def test_any_origin_and_time_are_read_back_unchanged(self, staging_store: StagingStore) -> None:
        """Correlation ids of any text, with and without a trace, and times of any year are read back unchanged."""
        origins = [Origin(correlation_id=text or "-", traceparent=text or None) for text in TEXTS]
        rows = [
            a_waiting(a_half(key=a_key(number)), origin=origin, waiting_since=NOON, expires_at=NOON)
            for number, origin in enumerate(origins)
        ]
        rows += [
            a_waiting(a_half(key=a_key(100 + number)), waiting_since=moment) for number, moment in enumerate(MOMENTS)
        ]
        rows += [a_waiting(a_half(key=a_key(200 + number)), expires_at=moment) for number, moment in enumerate(MOMENTS)]
        await staging_store.stage(rows)
        assert await staging_store.waiting([row.key for row in rows]) == {row.key: row for row in rows}

    async def test_valid_content_is_read_back_unchanged(self, staging_store: StagingStore) -> None:
        """Any valid content is read back unchanged."""
        samples: list[Half] = []

        @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(halves())
        def collect(half: Half) -> None:
            samples.append(half)

        collect()
        by_key = {half.key: a_waiting(half) for half in samples}
        await staging_store.stage(list(by_key.values()))
        assert await staging_store.waiting(list(by_key)) == by_key

    # --- claims of reports

    async def test_a_report_is_claimed_once(self, staging_store: StagingStore) -> None:
        """Of concurrent claims of a row as read one is set; a later claim is set on the row as it is then."""
        row, until = a_waiting(), NOON + timedelta(minutes=1, microseconds=1)
        await staging_store.stage([row])
        claims = await asyncio.gather(*(staging_store.claim_reports([ReportClaim(row, until)]) for _ in range(3)))
        assert sorted(is_set for (is_set,) in claims) == [False, False, True]
        claimed = readable((await staging_store.waiting([row.key]))[row.key])
        assert (claimed, claimed.report_claimed_until) == (row, until)
        for_good = datetime.max.replace(tzinfo=UTC)
        assert await staging_store.claim_reports([ReportClaim(claimed, for_good)]) == [True]
        (settled,) = await scanned(staging_store.scan())
        assert settled.report_claimed_until == for_good
        assert await staging_store.claim_reports([ReportClaim(settled, None)]) == [True]
        assert await staging_store.claim_reports([ReportClaim(row, until)]) == [True]

    async def test_a_claim_outlives_renewals_and_newer_halves(self, staging_store: StagingStore) -> None:
        """A copy and a newer half of the kind keep the claim; a row that was claimed is still dropped as read."""
        row = a_waiting(a_half(minute=1))
        await staging_store.stage([row])
        assert await staging_store.claim_reports([ReportClaim(row, NOON)]) == [True]
        for minute, hours in ((1, 1), (2, 2)):
            await staging_store.stage([a_waiting(a_half(minute=minute), since=NOON + timedelta(hours=hours))])
            stored = readable((await staging_store.waiting([row.key]))[row.key])
            assert stored.report_claimed_until == NOON
        assert await staging_store.drop([evolve(stored, report_claimed_until=None)]) == [Dropped()]

    async def test_no_claim_is_set_on_another_row(self, staging_store: StagingStore) -> None:
        """A row that is gone stays gone; one of the other kind, or that waits since another time, is not claimed."""
        gone, other = a_waiting(a_half(key=a_key(1))), a_waiting(a_half(Kind.THUMBNAIL, key=a_key(2)))
        later, there = a_waiting(a_half(key=a_key(3))), a_waiting(a_half(key=a_key(4)))
        await staging_store.stage([other, later, there])
        read = [gone, a_waiting(a_half(key=a_key(2))), evolve(later, waiting_since=NOON - timedelta(days=1)), there]
        claims = [ReportClaim(row, NOON) for row in read]
        assert await staging_store.claim_reports(claims) == [False, False, False, True]
        rows = await staging_store.waiting([row.key for row in read])
        assert {key: readable(row).report_claimed_until for key, row in rows.items()} == {
            other.key: None,
            later.key: None,
            there.key: NOON,
        }

    # --- rows that cannot be read

    async def test_an_unreadable_row_is_an_outcome_and_hides_no_other(
        self, staging_store: StagingStore, spoil: Spoil
    ) -> None:
        """Reads and scans return the readable rows, and an Unreadable for the other."""
        readable_ones = [a_waiting(a_half(key=a_key(number))) for number in (1, 3)]
        await staging_store.stage(readable_ones)
        await spoil(a_key(2))
        found = await staging_store.waiting([a_key(number) for number in (1, 2, 3)])
        spoilt = found[a_key(2)]
        assert isinstance(spoilt, Unreadable)
        assert (spoilt.seller_handle, spoilt.video_id) == (a_key(2).seller_handle, a_key(2).video_id)
        assert spoilt.problem
        rows = [row async for row in staging_store.scan()]
        assert spoilt in rows
        assert [row for row in readable_ones if row not in rows] == []

    async def test_no_write_changes_an_unreadable_row(self, staging_store: StagingStore, spoil: Spoil) -> None:
        """``stage`` and ``drop`` return Unreadable for it; the other rows of the batch are written."""
        await spoil(a_key(1))
        batch = [a_waiting(a_half(key=a_key(number))) for number in (1, 2)]
        staged = await staging_store.stage(batch)
        assert isinstance(staged[0], Unreadable)
        assert staged[1] == Staged()
        dropped = await staging_store.drop([row.half for row in batch])
        assert isinstance(dropped[0], Unreadable)
        assert dropped[1] == Dropped()
        assert isinstance((await staging_store.waiting([a_key(1)]))[a_key(1)], Unreadable)
