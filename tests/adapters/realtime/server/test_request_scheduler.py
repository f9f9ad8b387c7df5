"""Requests in work: a few at a time, addresses in turns, and none for a client that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from linkhub_adapters.realtime.server.request_scheduler import (
    SENDING_BYTES,
    SENDING_BYTES_PER_ADDRESS,
    RequestScheduler,
)


def _asking(scheduler: RequestScheduler, begun: list[str], name: str, *, is_there: bool = True) -> Callable[[], None]:
    def begin() -> bool:
        if is_there:
            begun.append(name)
        return is_there

    return lambda: scheduler.ask(name.partition(" ")[0], begin)


async def _turn() -> None:
    await asyncio.sleep(0)


async def test_so_many_begin_and_the_others_in_the_turns_after() -> None:
    """A place that becomes free is given away in the next turn of the loop, not in this one."""
    scheduler, begun = RequestScheduler(max_in_work=2), list[str]()
    for number in range(5):
        _asking(scheduler, begun, f"a {number}")()
    assert (begun, scheduler.in_work, scheduler.waiting) == (["a 0", "a 1"], 2, 3)
    scheduler.release()
    assert begun == ["a 0", "a 1"]
    await _turn()
    assert (begun[2:], scheduler.in_work, scheduler.waiting) == (["a 2"], 2, 2)


async def test_addresses_take_turns() -> None:
    """A client with many requests does not make another one wait for all of them."""
    scheduler, begun = RequestScheduler(max_in_work=1), list[str]()
    for number in range(50):
        _asking(scheduler, begun, f"a {number}")()
    _asking(scheduler, begun, "b 0")()
    for _ in range(3):
        scheduler.release()
        await _turn()
    assert begun == ["a 0", "a 1", "b 0", "a 2"]


async def test_a_request_whose_client_is_gone_takes_no_place() -> None:
    """The next one has its place."""
    scheduler, begun = RequestScheduler(max_in_work=1), list[str]()
    _asking(scheduler, begun, "a 0")()
    for number in range(1, 4):
        _asking(scheduler, begun, f"a {number}", is_there=number == 3)()
    scheduler.release()
    for _ in range(4):
        await _turn()
    assert (begun, scheduler.in_work) == (["a 0", "a 3"], 1)


async def test_an_address_with_its_share_on_the_way_waits_alone() -> None:
    """Others begin; it goes on when its bytes are taken."""
    scheduler, begun = RequestScheduler(max_in_work=4), list[str]()
    scheduler.sending("a", SENDING_BYTES_PER_ADDRESS)
    for name in ("a 0", "b 0"):
        _asking(scheduler, begun, name)()
    await _turn()
    scheduler.release()
    await _turn()
    _asking(scheduler, begun, "b 1")()
    await _turn()
    scheduler.release()
    await _turn()
    assert begun == ["b 0", "b 1"]
    scheduler.sending("a", -SENDING_BYTES_PER_ADDRESS)
    await _turn()
    assert begun == ["b 0", "b 1", "a 0"]


async def test_all_together_have_a_bound() -> None:
    """With that much on the way, nothing begins for anybody."""
    scheduler, begun = RequestScheduler(), list[str]()
    for number in range(SENDING_BYTES // (SENDING_BYTES_PER_ADDRESS // 2)):
        scheduler.sending(f"c{number}", SENDING_BYTES_PER_ADDRESS // 2)
    _asking(scheduler, begun, "a 0")()
    assert begun == []
    scheduler.sending("c0", -1)
    await _turn()
    assert begun == ["a 0"]
