"""Viewers over the production hub: they connect, subscribe, unsubscribe in one breath, leave and come back.

Each viewer is a page. It loads a shop from the store when it subscribed without ``since``, or is answered that it may
have missed something. It applies events as clients have to: newer revisions of the same life, and any other life. The
hub reads the store over a wire of its own, on which nothing fails: its own tests take the store away.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from attrs import define, field

from linkhub_adapters.realtime import Hub
from linkhub_core.announcement import Announcement
from linkhub_core.codec import timestamp_text
from linkhub_core.model import ProductKey
from tests.simulation.clocks import LoopClock
from tests.simulation.plan import Action, Visit
from tests.simulation.stores import SimulatedProducts
from tests.simulation.wire import Wire
from tests.simulation.witness import Witness
from tests.support.simulated_viewers import Received, SimulatedViewer, a_hub

__all__ = ["Audience"]

_LONG_AGO = "2026-01-01T00:00:00.000Z"
_BUS_SECONDS = 0.05
_Order = tuple[str, int]


@define(eq=False)
class _Page:
    """What one viewer shows, and what its present connection has been given since it last asked."""

    witness: Witness
    shown: dict[ProductKey, _Order] = field(factory=dict)
    given: dict[tuple[int, ProductKey], _Order] = field(factory=dict)
    is_subscribed: set[str] = field(factory=set)
    loads: set[str] = field(factory=set)

    def take(self, name: str, each: Received) -> None:
        """Apply what came over a connection."""
        if each.event == "subscribed":
            seller_handle = each.data["seller_handle"]
            if each.data.get("recovered") is not True or seller_handle in self.loads:
                self._load(seller_handle)
            return
        if not each.is_product or "product" not in each.data:
            return
        product = each.data["product"]
        key = ProductKey(product["seller_handle"], product["video_id"])
        order = (product["created_at"], each.data["revision"])
        last = self.given.get((each.connection, key))
        grows = last is None or last[0] != order[0] or order[1] > last[1]
        self.witness.hold(grows, f"{name} was shown revision {order[1]} of {key} after revision {last and last[1]}")
        self.given[each.connection, key] = order
        before = self.shown.get(key)
        if before is None or before[0] != order[0] or order[1] > before[1]:
            self.shown[key] = order

    def _load(self, seller_handle: str) -> None:
        for key, record in self.witness.products.rows.items():
            if key.seller_handle == seller_handle:
                self.shown[key] = (timestamp_text(record.created_at), record.revision)


@define(eq=False)
class Audience:
    """The viewers of a world, and the hub that they are connected to."""

    witness: Witness
    chance: random.Random
    hub: Hub
    viewers: dict[int, SimulatedViewer] = field(factory=dict)
    pages: dict[int, _Page] = field(factory=dict)

    @classmethod
    def of(cls, witness: Witness, wire: Wire) -> Audience:
        """An audience with a hub on the running loop."""
        chance = random.Random(f"audience of {witness.plan.seed}")
        own_wire = Wire(chance=chance, weather=wire.weather, story=wire.story, calm=True)
        products = SimulatedProducts(_Server(), own_wire, witness, witness.products)
        return cls(witness, own_wire.chance, a_hub(products, LoopClock()))

    def hear(self, announcement: Announcement) -> None:
        """The bus brings an announcement after a while, perhaps behind a later one."""
        delay_seconds = self.chance.expovariate(1 / _BUS_SECONDS)
        asyncio.get_running_loop().call_later(delay_seconds, self.hub.broadcast_all, [announcement])

    async def visit(self, visits: Sequence[Visit]) -> None:
        """Let the viewers do what they do, at its time."""
        for visit in sorted(visits, key=lambda visit: visit.at_seconds):
            await asyncio.sleep(visit.at_seconds - asyncio.get_running_loop().time())
            self._act(visit.viewer, visit.action, visit.seller_handle)

    def _act(self, number: int, action: Action, seller_handle: str) -> None:
        viewer, page = self._viewer(number), self.pages[number]
        self.witness.story.tell(f"Viewer {number}", f"{action.value} {seller_handle}")
        if action is Action.LEAVE:
            viewer.leave()
            page.is_subscribed.clear()
            return
        if not viewer.is_connected:
            viewer.connect()
        if action is Action.UNSUBSCRIBE:
            viewer.unsubscribe(seller_handle)
            page.is_subscribed.discard(seller_handle)
            return
        page.is_subscribed.add(seller_handle)
        page.given = {place: order for place, order in page.given.items() if place[1].seller_handle != seller_handle}
        if action is Action.BREATHE:
            viewer.subscribe(seller_handle, since=_LONG_AGO)
            viewer.unsubscribe(seller_handle)
        if action is Action.SUBSCRIBE:
            page.loads.add(seller_handle)
        else:
            page.loads.discard(seller_handle)
        viewer.subscribe(seller_handle, since=None if action is Action.SUBSCRIBE else _LONG_AGO)

    def _viewer(self, number: int) -> SimulatedViewer:
        if number not in self.viewers:
            page = self.pages[number] = _Page(self.witness)
            name = f"viewer {number}"
            self.viewers[number] = SimulatedViewer(name, self.hub, on_received=lambda each: page.take(name, each))
        return self.viewers[number]

    async def hold(self) -> None:
        """Everybody who watches a shop sees its newest products, once the bus is empty."""
        await asyncio.sleep(_BUS_SECONDS * 50)
        for number, page in self.pages.items():
            for key, record in self.witness.products.rows.items():
                if key.seller_handle in page.is_subscribed and self.witness.has_distinct_lives(key):
                    newest = (timestamp_text(record.created_at), record.revision)
                    seen = page.shown.get(key)
                    self.witness.hold(seen == newest, f"viewer {number} sees {seen} of {key}, not {newest}")
        for viewer in self.viewers.values():
            viewer.leave()
        self.hub.close()


@define
class _Server:
    """The process of the hub; it does not die."""

    name: str = "The server"
    alive: bool = True

    def die(self) -> None:
        """See the wire."""
