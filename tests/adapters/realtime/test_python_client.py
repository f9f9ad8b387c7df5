"""The Python Socket.IO client, with its defaults and with each transport alone."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
import socketio

from tests.adapters.realtime.realtime_fixture import PATIENCE_SECONDS, SELLER, an_announcement, open_realtime, until

NAMESPACE = "/products"


@pytest.mark.parametrize("transports", [None, ["websocket"], ["polling"]])
async def test_it_subscribes_hears_and_leaves(transports: list[str] | None) -> None:
    """The whole conversation, its acknowledgement included."""
    heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
    client = socketio.AsyncClient(reconnection=False)

    async def note(name: str, data: Any) -> None:
        heard.put_nowait((name, data))

    client.on("*", note, namespace=NAMESPACE)
    async with open_realtime() as realtime, asyncio.timeout(PATIENCE_SECONDS):
        await client.connect(realtime.url, namespaces=[NAMESPACE], transports=transports)
        name, data = await heard.get()
        assert (name, data["clientId"]) == ("connected", client.get_sid(NAMESPACE))
        answer = await client.call("subscribe_to_seller", {"seller_handle": SELLER}, namespace=NAMESPACE)
        assert await heard.get() == ("subscribed", answer)
        announcement = an_announcement()
        realtime.hub.broadcast(announcement)
        assert await heard.get() == ("new_product", orjson.loads(announcement.event_json))
        await client.disconnect()
        await until(lambda: realtime.hub.stats()["totalConnections"] == 0)
    await client.shutdown()
