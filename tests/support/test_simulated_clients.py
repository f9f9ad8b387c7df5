"""Simulated clients get what the production hub writes, in virtual time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from linkhub_adapters.memory import MemoryProductStore
from linkhub_core.testing.builders import KEY, NOON, a_record
from linkhub_core.testing.fakes import FakeClock
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.support import virtual_time
from tests.support.simulated_clients import SimulatedClient, a_hub

SINCE = "2026-01-15T11:00:00Z"


class _SlowProductStore(MemoryProductStore):
    """A store that takes three seconds to read a page."""

    async def page(self, query: PageQuery) -> Page:
        """Read after a while."""
        await asyncio.sleep(3.0)
        return await super().page(query)


async def _visit() -> SimulatedClient:
    products = _SlowProductStore()
    record = a_record(revision=2, shown=True, updated_at=NOON)
    products.rows[record.key] = record
    hub = a_hub(products, FakeClock())
    viewer = SimulatedClient("ada", hub)
    viewer.connect()
    viewer.subscribe(KEY.seller_handle, SINCE)
    await asyncio.sleep(5.0)
    hub.broadcast(announce(a_record(revision=3, shown=True, updated_at=NOON + timedelta(seconds=1)), NOON))
    viewer.connect()
    viewer.subscribe(KEY.seller_handle, SINCE)
    viewer.leave()
    viewer.subscribe(KEY.seller_handle)
    await asyncio.sleep(5.0)
    return viewer


def test_a_viewer_notes_what_came_over_each_of_its_connections() -> None:
    """A client gets the missed products and the announcements, with the virtual time; no event after it left."""
    viewer = virtual_time.run(_visit())
    first = [(each.event, each.at_seconds) for each in viewer.of_connection(1)]
    assert first == [("connected", 0.0), ("subscribed", 3.0), ("product_updated", 3.0), ("product_updated", 5.0)]
    assert viewer.revisions(1) == [(KEY.video_id, 2), (KEY.video_id, 3)]
    assert [each.event for each in viewer.of_connection()] == ["connected"]
    assert [data["recovered"] for data in viewer.acknowledged] == [True]
    assert not viewer.is_connected
