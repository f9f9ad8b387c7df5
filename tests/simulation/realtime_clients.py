"""A server with the production hub and its catch-up, and clients that connect and leave during the run.

The bus to the server delivers late, out of order and twice; it loses announcements, and the server then learns that it
lost some. Reads of the store take their time and fail. Clients subscribe, leave shops and disconnect, several of these
in one breath, and read slowly. In the end the page of each client is the store's.

The audience draws its own chances: it disturbs no other process, so a seed's storm is the same with and without it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from attrs import define, field, frozen

from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.realtime import Hub, RealtimeSettings
from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Changes, UnknownCursor, Unreadable
from linkhub_core.wire.codec import timestamp_text
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.simulation.clocks import LoopClock
from tests.simulation.invariant_checker import InvariantChecker
from tests.simulation.plan import BEGINNING, Plan
from tests.support.simulated_clients import Received, SimulatedClient, a_hub

_SHOPS: Final = ("a", "b")
_LONG_AGO: Final = BEGINNING.replace(year=BEGINNING.year - 1)
_SETTINGS: Final = RealtimeSettings(session=SessionLimits(messages_per_minute=100_000), max_unsent_bytes=1_000)
_SLOW_BYTES: Final = 600
_PATIENCE_SECONDS: Final = 3_600


@define(eq=False)
class _Network:
    """Faults between the server, its bus and its store; none once it is ``calm``."""

    chance: random.Random
    latency_seconds: float
    is_healed: bool = False

    def latency(self) -> float:
        """How long a way takes; one in ten takes very long."""
        is_long = not self.is_healed and self.chance.random() < 0.1
        return self.chance.expovariate(1.0) * self.latency_seconds * (50 if is_long else 1)

    def happens(self, rate: float) -> bool:
        """Whether something goes wrong this time."""
        return not self.is_healed and self.chance.random() < rate


@frozen
class _Reads:
    """The product store as the server reads it."""

    inner: MemoryProductStore
    network: _Network

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        await self._travel()
        page = await self.inner.page(query)
        await self._travel()
        return page

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        await self._travel()
        changes = await self.inner.changes(seller_handle, after, limit)
        await self._travel()
        return changes

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port. It does not fail: late news of a deleted product would then be shown, as it should be."""
        await asyncio.sleep(self.network.latency())
        found = await self.inner.read(keys)
        await asyncio.sleep(self.network.latency())
        return found

    async def _travel(self) -> None:
        await asyncio.sleep(self.network.latency())
        if self.network.happens(0.1):
            raise ServiceUnavailable("products", "does not answer the server")


@define(eq=False)
class _Client:
    """A client with a page of each shop that it watches.

    It loads a page when it has none, and when an answer does not say ``recovered``.
    """

    viewer: SimulatedClient
    realtime: RealtimeClients
    shops: set[str] = field(factory=set)
    page: dict[ProductKey, tuple[str, int]] = field(factory=dict)
    _seen: dict[tuple[ProductKey, str], int] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.viewer.on_received = self._take

    def subscribe(self, shop: str, since: str | None) -> None:
        """Ask for a shop."""
        self._log(f"subscribes to shop {shop}{'' if since is None else ' and asks for what it missed'}")
        self.shops.add(shop)
        self.viewer.subscribe(shop, since)

    def unsubscribe(self, shop: str) -> None:
        """Leave a shop."""
        self._log(f"unsubscribes from shop {shop}")
        self.shops.discard(shop)
        self.page = {key: known for key, known in self.page.items() if key.seller_handle != shop}
        self.viewer.unsubscribe(shop)

    def connect(self) -> None:
        """Connect, or connect again."""
        self.leave()
        self._log("connects")
        self.viewer.connect()

    def leave(self) -> None:
        """Cut the connection."""
        if self.viewer.is_connected:
            self._log("disconnects")
        self.viewer.leave()
        for forgotten in (self.shops, self.page, self._seen):
            forgotten.clear()

    def _take(self, received: Received) -> None:
        data = received.data
        if received.event == "subscribed":
            shop = data["seller_handle"]
            self._log(f"is answered that shop {shop} is {'' if data['recovered'] else 'not '}recovered")
            self._seen = {seen: at for seen, at in self._seen.items() if seen[0].seller_handle != shop}
            has_page = data["recovered"] and shop in {key.seller_handle for key in self.page}
            if shop in self.shops and not has_page:
                others = {key: known for key, known in self.page.items() if key.seller_handle != shop}
                self.page = others | self.realtime.stored(shop)
        elif received.is_product:
            key = ProductKey(data["product"]["seller_handle"], data["product"]["video_id"])
            self._take_product(key, data["product"]["created_at"], data["revision"])

    def _log(self, sentence: str) -> None:
        self.realtime.checker.log.tell(self.viewer.name, sentence)

    def _take_product(self, key: ProductKey, life: str, revision: int) -> None:
        name = f"{self.viewer.name} is shown revision {revision} of {key}, created at {life[11:]}"
        self._log(name.partition(" ")[2])
        self.realtime.checker.hold(key.seller_handle in self.shops, f"{name}, whose shop it does not watch")
        if self.realtime.checker.has_distinct_lives(key):
            is_later = self._seen.get((key, life), -1) < revision
            self.realtime.checker.hold(is_later, f"{name} again, or after a later one")
        self._seen[key, life] = revision
        known_life, known_revision = self.page.get(key, (life, 0))
        if life != known_life or revision > known_revision:
            self.page[key] = life, revision


