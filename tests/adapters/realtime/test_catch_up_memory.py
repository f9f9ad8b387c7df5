"""The memory of catching up: of a client that has caught up, and of the revisions that a server remembers."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from datetime import timedelta

import pytest
from attrs import evolve

from linkhub_adapters.realtime.hub.announced_revisions import AnnouncedRevisions
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET
from linkhub_core.application.browse_shop import MAX_MISSED
from linkhub_core.application.subscriber_session import SUBSCRIBE
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import NOON, a_key, a_record
from tests.adapters.realtime.realtime_fixture import SETTINGS, make_realtime

CLIENTS = 20
MAX_BYTES = 20 * 1024
# The revisions that a server remembers have a bound of their own: they are left out here.
SETTINGS_WITHOUT_PRODUCTS = evolve(SETTINGS, max_remembered_products=1)


def _kept_bytes(sellers: list[str], since: str | None) -> int:
    """The memory of the hub for one client of each of these shops, each of which missed as much as is replayed."""

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

        clients = [realtime.hub.connect(PLAIN_WEBSOCKET, write, lambda: 0) for _ in sellers]
        gc.collect()
        tracemalloc.start()
        for client, seller in zip(clients, sellers, strict=True):
            realtime.hub.receive(client, SUBSCRIBE, {"seller_handle": seller, "since": since})
        if since is not None:
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()})
        assert events == len(sellers) * (2 if since is None else 2 + MAX_MISSED)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept

    return asyncio.run(measure())


@pytest.mark.parametrize("shops", [1, CLIENTS])
def test_a_client_that_caught_up_keeps_little_more(shops: int) -> None:
    """All in one shop, or each in its own; 100 events of 2.4 kB were replayed to each."""
    sellers = [f"seller-{number % shops}" for number in range(CLIENTS)]
    more = _kept_bytes(sellers, "2026-01-15T11:00:00Z") - _kept_bytes(sellers, None)
    assert more / CLIENTS <= MAX_BYTES


def test_a_remembered_revision_takes_350_bytes() -> None:
    """Also with the key of its product; so 100,000 products, as many as are remembered, take 33 MiB."""
    products = 4_000
    revisions = AnnouncedRevisions(max_products=products)
    tracemalloc.start()
    for number in range(products):
        revisions.remember(
            Announcement(
                key=a_key(number),
                event_type="new_product",
                revision=number,
                created_at=str(number),
                updated_at="",
                event_json=b"",
            )
        )
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept / products <= 350
