"""A viewer that has caught up keeps little more memory than one that never missed anything."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from datetime import timedelta

import pytest
from attrs import evolve

from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET
from linkhub_core.application.browse_shop import MAX_MISSED
from linkhub_core.application.subscriber_session import SUBSCRIBE
from linkhub_core.testing.builders import NOON, a_key, a_record
from tests.adapters.realtime.realtime_fixture import SETTINGS, make_realtime

VIEWERS = 20
MAX_BYTES = 20 * 1024
# What a server remembers of products has a bound of its own, whoever watches them: it is left out here.
SETTINGS_WITHOUT_PRODUCTS = evolve(SETTINGS, max_remembered_products=1)


def _kept_bytes(sellers: list[str], since: str | None) -> int:
    """What the hub keeps for a viewer of each of these shops, as much as may be missed in it being missed."""

    async def measure() -> int:
        realtime = make_realtime(SETTINGS_WITHOUT_PRODUCTS)
        for seller in set(sellers):
            realtime.store.save(
                *(
                    a_record(a_key(number, seller), updated_at=NOON + timedelta(seconds=number))
                    for number in range(MAX_MISSED)
                )
            )
        events = 0

        def write(_: bytes) -> None:
            nonlocal events
            events += 1

        viewers = [realtime.hub.connect(PLAIN_WEBSOCKET, write, lambda: 0) for _ in sellers]
        gc.collect()
        tracemalloc.start()
        for viewer, seller in zip(viewers, sellers, strict=True):
            realtime.hub.receive(viewer, SUBSCRIBE, {"seller_handle": seller, "since": since})
        if since is not None:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        assert events == len(sellers) * (2 if since is None else 2 + MAX_MISSED)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept

    return asyncio.run(measure())


@pytest.mark.parametrize("shops", [1, VIEWERS])
def test_a_viewer_that_caught_up_keeps_little_more(shops: int) -> None:
    """All in one shop, or each in its own; 100 events of 2.4 kB were replayed to each."""
    sellers = [f"seller-{number % shops}" for number in range(VIEWERS)]
    more = _kept_bytes(sellers, "2026-01-15T11:00:00Z") - _kept_bytes(sellers, None)
    assert more / VIEWERS <= MAX_BYTES
