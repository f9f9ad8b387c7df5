"""Clients of the production hub over an in-memory transport: no socket, no thread, the caller's clock and event loop.

    hub = a_hub(products, clock)                     # the store may be a simulated one: the hub awaits it
    client = SimulatedClient("ada", hub)
    client.connect()
    client.subscribe("nalu-fashion", since="2026-01-15T12:00:00.000Z")
    hub.broadcast_all(announcements)                 # what a bus brings
    client.unsubscribe("nalu-fashion")
    client.leave()                                   # the connection is cut; `connect` makes another
    client.received                                  # all that came, over all connections of this client

Every call acts at once. Catch-up goes on in tasks of the running event loop, so answers and events may come later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

import orjson
from attrs import define, field, frozen

from linkhub_adapters.realtime import Hub, RealtimeSettings
from linkhub_adapters.realtime.hub.subscriber import Subscriber
from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_core.application import BrowseShop
from linkhub_core.application.subscriber_session import GET_STATUS, SUBSCRIBE, UNSUBSCRIBE
from linkhub_core.ports import Clock, Journal, ProductReader
from linkhub_core.testing.fakes import MemoryJournal

_TRANSPORTS: Final = [
    WireFormat(
        name=f"simulated {number}",
        encode=lambda announcement: (announcement.event_type, announcement.event_json),
        encode_reply=lambda reply, data_json: (reply.event, data_json),
        joins=False,
    )
    for number in range(2)
]


def a_hub(
    products: ProductReader,
    clock: Clock,
    *,
    journal: Journal | None = None,
    settings: RealtimeSettings | None = None,
) -> Hub:
    """The production hub on the running event loop, whose time is also the pace of messages.

    ``hub.close()`` cancels its tasks, as the death of its process does.
    """
    numbers = count(1)
    return Hub(
        browse=BrowseShop(products=products, clock=clock),
        clock=clock,
        journal=journal or MemoryJournal(),
        settings=settings or RealtimeSettings(),
        monotonic=asyncio.get_running_loop().time,
        new_id=lambda: f"viewer-{next(numbers)}",
    )


@frozen
class Received:
    """An event that came over a client's ``connection``, counted from 1, at ``at_seconds`` of the loop's time."""

    connection: int
    at_seconds: float
    event: str
    data: Mapping[str, Any]

    @property
    def is_product(self) -> bool:
        """Whether it shows or removes a product, rather than answers a message."""
        return "revision" in self.data


@define(eq=False)
class SimulatedClient:
    """One client, which connects any number of times, to this hub or to another one.

    Args:
        name: for traces.
        hub: the hub of its next connection; assign another one to move it to another process.
        on_received: called with each event as it comes.

    Attributes:
        unsent_bytes: the unsent bytes that the hub sees for this client; catch-up pauses while they are many.
    """

    name: str
    hub: Hub
    on_received: Callable[[Received], None] = lambda _: None
    unsent_bytes: int = 0
    received: list[Received] = field(factory=list, init=False)
    acknowledged: list[Mapping[str, Any]] = field(factory=list, init=False)
    connections: int = field(default=0, init=False)
    _subscriber: Subscriber | None = field(default=None, init=False)
    _connected_to: Hub | None = field(default=None, init=False)

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection."""
        return self._subscriber is not None

    def connect(self) -> None:
        """Open a connection, in the place of an older one."""
        self.leave()
        self.connections += 1
        self._connected_to = self.hub
        self._subscriber = self.hub.connect(_TRANSPORTS[0], self._writer(), lambda: self.unsent_bytes)

    def switch_transport(self) -> None:
        """Go on with this connection over another transport, as a Socket.IO client that leaves polling."""
        if self._subscriber is not None and self._connected_to is not None:
            other = next(each for each in _TRANSPORTS if each is not self._subscriber.wire_format)
            self._connected_to.switch_transport(self._subscriber, other, self._writer())

    def subscribe(self, seller_handle: str, since: str | None = None, cursor: str | None = None) -> None:
        """Ask for a shop, with what changed after ``since`` or ``cursor``; the answer goes to ``acknowledged``, too."""
        self._say(SUBSCRIBE, {"seller_handle": seller_handle, "since": since, "cursor": cursor})

    def unsubscribe(self, seller_handle: str | None = None) -> None:
        """Leave a shop, or all of them."""
        self._say(UNSUBSCRIBE, {"seller_handle": seller_handle})

    def ask_for_status(self) -> None:
        """Ask which shops it watches."""
        self._say(GET_STATUS, None)

    def leave(self) -> None:
        """Cut the connection, if there is one."""
        viewer, self._subscriber = self._subscriber, None
        if viewer is not None and self._connected_to is not None:
            self._connected_to.disconnect(viewer)

    # --- what came -------------------------------------------------------------------------------------------------

    def of_connection(self, number: int | None = None) -> Sequence[Received]:
        """The events of one connection, by default the last one."""
        return [each for each in self.received if each.connection == (number or self.connections)]

    def revisions(self, number: int | None = None) -> Sequence[tuple[str, int]]:
        """The products that one connection showed, by default the last one: their ids and revisions, in order."""
        shown = [each.data for each in self.of_connection(number) if each.is_product and "product" in each.data]
        return [(data["product"]["video_id"], data["revision"]) for data in shown]

    def _say(self, event: str, data: object) -> None:
        if self._subscriber is not None and self._connected_to is not None:
            self._connected_to.receive(self._subscriber, event, data, self._acknowledge)

    def _writer(self) -> Callable[[tuple[str, bytes]], None]:
        connection = self.connections
        return lambda pair: self._take(connection, *pair)

    def _acknowledge(self, data_json: bytes) -> None:
        self.acknowledged.append(orjson.loads(data_json))

    def _take(self, connection: int, event: str, data_json: bytes) -> None:
        now = asyncio.get_running_loop().time()
        each = Received(connection, now, event, orjson.loads(data_json))
        self.received.append(each)
        self.on_received(each)
