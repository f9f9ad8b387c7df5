"""Ports that fail on purpose fail exactly as configured."""

from __future__ import annotations

import pytest

from linkhub_adapters.memory import MemoryEventQueue, MemoryProductStore
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.testing.builders import KEY, a_key, a_record, an_outgoing
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.testing.flaky import DuplicatingQueue, FlakyProductStore, Strike, unavailable


async def test_a_strike_before_leaves_no_effect_and_one_after_loses_the_reply() -> None:
    """Either way the caller sees the same error."""
    store = FlakyProductStore(
        MemoryProductStore(), strikes=[Strike("create", unavailable()), Strike("create", unavailable(), after=True)]
    )
    for is_there in (False, True):
        with pytest.raises(ServiceUnavailable):
            await store.create([a_record()])
        assert (KEY in await store.find([KEY])) is is_there
    assert store.calls == ["create", "find", "create", "find"]
    assert store.strikes == []


async def test_a_strike_lets_calls_pass_first_and_strikes_as_often_as_it_is_to() -> None:
    """Then the calls go through again."""
    store = FlakyProductStore(MemoryProductStore(), strikes=[Strike("find", unavailable(), 2, skip=1)])
    outcomes = []
    for _ in range(5):
        try:
            outcomes.append(await store.find([]) == {})
        except ServiceUnavailable:
            outcomes.append(False)
    assert outcomes == [True, False, False, True, True]


async def test_a_strike_may_be_of_some_calls_alone() -> None:
    """Those whose argument it picks, every time where it has no end."""
    picky = Strike("find", unavailable(), None, of=lambda keys: a_key(3) in keys)
    store = FlakyProductStore(MemoryProductStore(), strikes=[picky])
    assert await store.find([a_key(1)]) == {}
    for _ in range(3):
        with pytest.raises(ServiceUnavailable):
            await store.find([a_key(2), a_key(3)])


async def test_a_duplicating_queue_delivers_everything_once_more() -> None:
    """With the next batch, acknowledged or not."""
    messages = MemoryEventQueue(clock=FakeClock(), receive_wait_seconds=0)
    queue = DuplicatingQueue(messages)
    await messages.publish([an_outgoing()])
    first = await queue.receive()
    await queue.acknowledge(first)
    assert list(await queue.receive()) == list(first)
    assert list(await queue.receive()) == []
