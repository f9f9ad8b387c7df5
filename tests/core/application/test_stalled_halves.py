"""Which halves have waited long: all are counted, the oldest are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.application import StalledCount
from linkhub_core.application.stalled_halves import MOST_NAMED
from linkhub_core.model import Kind
from linkhub_core.testing.builders import NOON, a_half, a_key, a_record, a_waiting

STALL = timedelta(minutes=15)
NOW = NOON + timedelta(hours=1)
_ROWS = [a_waiting(a_half(key=a_key(minute)), since=NOON + timedelta(minutes=minute)) for minute in range(60)]


async def test_the_oldest_are_named_and_all_are_counted() -> None:
    """Whatever the order in which rows pass: those of up to 12:45, and the last of them stalled now."""
    count = StalledCount(stall_after=STALL)
    for rows in (_ROWS[40:], _ROWS[:20], _ROWS[20:40]):
        count.add(rows, NOW)
    stalled = await count.result(MemoryProductStore(), NOW)
    assert (stalled.total, stalled.waiting) == (46, {Kind.CAPTION: 46, Kind.THUMBNAIL: 0})
    assert (list(stalled.oldest), stalled.newest_at) == (_ROWS[:MOST_NAMED], NOW)


async def test_only_halves_that_wait_for_a_partner_count() -> None:
    """Not a row beside its product, nor one with both halves; one that is expired does until a sweep removes it."""
    products = MemoryProductStore()
    products.rows[a_key(1)] = a_record(a_key(1))
    both = evolve(_ROWS[2], other=a_half(Kind.THUMBNAIL, key=a_key(2)))
    count = StalledCount(stall_after=STALL)
    count.add([_ROWS[0], _ROWS[1], both], NOON + timedelta(days=2))
    stalled = await count.result(products, NOON + timedelta(days=2))
    assert (stalled.total, list(stalled.oldest)) == (1, [_ROWS[0]])


async def test_a_half_of_the_last_year_hides_no_other() -> None:
    """An import keeps the times of a row, whatever they are."""
    count = StalledCount(stall_after=STALL)
    count.add([evolve(_ROWS[1], waiting_since=datetime.max.replace(tzinfo=UTC)), _ROWS[0]], NOW)
    assert list((await count.result(MemoryProductStore(), NOW)).oldest) == [_ROWS[0]]


async def test_none() -> None:
    """Without such halves there is no newest one."""
    stalled = await StalledCount(stall_after=STALL).result(MemoryProductStore(), NOW)
    assert (stalled.total, stalled.newest_at, stalled.oldest) == (0, None, [])
