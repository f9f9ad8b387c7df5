"""The contract of :class:`~linkhub_core.ports.StagingStore`."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from linkhub_core.model import Content, Half, Kind, Origin
from linkhub_core.ports import Dropped, Equal, Newer, Partner, Staged, StagingStore, Superseded, Unreadable
from linkhub_core.testing.builders import NOON, a_caption, a_half, a_key, a_waiting
from linkhub_core.testing.extremes import MOMENTS, TEXTS, extreme_captions, extreme_thumbnail_sets
from linkhub_core.testing.readable import Spoil, optional_fixture, readable, scanned
from linkhub_core.testing.strategies import halves

__all__ = ["StagingStoreContract"]


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
        """A half without a row becomes the row, and is read back whole."""
        waiting = a_waiting(origin=Origin(correlation_id="c-9", traceparent="00-aa-bb-01"))
        assert await staging_store.stage([waiting]) == [Staged()]
        assert await staging_store.waiting([waiting.key]) == {waiting.key: waiting}

    async def test_the_same_half_again_is_equal(self, staging_store: StagingStore) -> None:
        """Staging the very half that is there answers Equal and changes nothing but the expiry."""
        waiting = a_waiting()
        await staging_store.stage([waiting])
        again = evolve(waiting, waiting_since=NOON + timedelta(hours=1), origin=Origin(correlation_id="other"))
        assert await staging_store.stage([again]) == [Equal()]
        assert await staging_store.waiting([waiting.key]) == {waiting.key: waiting}

    async def test_a_newer_half_of_the_kind_replaces_but_keeps_the_wait(self, staging_store: StagingStore) -> None:
        """A newer version takes the row over; since when the product waits is kept, the expiry is renewed."""
        old, new = a_waiting(a_half(minute=1)), a_waiting(a_half(minute=2), since=NOON + timedelta(hours=2))
        await staging_store.stage([old])
        assert await staging_store.stage([new]) == [Staged()]
        expected = evolve(new, waiting_since=old.waiting_since)
        assert await staging_store.waiting([old.key]) == {old.key: expected}

    async def test_an_expiry_is_kept_to_the_microsecond(self, staging_store: StagingStore) -> None:
        """Whether a row is new or replaced, it expires at the very moment that was said."""
        moments = [NOON + timedelta(seconds=number, microseconds=number * 499_999) for number in range(3)]
        for minute, moment in enumerate(moments):
            waiting = a_waiting(a_half(minute=minute), expires_at=moment)
            assert await staging_store.stage([waiting]) == [Staged()]
            assert readable((await staging_store.waiting([waiting.key]))[waiting.key]).expires_at == moment

    @pytest.mark.parametrize("minute", [5, 4], ids=["equal", "superseded"])
    async def test_a_half_that_is_known_renews_the_expiry_of_its_row(
        self, staging_store: StagingStore, minute: int
    ) -> None:
        """A copy is acknowledged as if it waited itself, so the row has to wait as long as the copy would."""
        row = a_waiting(a_half(minute=5))
        await staging_store.stage([row])
        later = a_waiting(a_half(minute=minute), since=NOON + timedelta(hours=9))
        assert await staging_store.stage([later]) == [Equal() if minute == 5 else Superseded()]
        assert await staging_store.waiting([row.key]) == {row.key: evolve(row, expires_at=later.expires_at)}

    @pytest.mark.parametrize("minute", [4, 5, 6], ids=["superseded", "equal", "newer"])
    async def test_an_expiry_only_moves_later(self, staging_store: StagingStore, minute: int) -> None:
        """A saver whose clock is behind takes no time from a row, whatever it stages."""
        row = a_waiting(a_half(minute=5))
        await staging_store.stage([row])
        await staging_store.stage([a_waiting(a_half(minute=minute), since=NOON - timedelta(hours=9))])
        assert readable((await staging_store.waiting([row.key]))[row.key]).expires_at == row.expires_at

    async def test_a_renewal_is_left_out_within_the_slack(self, staging_store: StagingStore) -> None:
        """A row that expires earlier by no more than the slack stays as it is: most copies cost no write."""
        row = a_waiting()
        await staging_store.stage([row])
        slack = timedelta(hours=2)
        for hours, renewed in ((1, False), (2, False), (3, True)):
            copy = evolve(row, expires_at=row.expires_at + timedelta(hours=hours))
            assert await staging_store.stage([copy], slack=slack) == [Equal()]
            expected = copy if renewed else row
            assert await staging_store.waiting([row.key]) == {row.key: expected}

    async def test_an_orphan_is_dropped_only_with_its_expiry_as_read(self, staging_store: StagingStore) -> None:
        """A row that was renewed since it was read holds an acknowledged half again; a plain half asks no expiry."""
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
        """Of two halves of one moment the greater version stays, whichever came first."""
        lesser, greater = sorted(
            (a_half(content=a_caption(title=title)) for title in ("one", "two")), key=lambda half: half.version
        )
        await staging_store.stage([a_waiting(greater)])
        assert await staging_store.stage([a_waiting(lesser)]) == [Superseded()]
        await staging_store.drop([greater])
        await staging_store.stage([a_waiting(lesser)])
        assert await staging_store.stage([a_waiting(greater)]) == [Staged()]

    async def test_the_other_half_is_the_partner_and_stays(self, staging_store: StagingStore) -> None:
        """The other kind's half is handed back as the partner, and its row is left as it is, expired or not."""
        caption = a_waiting(a_half(Kind.CAPTION), expires_at=NOON - timedelta(days=3))
        await staging_store.stage([caption])
        assert await staging_store.stage([a_waiting(a_half(Kind.THUMBNAIL))]) == [Partner(caption)]
        assert await staging_store.waiting([caption.key]) == {caption.key: caption}

    async def test_a_batch_has_its_outcomes_in_order(self, staging_store: StagingStore) -> None:
        """Each half of a batch has its own outcome, in the batch's order."""
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
        """Reading knows only what is there; the same video at another seller is another row."""
        waiting = a_waiting(a_half(key=a_key(1)))
        await staging_store.stage([waiting])
        other = a_key(1, "another-seller")
        assert await staging_store.waiting([a_key(2), waiting.key, other]) == {waiting.key: waiting}

    async def test_a_row_is_dropped_if_it_holds_this_very_half(self, staging_store: StagingStore) -> None:
        """Dropping removes the row of exactly this half; dropping again finds nothing, which is as good."""
        waiting = a_waiting()
        await staging_store.stage([waiting])
        assert await staging_store.drop([waiting.half]) == [Dropped()]
        assert await staging_store.drop([waiting.half]) == [Dropped()]
        assert await staging_store.waiting([waiting.key]) == {}

    async def test_a_row_that_became_something_else_is_not_dropped(self, staging_store: StagingStore) -> None:
        """A row with another version or another kind stays, and is handed back."""
        newer, other = a_waiting(a_half(key=a_key(1), minute=2)), a_waiting(a_half(Kind.THUMBNAIL, key=a_key(2)))
        await staging_store.stage([newer, other])
        dropped = [a_half(key=a_key(1), minute=1), a_half(Kind.CAPTION, key=a_key(2))]
        assert await staging_store.drop(dropped) == [Newer(newer), Newer(other)]
        assert await staging_store.waiting([newer.key, other.key]) == {newer.key: newer, other.key: other}

    async def test_a_row_older_than_what_is_dropped_stays(self, staging_store: StagingStore) -> None:
        """Only the very half goes: a row that holds an older one is handed back, too."""
        older = a_waiting(a_half(minute=1))
        await staging_store.stage([older])
        assert await staging_store.drop([a_half(minute=2)]) == [Newer(older)]
        assert await staging_store.waiting([older.key]) == {older.key: older}

    async def test_a_partner_is_one_whichever_is_newer(self, staging_store: StagingStore) -> None:
        """Versions of different kinds are not compared: the other half is the partner, earlier or later."""
        rows = [a_waiting(a_half(key=a_key(number), minute=number)) for number in (0, 2)]
        await staging_store.stage(rows)
        others = [a_waiting(a_half(Kind.THUMBNAIL, key=row.key, minute=1)) for row in rows]
        assert await staging_store.stage(others) == [Partner(row) for row in rows]

    async def test_a_batch_of_drops_has_its_outcomes_in_order(self, staging_store: StagingStore) -> None:
        """What was there, what became something else, and what was never there each have their own outcome."""
        there, changed = a_waiting(a_half(key=a_key(1))), a_waiting(a_half(key=a_key(2), minute=5))
        await staging_store.stage([there, changed])
        batch = [a_half(key=a_key(3)), a_half(key=a_key(2), minute=4), there.half]
        assert await staging_store.drop(batch) == [Dropped(), Newer(changed), Dropped()]

    async def test_a_scan_goes_on_while_rows_go(self, staging_store: StagingStore) -> None:
        """Rows that are dropped under a scan do not end it or make it repeat itself."""
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
        """A scan gives each row once, however many there are."""
        batch = [a_waiting(a_half(key=a_key(number))) for number in range(230)]
        await staging_store.stage(batch)
        seen = await scanned(staging_store.scan())
        assert sorted(seen, key=lambda one: one.key) == sorted(batch, key=lambda one: one.key)

    async def test_empty_batches_do_nothing(self, staging_store: StagingStore) -> None:
        """Nothing in, nothing out."""
        assert await staging_store.stage([]) == []
        assert await staging_store.waiting([]) == {}
        assert await staging_store.drop([]) == []
        assert [waiting async for waiting in staging_store.scan()] == []

    async def test_of_halves_that_come_at_once_one_is_staged(self, staging_store: StagingStore) -> None:
        """Both kinds at once, several times: one half is staged, and every other finds it."""
        halves_at_once = [a_half(kind) for kind in (*Kind, *Kind, *Kind)]
        outcomes = await asyncio.gather(*(staging_store.stage([a_waiting(half)]) for half in halves_at_once))
        flat = [outcome for (outcome,) in outcomes]
        assert flat.count(Staged()) == 1
        assert flat.count(Equal()) == 2
        assert sum(isinstance(outcome, Partner) for outcome in flat) == 3

    async def test_of_versions_that_come_at_once_the_newest_stays(self, staging_store: StagingStore) -> None:
        """Many versions of one kind at once, in any order: the newest is what stands there, since the first of them."""
        order = (3, 0, 7, 5, 1, 6, 2, 4)
        rows = [a_waiting(a_half(minute=minute), since=NOON + timedelta(minutes=minute)) for minute in order]
        outcomes = await asyncio.gather(*(staging_store.stage([row]) for row in rows))
        assert outcomes[order.index(7)] == [Staged()]
        stands = readable((await staging_store.waiting([rows[0].key]))[rows[0].key])
        assert stands.half == a_half(minute=7)

    async def test_the_ends_of_the_rules_come_back_equal(self, staging_store: StagingStore) -> None:
        """Dear and cheap prices to the last decimal, odd texts, the largest and the smallest numbers: all unbent."""
        contents: list[Content] = [*extreme_captions(), *extreme_thumbnail_sets()]
        rows = [a_waiting(a_half(key=a_key(number), content=content)) for number, content in enumerate(contents)]
        await staging_store.stage(rows)
        stored = await staging_store.waiting([row.key for row in rows])
        for row in rows:
            assert stored[row.key] == row

    async def test_any_origin_and_any_moment_come_back_equal(self, staging_store: StagingStore) -> None:
        """Ids of any text, with and without a trace, from the first year to the last."""
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

    async def test_whatever_the_codec_accepts_comes_back_equal(self, staging_store: StagingStore) -> None:
        """Any content within the rules goes in and comes out the same."""
        samples: list[Half] = []

        @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(halves())
        def collect(half: Half) -> None:
            samples.append(half)

        collect()
        by_key = {half.key: a_waiting(half) for half in samples}
        await staging_store.stage(list(by_key.values()))
        assert await staging_store.waiting(list(by_key)) == by_key

    # --- rows that cannot be read

    async def test_a_row_that_cannot_be_read_is_an_outcome_and_hides_no_other(
        self, staging_store: StagingStore, spoil: Spoil
    ) -> None:
        """Reads and scans give the readable rows, and for the other what is wrong with it."""
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

    async def test_no_write_changes_a_row_that_cannot_be_read(self, staging_store: StagingStore, spoil: Spoil) -> None:
        """Staging and dropping answer what is there; the batch's other rows are written."""
        await spoil(a_key(1))
        batch = [a_waiting(a_half(key=a_key(number))) for number in (1, 2)]
        staged = await staging_store.stage(batch)
        assert isinstance(staged[0], Unreadable)
        assert staged[1] == Staged()
        dropped = await staging_store.drop([row.half for row in batch])
        assert isinstance(dropped[0], Unreadable)
        assert dropped[1] == Dropped()
        assert isinstance((await staging_store.waiting([a_key(1)]))[a_key(1)], Unreadable)
