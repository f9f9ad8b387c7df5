"""The moment up to which everything is seen; as long as it is not known, nothing is."""

from __future__ import annotations

from datetime import timedelta

from linkhub_cli.operator.seen import Seen, SeenMoment
from linkhub_core.testing.builders import NOON
from linkhub_core.testing.fakes import FakeClock


class _Shared:
    """A place that several processes share."""

    def __init__(self) -> None:
        self.value: bytes | None = None

    async def read(self) -> bytes | None:
        return self.value

    async def write(self, value: bytes) -> None:
        self.value = value


async def test_processes_share_it_and_the_next_one_knows_it() -> None:
    """The last one that was written counts, also if it is earlier."""
    place, clock = _Shared(), FakeClock()
    one, other = (SeenMoment(clock=clock, read=place.read, write=place.write) for _ in range(2))
    await other.refresh()
    assert other.unseen_of(1) == 1
    await one.move(NOON, 3)
    await one.move(NOON - timedelta(hours=1), 2)
    await other.refresh()
    assert (other.value, other.is_shared) == (Seen(at=NOON - timedelta(hours=1), dead_letters=2), True)


async def test_a_process_alone_forgets_it() -> None:
    """It is not shared, and says so; after a restart all dead letters count again."""
    seen = SeenMoment(clock=FakeClock())
    await seen.refresh()
    assert (seen.is_shared, seen.unseen_of(7)) == (False, 7)
    await seen.move(NOON, 7)
    assert seen.unseen_of(9) == 2
    assert SeenMoment(clock=FakeClock()).unseen_of(9) == 9


async def test_new_letters_do_not_take_the_place_of_purged_ones() -> None:
    """Of seven that were seen five are purged; then each of three new ones counts."""
    seen = SeenMoment(clock=FakeClock())
    await seen.move(NOON, 7)
    assert seen.unseen_of(2) == 0
    assert seen.unseen_of(5) == 3


async def test_it_is_at_most_the_present() -> None:
    """What comes later is not seen."""
    clock = FakeClock()
    seen = SeenMoment(clock=clock)
    assert (await seen.move(clock.now() + timedelta(days=1), None)).at == clock.now()
