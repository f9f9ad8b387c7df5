"""A client that stays subscribed, and reconnects with ``since`` whenever the server is killed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2
import orjson
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.shop_query import next_since


@define
class ReconnectingClient:
    """Watches one shop over a plain WebSocket.

    ``shown`` is the newest product of each video, by ``created_at`` and ``updated_at``: REST gives no revision.
    """

    url: str
    seller_handle: str
    shown: dict[str, Mapping[str, Any]] = field(factory=dict)
    losses: int = 0
    _since: str | None = None

    async def watch(self) -> None:
        """Watch until cancelled.

        Raises:
            AssertionError: a connection saw a revision twice, or revisions that fell.
        """
        while True:
            try:
                async with connect(f"{self.url.replace('http', 'ws')}/products", proxy=None) as connection:
                    await self._watch(connection)
            except (OSError, WebSocketException, httpx2.HTTPError):
                await asyncio.sleep(0.02)  # the server is being replaced
            self.losses += 1

    async def _watch(self, connection: ClientConnection) -> None:
        data = {"seller_handle": self.seller_handle} | ({"since": self._since} if self._since else {})
        await connection.send(orjson.dumps({"event": "subscribe_to_seller", "data": data}).decode())
        seen: dict[str, tuple[str, int]] = {}
        async for frame in connection:
            message = orjson.loads(frame)
            if message["event"] in ("new_product", "product_updated"):
                self._take(message["data"], seen)
            elif message["event"] == "product_removed":
                self.shown.pop(message["data"]["video_id"], None)
                self._remember(message["data"]["timestamp"])
            elif message["event"] == "subscribed":
                if self._since is None or not message["data"]["recovered"]:
                    await self._load()
                self._remember(message["data"]["timestamp"])

    def _take(self, data: Mapping[str, Any], seen: dict[str, tuple[str, int]]) -> None:
        video_id, order = data["product"]["video_id"], (data["product"]["created_at"], data["revision"])
        assert order > seen.get(video_id, ("", 0)), f"{video_id}: {order} after {seen.get(video_id)}"
        seen[video_id] = order
        self._show(data["product"])
        self._remember(data["timestamp"])

    def shown_of(self, stored: Mapping[str, Any]) -> Mapping[str, Any]:
        """The products that it shows of those that are stored: a client with ``since`` may miss a removal."""
        return {video_id: product for video_id, product in self.shown.items() if video_id in stored}

    async def _load(self) -> None:
        """Load all pages of the shop."""
        async with httpx2.AsyncClient(base_url=self.url) as client:
            last_key: str | None = None
            while True:
                query = {"limit": "50"} | ({"lastKey": last_key} if last_key else {})
                answer = await client.get(f"/api/v1/shop/{self.seller_handle}/products", params=query)
                document = answer.raise_for_status().json()
                for product in document["products"]:
                    self._show(product)
                last_key = document["pagination"]["lastEvaluatedKey"]
                if not document["pagination"]["hasMore"]:
                    return

    def _show(self, product: Mapping[str, Any]) -> None:
        known = self.shown.get(product["video_id"])
        if known is None or _age_of(known) <= _age_of(product):
            self.shown[product["video_id"]] = product

    def _remember(self, timestamp: str) -> None:
        self._since = timestamp_text(next_since(datetime.fromisoformat(timestamp)))


def _age_of(product: Mapping[str, Any]) -> tuple[str, str]:
    return product["created_at"], product["updated_at"]