@define(eq=False)
class RealtimeClients:
    """The server, its bus and its clients; made on the running loop."""

    plan: Plan
    checker: InvariantChecker
    network: _Network
    hub: Hub
    clients: list[_Client] = field(factory=list)
    _on_their_way: int = 0

    @classmethod
    def of(cls, plan: Plan, checker: InvariantChecker) -> RealtimeClients:
        """The server and the clients of a plan."""
        chance = random.Random(f"audience of {plan.seed}")
        network = _Network(chance, plan.fault_rates.latency_seconds)
        hub = a_hub(_Reads(checker.products, network), LoopClock(), settings=_SETTINGS)
        realtime = cls(plan, checker, network, hub)
        realtime.clients = [_Client(SimulatedClient(name, hub), realtime) for name in ("Ada", "Bob")]
        checker.listeners.append(realtime.hear)
        return realtime

    # --- the bus ---------------------------------------------------------------------------------------------------

    def hear(self, announcement: Announcement) -> None:
        """The bus takes an announcement: it comes after a while, maybe twice, or it is lost."""
        # Announcements of products that are deleted by hand are not lost: a late one would look like the last one.
        if not self.plan.deletions and self.network.happens(0.1):
            self.checker.log.tell("The bus", f"loses revision {announcement.revision} of {announcement.key}")
            self._send(partial(self.hub.catch_up, _LONG_AGO))
            return
        for _ in range(2 if self.network.happens(0.2) else 1):
            self._send(partial(self.hub.broadcast_all, [announcement]))

    def _send(self, arrive: partial[None]) -> None:
        self._on_their_way += 1
        asyncio.get_running_loop().call_later(self.network.latency(), self._arrive, arrive)

    def _arrive(self, arrive: partial[None]) -> None:
        self._on_their_way -= 1
        arrive()

    # --- clients ---------------------------------------------------------------------------------------------------

    async def visit(self) -> None:
        """Let clients come and go until the storm is over; then each watches both shops."""
        loop, chance = asyncio.get_running_loop(), self.network.chance
        while loop.time() < self.plan.fault_seconds:
            await asyncio.sleep(chance.expovariate(12 / self.plan.fault_seconds))
            client = chance.choice(self.clients)
            client.viewer.unsent_bytes = chance.choice((0, 0, _SLOW_BYTES))
            for _ in range(chance.randint(1, 4)):
                self._act(client)
        self.network.is_healed = True
        for client in self.clients:
            client.viewer.unsent_bytes = 0
            if not client.viewer.is_connected:
                client.connect()
            for shop in _SHOPS:
                if shop not in client.shops:
                    client.subscribe(shop, timestamp_text(_LONG_AGO))

    def _act(self, client: _Client) -> None:
        chance = self.network.chance
        if not client.viewer.is_connected:
            client.connect()
        shop = chance.choice(_SHOPS)
        match chance.randrange(8):
            case 0:
                client.leave()
            case 1 | 2:
                client.unsubscribe(shop)
            case 3:
                client.viewer.switch_transport()
            case 4:
                client.subscribe(shop, None)
            case _:
                client.subscribe(shop, timestamp_text(_LONG_AGO))

    # --- in the end ------------------------------------------------------------------------------------------------

    def stored(self, shop: str) -> dict[ProductKey, tuple[str, int]]:
        """The life and the revision of each product of a shop in the store, as REST shows them."""
        rows = self.checker.products.rows
        return {
            key: (timestamp_text(record.created_at), record.revision)
            for key, record in rows.items()
            if key.seller_handle == shop
        }

    async def settle(self) -> None:
        """Wait until nothing is on its way to a client; then no task is left."""
        for _ in range(_PATIENCE_SECONDS):
            if not self._on_their_way and len(asyncio.all_tasks()) == 1:
                return
            await asyncio.sleep(1.0)
        self.checker.hold(False, "in the end, tasks of clients are left")

    def hold_pages(self, when: str) -> None:
        """Each client sees the stored state of each product whose lives are distinguishable."""
        for client in self.clients:
            for shop in client.shops:
                for key, stored in self.stored(shop).items():
                    seen = client.page.get(key)
                    if seen == (stored[0], 0) and self.checker.is_only_adopted(self.checker.products.rows[key]):
                        continue
                    if self.checker.has_distinct_lives(key):
                        self.checker.hold(
                            seen == stored, f"{when}, {client.viewer.name} sees {seen} of {key}, not {stored}"
                        )
