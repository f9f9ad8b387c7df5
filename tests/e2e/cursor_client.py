"""A client that keeps its page and the last cursor that it saw, and comes back by a random transport each time."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx2
import orjson
from attrs import define, field
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

_LONGEST_VISIT_SECONDS = 0.6


@define
class CursorClient:
    """Reads one shop by REST, a plain WebSocket and Server-Sent Events, in turn; it leaves in the middle of anything.

    Attributes:
        shown: the products of its page by video.
        cursor: the last cursor that it saw; None until all pages were loaded.
        visits: how often it came by each transport and got an answer.
    """

    url: str
    seller_handle: str
    chance: random.Random
    shown: dict[str, Mapping[str, Any]] = field(factory=dict)
    cursor: str | None = None
    visits: Counter[str] = field(factory=Counter)

    async def run(self) -> None:
        """Come and go until cancelled."""
        while True:
            transport = self.chance.choice((self._poll, self._websocket, self._event_stream))
            try:
                async with httpx2.AsyncClient(base_url=self.url) as http:
                    if self.cursor is None:
                        await self._load(http)
                    else:
                        await transport(http)
            except (OSError, WebSocketException, httpx2.HTTPError):
                await asyncio.sleep(0.02)  # the server is being replaced

    async def _load(self, http: httpx2.AsyncClient) -> None:
        """Load all pages; only the first one has a cursor."""
        self.shown.clear()
        seen: str | None = None
        query = {"limit": "50"}
        while True:
            document = await self._get(http, query)
            seen = document["metadata"].get("cursor") or seen
            for product in document["products"]:
                self._show(product)
            if not document["pagination"]["hasMore"]:
                self.cursor = seen
                return
            query = {"limit": "50", "lastKey": document["pagination"]["lastEvaluatedKey"]}

    async def _get(self, http: httpx2.AsyncClient, query: Mapping[str, str]) -> Any:
        answer = await http.get(f"/api/v1/shop/{self.seller_handle}/products", params=query)
        return answer.raise_for_status().json()

    async def _poll(self, http: httpx2.AsyncClient) -> None:
        """Ask for what changed; now and then stop between two answers."""
        limit = self.chance.choice(("1", "5", "50"))
        while self.cursor is not None:
            document = await self._get(http, {"cursor": self.cursor, "limit": limit})
            for product in document["products"]:
                self._show(product)
            for video_id in document.get("removed", ()):
                self.shown.pop(video_id, None)
            self.cursor = document["metadata"]["cursor"]
            self.visits["rest"] += 1
            if not document["pagination"]["hasMore"] or self.chance.random() < 0.1:
                break
        await asyncio.sleep(self.chance.uniform(0, 0.1))

    async def _websocket(self, _: httpx2.AsyncClient) -> None:
        async with connect(f"{self.url.replace('http', 'ws')}/products", proxy=None) as connection:
            data = {"seller_handle": self.seller_handle, "cursor": self.cursor}
            await connection.send(orjson.dumps({"event": "subscribe_to_seller", "data": data}).decode())
            try:
                async with asyncio.timeout(self._visit_seconds()):
                    async for frame in connection:
                        message = orjson.loads(frame)
                        if not self._take(message["event"], message["data"]):
                            return
            except TimeoutError:
                return  # it leaves

    async def _event_stream(self, http: httpx2.AsyncClient) -> None:
        headers = {"Last-Event-ID": self.cursor or ""}
        try:
            async with (
                asyncio.timeout(self._visit_seconds()),
                http.stream("GET", f"/api/v1/shop/{self.seller_handle}/events", headers=headers) as stream,
            ):
                stream.raise_for_status()
                event, data, cursor = "", "", self.cursor
                async for line in stream.aiter_lines():
                    name, _, value = line.partition(":")
                    value = value.removeprefix(" ")
                    if name == "event":
                        event = value
                    elif name == "data":
                        data = value
                    elif name == "id":
                        cursor = value or None
                    elif not line and data:
                        if not self._take(event, orjson.loads(data)):
                            return
                        self.cursor, data = cursor, ""
        except TimeoutError:
            return  # it leaves

    def _visit_seconds(self) -> float:
        return self.chance.uniform(0.02, _LONGEST_VISIT_SECONDS)

    def _take(self, event: str, data: Mapping[str, Any]) -> bool:
        """Take a message; return whether the client is still complete: else it loads all pages again."""
        if event == "subscribed":
            self.visits["subscribed"] += 1
            if not data["recovered"]:
                self.cursor = None
                return False
        elif event in ("new_product", "product_updated"):
            self._show(data["product"])
        elif event == "product_removed":
            self.shown.pop(data["video_id"], None)
        self.cursor = data.get("cursor") or self.cursor
        return True

    def _show(self, product: Mapping[str, Any]) -> None:
        known = self.shown.get(product["video_id"])
        if known is None or _age_of(known) <= _age_of(product):
            self.shown[product["video_id"]] = product


def _age_of(product: Mapping[str, Any]) -> tuple[str, str]:
    return product["created_at"], product["updated_at"]
