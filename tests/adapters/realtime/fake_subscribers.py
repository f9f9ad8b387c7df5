"""Viewers without connections: what was written to them is a list."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from attrs import define, field

from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.subscriber import Viewer
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET, WireFormat
from linkhub_core.application.subscriber_session import SUBSCRIBE
from tests.adapters.realtime.realtime_fixture import SELLER

__all__ = ["Watcher", "settle"]


def _plain_data(written: bytes) -> Any:
    """What a frame of less than 64 KiB holds."""
    return orjson.loads(written[2 if written[1] < 126 else 4 :])


@define(eq=False)
class Watcher:
    """Somebody who watches through the plain dialect."""

    hub: Hub
    written: list[bytes] = field(factory=list)
    acknowledged: list[Mapping[str, Any]] = field(factory=list)
    unsent: int = 0
    viewer: Viewer = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.viewer = self.hub.connect(self.dialect, self.written.append, lambda: self.unsent)
        self.written.clear()

    @property
    def dialect(self) -> WireFormat:
        """How it is written to."""
        return PLAIN_WEBSOCKET

    def subscribe(self, seller: str = SELLER, since: str | None = None) -> None:
        """Ask for a shop."""
        data = {"seller_handle": seller} | ({} if since is None else {"since": since})
        self.hub.receive(
            self.viewer, SUBSCRIBE, data, lambda data_json: self.acknowledged.append(orjson.loads(data_json))
        )

    def say(self, event: str, data: object = None) -> None:
        """Send a message."""
        self.hub.receive(self.viewer, event, data)

    def take(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What has been written since the last call: events and their data."""
        messages = [_plain_data(frame) for frame in self.written]
        self.written.clear()
        return [(message["event"], message["data"]) for message in messages]

    def take_revisions(self) -> list[tuple[str, int]]:
        """Of what has been written, the products: their ids and revisions."""
        shown = [data for event, data in self.take() if event in ("new_product", "product_updated")]
        return [(data["product"]["video_id"], data["revision"]) for data in shown]


async def settle() -> None:
    """Let everything happen that can happen without anybody's help."""
    for _ in range(20):
        await asyncio.sleep(0)
