"""A client of one shop: subscribes over WebSocket, and connects again with its last cursor after every loss.

The cursor is the last one that the server sent: with the first page of the shop, over REST, or with an event. A port
that answers WebSockets alone has no REST: there the first event brings the cursor. A copy of an event is dropped: a
revision that is not later than the known one of the same product with the same ``created_at``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from http.client import HTTPException
from typing import Any, Final, Literal
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import orjson
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from linkhub_core.errors import InvalidQuery, ServiceUnavailable
from linkhub_core.model.backoff import backoff_seconds
from linkhub_core.wire import json_text

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_FIRST_RETRY_SECONDS, _MAX_RETRY_SECONDS = 0.5, 10.0
_PAGE_TIMEOUT_SECONDS: Final = 10.0
_PRODUCT_EVENTS: Final = frozenset({"new_product", "product_updated", "product_removed"})


def websocket_url(url: str) -> str:
    """The address of the plain WebSocket of the server at ``url``, which may be http, https, ws or wss.

    Raises:
        InvalidQuery: it is none of these.
    """
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.hostname:
        raise InvalidQuery("--url", f"must be an address such as http://localhost:3002, not {url!r}")
    return parts._replace(scheme=scheme, path=parts.path.rstrip("/") or "/products").geturl()


@define(kw_only=True)
class ShopWatch:
    """The live events of a shop, each revision of a product once.

    ``tell`` gets what is not an event: losses, returns, and messages of the server.
    """

    url: str
    seller_handle: str
    tell: Callable[[str], None]
    _cursor: str | None = field(default=None, init=False)
    _seen: dict[str, tuple[str | None, int]] = field(factory=dict, init=False)
    _failures: int = field(default=0, init=False)

    async def events(self) -> AsyncIterator[Mapping[str, Any]]:
        """Events without end.

        Raises:
            ServiceUnavailable: the server could not be reached the first time.
        """
        was_connected = False
        while True:
            try:
                if self._cursor is None:
                    await self._load_cursor()
                async with connect(self.url, proxy=self._proxy()) as connection:
                    was_connected, self._failures = True, 0
                    await self._subscribe(connection)
                    async for frame in connection:
                        if (event := await self._take(connection, orjson.loads(frame))) is not None:
                            yield event
                problem = f"the server closed the connection ({connection.close_code})"
            except (OSError, WebSocketException, TimeoutError) as error:
                problem = str(error) or type(error).__name__
                if not was_connected:
                    advice = "is `linkhub serve` running there?"
                    raise ServiceUnavailable(self.url, f"{problem}; {advice}") from error
            await self._wait(problem)

    def _proxy(self) -> Literal[True] | None:
        """A proxy is for other machines."""
        return None if urlsplit(self.url).hostname in _LOOPBACK else True

    async def _load_cursor(self) -> None:
        """Take the cursor of the shop's first page, where REST answers."""
        parts = urlsplit(self.url)
        scheme = "https" if parts.scheme == "wss" else "http"
        root = parts.path.removesuffix("/products")
        path = f"{root}/api/v1/shop/{self.seller_handle}/products"
        address = parts._replace(scheme=scheme, path=path, query="limit=1").geturl()
        opener = build_opener() if self._proxy() else build_opener(ProxyHandler({}))

        def load() -> str | None:
            try:
                with opener.open(address, timeout=_PAGE_TIMEOUT_SECONDS) as answer:
                    cursor: str | None = orjson.loads(answer.read())["metadata"].get("cursor")
                    return cursor
            except (HTTPError, HTTPException, KeyError, orjson.JSONDecodeError):  # no REST here, or none now
                return None

        self._cursor = await asyncio.to_thread(load)

    async def _subscribe(self, connection: ClientConnection) -> None:
        data = {"seller_handle": self.seller_handle} | ({"cursor": self._cursor} if self._cursor else {})
        await connection.send(json_text.dump({"event": "subscribe_to_seller", "data": data}).decode())

    async def _take(self, connection: ClientConnection, frame: Mapping[str, Any]) -> Mapping[str, Any] | None:
        event, data = frame["event"], frame["data"]
        if event in _PRODUCT_EVENTS:
            return self._newer(data)
        if event == "subscribed":
            self.tell(data["message"])
            if data.get("recovered") is False:
                self.tell("too much was missed to be sent again: `linkhub export` has it all")
                await self._load_cursor()
                if self._cursor is not None:
                    await self._subscribe(connection)
        elif event == "error":
            self.tell(f"{data['code']}: {data['message']}")
        return None

    def _newer(self, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        self._cursor = data.get("cursor") or self._cursor
        product, revision = data.get("product", data), data["revision"]
        video_id = product["video_id"]
        known_life, known_revision = self._seen.get(video_id, (None, 0))
        life = product.get("created_at", known_life)  # a removal does not name the life of its product
        if known_life in (None, life) and revision <= known_revision:
            return None
        self._seen[video_id] = (life, revision)
        return data

    async def _wait(self, problem: str) -> None:
        self._failures += 1
        seconds = backoff_seconds(self._failures, first_seconds=_FIRST_RETRY_SECONDS, max_seconds=_MAX_RETRY_SECONDS)
        self.tell(f"lost {self.url}: {problem}; trying again")
        await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311  so that not all clients return at once
