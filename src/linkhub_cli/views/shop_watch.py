"""A viewer of one shop, as a program: subscribes over WebSocket, and comes back after every loss with ``since``.

The server sends again what was missed in between. What was seen already is dropped here, as every viewer has to: a
revision that is no later one of the same product with the same ``created_at``.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson
from attrs import define, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from linkhub_core.errors import InvalidQuery, ServiceUnavailable
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.shop_query import next_since

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_FIRST_RETRY_SECONDS, _MAX_RETRY_SECONDS = 0.5, 10.0
_PRODUCT_EVENTS = frozenset({"new_product", "product_updated"})


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

    ``tell`` hears of what is not an event: losses, returns, and what the server has to say.
    """

    url: str
    seller_handle: str
    tell: Callable[[str], None]
    _since: str | None = field(default=None, init=False)
    _seen: dict[tuple[str, str], int] = field(factory=dict, init=False)
    _failures: int = field(default=0, init=False)

    async def events(self) -> AsyncIterator[Mapping[str, Any]]:
        """Events without end.

        Raises:
            ServiceUnavailable: the server could not be reached the first time.
        """
        has_been_there = False
        while True:
            try:
                async with connect(self.url, proxy=self._proxy()) as connection:
                    has_been_there, self._failures = True, 0
                    await self._subscribe(connection)
                    async for frame in connection:
                        if (event := self._take(orjson.loads(frame))) is not None:
                            yield event
                problem = f"the server closed the connection ({connection.close_code})"
            except (OSError, WebSocketException, TimeoutError) as error:
                problem = str(error) or type(error).__name__
                if not has_been_there:
                    advice = "is `linkhub serve` running there?"
                    raise ServiceUnavailable(self.url, f"{problem}; {advice}") from error
            await self._wait(problem)

    def _proxy(self) -> Literal[True] | None:
        """A proxy is for the world outside, not for this machine."""
        return None if urlsplit(self.url).hostname in _LOOPBACK else True

    async def _subscribe(self, connection: ClientConnection) -> None:
        data = {"seller_handle": self.seller_handle} | ({"since": self._since} if self._since else {})
        await connection.send(json_text.dump({"event": "subscribe_to_seller", "data": data}).decode())

    def _take(self, frame: Mapping[str, Any]) -> Mapping[str, Any] | None:
        event, data = frame["event"], frame["data"]
        if event in _PRODUCT_EVENTS:
            return self._newer(data)
        if event == "subscribed":
            self.tell(data["message"])
            if data.get("recovered") is False and self._since:
                self.tell("too much was missed to be sent again: `linkhub export` has it all")
            self._remember(data["timestamp"])
        elif event == "error":
            self.tell(f"{data['code']}: {data['message']}")
        return None

    def _newer(self, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
        product = data["product"]
        life, revision = (product["video_id"], product["created_at"]), data["revision"]
        self._remember(data["timestamp"])
        if revision <= self._seen.get(life, 0):
            return None
        self._seen[life] = revision
        return data

    def _remember(self, timestamp: str) -> None:
        """Ask for what came after ``timestamp``, and for a little before it: servers' clocks differ."""
        self._since = timestamp_text(next_since(datetime.fromisoformat(timestamp)))

    async def _wait(self, problem: str) -> None:
        seconds = min(_MAX_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2**self._failures)
        self._failures += 1
        self.tell(f"lost {self.url}: {problem}; trying again")
        await asyncio.sleep(seconds * random.uniform(0.5, 1))  # noqa: S311  only so that not all come back at once
