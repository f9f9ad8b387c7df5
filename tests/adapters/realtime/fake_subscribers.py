"""Subscribers without connections: what was written to them is a list."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from attrs import define, field

from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.subscriber import Subscriber
from linkhub_adapters.realtime.hub.wire_format import PLAIN_WEBSOCKET, WireFormat
from linkhub_core.application.subscriber_session import SUBSCRIBE
from tests.adapters.realtime.realtime_fixture import SELLER


def _messages(written: bytes) -> Iterator[Any]:
    """The content of frames of less than 64 KiB, one after the other."""
    while written:
        head, length = (2, written[1]) if written[1] < 126 else (4, int.from_bytes(written[2:4]))
        yield orjson.loads(written[head : head + length])
        written = written[head + length :]


@define(eq=False)
class Watcher:
    """A subscriber with the plain WebSocket's format."""

    hub: Hub
    written: list[bytes] = field(factory=list)
    acknowledged: list[Mapping[str, Any]] = field(factory=list)
    unsent: int = 0
    subscriber: Subscriber = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.subscriber = self.hub.connect(self.wire_format, self.written.append, lambda: self.unsent)
        self.written.clear()

    @property
    def wire_format(self) -> WireFormat:
        """How it is written to."""
        return PLAIN_WEBSOCKET

    def subscribe(self, seller: str = SELLER, since: str | None = None, cursor: str | None = None) -> None:
        """Ask for a shop."""
        data = {"seller_handle": seller, "since": since, "cursor": cursor}
        self.hub.receive(
            self.subscriber, SUBSCRIBE, data, lambda data_json: self.acknowledged.append(orjson.loads(data_json))
        )

    def say(self, event: str, data: object = None) -> None:
        """Send a message."""
        self.hub.receive(self.subscriber, event, data)

    def take(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The events and data that were written since the last call."""
        messages = [message for frames in self.written for message in _messages(frames)]
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
