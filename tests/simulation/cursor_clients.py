"""Clients that keep nothing but their page and the last cursor, and come back over any transport.

A client loads the pages of a shop, leaves, and comes back by ``?cursor=``, by a subscription with ``cursor``, or by an
event stream. It may leave in the middle of anything. Servers with the production hub die and start again, and their bus
loses announcements. In the end each client comes back once more and has exactly the content of the store.

The bus of numbered stores keeps the order of announcements, on which receivers rely. The bus of stamped stores delivers
in any order, within :data:`MAX_BUS_DELAY_SECONDS`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import orjson
from attrs import define, field

from linkhub_adapters.realtime import Hub, RealtimeSettings
from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import ProductKey, ProductRecord
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.change_stamps import StampPosition
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Changes, ProductReader, UnknownCursor, Unreadable
from linkhub_core.wire.codec import encode_product, timestamp_text
from linkhub_core.wire.cursor import Cursor, parse_cursor
from linkhub_core.wire.shop_query import Page, PageQuery
from tests.simulation.clocks import LoopClock
from tests.simulation.invariant_checker import InvariantChecker
from tests.simulation.plan import BEGINNING, Plan, Positions
from tests.simulation.stamped_store import StampedProductStore
from tests.support.simulated_clients import Received, SimulatedClient, a_hub

MAX_BUS_DELAY_SECONDS: Final = 0.9

_SHOP: Final = "a"
_LONG_AGO: Final = BEGINNING.replace(year=BEGINNING.year - 1)
_SETTINGS: Final = RealtimeSettings(session=SessionLimits(messages_per_minute=100_000), max_unsent_bytes=1_000)
_SLOW_BYTES: Final = 600
_MAX_ANSWERS: Final = 100
_REST_SECONDS: Final = 60.0


@define(eq=False)
class _Faults:
    """Faults between clients, servers, bus and store; none once ``is_healed``."""

    chance: random.Random
    is_healed: bool = False

    def latency(self) -> float:
        """How long one way takes; one in ten takes long."""
        is_long = not self.is_healed and self.chance.random() < 0.1
        return self.chance.expovariate(20.0) * (30 if is_long else 1)

    def happens(self, rate: float) -> bool:
        """Whether something goes wrong this time."""
        return not self.is_healed and self.chance.random() < rate


@define
class _Reads:
    """The product store as a server reads it; ``open_store`` takes the store's time, before each read."""

    open_store: Callable[[], ProductReader]
    rows: Mapping[ProductKey, ProductRecord]
    faults: _Faults

    async def page(self, query: PageQuery) -> Page:
        """See the port."""
        store = self.open_store()
        await self._travel()
        page = await store.page(query)
        await self._travel()
        return page

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """See the port."""
        found, _ = await self.changes_and_rows(after, limit)
        return found

    async def changes_and_rows(
        self, after: Cursor, limit: int
    ) -> tuple[Changes | UnknownCursor, Mapping[ProductKey, ProductRecord]]:
        """The changes after a cursor, and all rows of the store at the moment of the read."""
        store = self.open_store()
        await self._travel()
        found, rows = await store.changes(after.seller_handle, after, limit), dict(self.rows)
        await self._travel()
        return found, rows

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """See the port."""
        await asyncio.sleep(self.faults.latency())
        return await self.open_store().read(keys)

    async def _travel(self) -> None:
        await asyncio.sleep(self.faults.latency())
        if self.faults.happens(0.1):
            raise ServiceUnavailable("products", "does not answer the server")


@define(eq=False)
class _Client:
    """One client. ``page`` is None until all pages of the shop were loaded."""

    name: str
    side: CursorClients
    page: dict[str, tuple[str, int, Any]] | None = None
    cursor: str | None = None
    _is_stale: bool = False
    _last_arrival: float = 0.0
    _early: dict[str, tuple[str, int, Any]] = field(factory=dict)

    async def visit(self, *, stays: bool = False) -> None:
        """Come once, by one transport; unless it ``stays`` until it has everything, it may leave at any moment."""
        if not stays and self.side.faults.chance.random() < 0.1:
            self._forget()  # as a browser does that loads the page again
        transports = [self._poll] if self.side.plan.deletions else [self._poll, self._websocket, self._event_stream]
        await self.side.faults.chance.choice(transports)(stays)

    # --- REST

    async def _poll(self, stays: bool) -> None:
        if self.page is None or self.cursor is None:  # an event stream may take the cursor while the page is loaded
            await self._load()
            return
        limit = self.side.faults.chance.choice((1, 2, 50))
        answers = _MAX_ANSWERS if stays else self.side.faults.chance.choice((1, 2, _MAX_ANSWERS))
        for _ in range(answers):
            after = parse_cursor(self.cursor, _SHOP)
            assert after is not None, f"{self.name} has a page and no cursor"
            found, rows = await self.side.reads.changes_and_rows(after, limit)
            if isinstance(found, UnknownCursor):
                await self._load()
                return
            for change in found.changes:
                self._take_stored(change.product)
            self.cursor = found.cursor
            self._log(f"polls {len(found.changes)} changes{', and there are more' if found.has_more else ''}")
            if not found.has_more:
                self.side.hold_page(self, self.side.given(rows, found.cursor), "after a whole answer")
                return
        is_endless = answers == _MAX_ANSWERS
        self.side.checker.hold(not is_endless, f"{self.name} asks for what changed and never comes to an end")

    async def _load(self) -> None:
        """Load all pages, and keep the cursor that was seen last."""
        self._forget()
        limit, before = self.side.faults.chance.choice((1, 1, 50)), None
        loaded: dict[str, tuple[str, int, Any]] = {}
        while True:
            page = await self.side.reads.page(PageQuery(seller_handle=_SHOP, limit=limit, before=before))
            self.cursor = page.cursor or self.cursor
            for product in page.products:
                _put(loaded, product.video_id, _entry(product))
            if not page.has_more:
                break
            before = page.products[-1].video_id
        for video_id, entry in self._early.items():
            _put(loaded, video_id, entry)
        self.page, self._early = loaded, {}
        self._log(f"loads {len(loaded)} products")

    def _forget(self) -> None:
        self.page = self.cursor = None
        self._early = {}

    # --- the hub

    async def _websocket(self, stays: bool) -> None:
        await self._connect(stays, forgets_cursor=False)

    async def _event_stream(self, stays: bool) -> None:
        await self._connect(stays, forgets_cursor=True)

    async def _connect(self, stays: bool, *, forgets_cursor: bool) -> None:
        """Subscribe with the cursor; without a page, load it before or after subscribing."""
        chance = self.side.faults.chance
        if self.page is None and chance.random() < 0.5:
            await self._load()
        server = self.side.hub
        connection = SimulatedClient(self.name, server)
        connection.on_received = partial(self._arrives, forgets_cursor, connection)
        connection.unsent_bytes = 0 if stays else chance.choice((0, 0, _SLOW_BYTES))
        connection.connect()
        try:
            await self._watch(connection, server, stays)
        finally:
            connection.leave()
            self._log("leaves")
            if self.page is None:
                self._forget()

    async def _watch(self, connection: SimulatedClient, server: Hub, stays: bool) -> None:
        loop, chance = asyncio.get_running_loop(), self.side.faults.chance
        self._is_stale = self.page is None
        connection.subscribe(_SHOP, cursor=None if self.page is None else self.cursor)
        self._log("subscribes without a page" if self.page is None else "subscribes")
        end = loop.time() + (_REST_SECONDS if stays else chance.expovariate(0.5))
        while loop.time() < end and self.side.hub is server:
            if self._is_stale:
                if not stays:
                    await asyncio.sleep(chance.choice((0.0, 2.0)))
                    if loop.time() >= end:
                        return
                self._is_stale = False
                await self._load()
                connection.subscribe(_SHOP, cursor=self.cursor)
            await asyncio.sleep(min(0.5, max(0.0, end - loop.time())))

    def _arrives(self, forgets_cursor: bool, connection: SimulatedClient, received: Received) -> None:
        """A message is on its way to the client: it comes after those before it, or never if the client leaves."""
        loop = asyncio.get_running_loop()
        self._last_arrival = max(loop.time(), self._last_arrival) + self.side.faults.chance.expovariate(20.0)

        def arrive() -> None:
            if connection.is_connected:
                self._take(forgets_cursor, received)

        loop.call_at(self._last_arrival, arrive)

    def _take(self, forgets_cursor: bool, received: Received) -> None:
        data = received.data
        if received.event == "subscribed":
            self._log(f"is {'' if data['recovered'] else 'not '}recovered")
            if not data["recovered"]:
                self._is_stale = True
                if forgets_cursor:
                    self._forget()
            self.cursor = data["cursor"] or self.cursor
        elif received.is_product:
            product = data["product"]
            self._take_entry(product["video_id"], (product["created_at"], data["revision"], product))
            self.cursor = data.get("cursor") or self.cursor
            self._log(f"is shown revision {data['revision']} of {product['video_id']}")

    # --- the page

    def _take_stored(self, product: StoredProduct) -> None:
        self._take_entry(product.video_id, _entry(product))

    def _take_entry(self, video_id: str, entry: tuple[str, int, Any]) -> None:
        _put(self._early if self.page is None else self.page, video_id, entry)

    def _log(self, sentence: str) -> None:
        self.side.checker.log.tell(self.name, sentence)


def _entry(product: StoredProduct) -> tuple[str, int, Any]:
    return product.created_at, product.revision, orjson.loads(product.document)


def _put(page: dict[str, tuple[str, int, Any]], video_id: str, entry: tuple[str, int, Any]) -> None:
    """Upsert: a revision replaces earlier ones of the same life, and any of another life."""
    known = page.get(video_id)
    if known is None or known[0] != entry[0] or known[1] <= entry[1]:
        page[video_id] = entry


@define(eq=False)
class CursorClients:
    """The server, its bus and its clients. ``open_store`` opens the store for one read of the server."""

    plan: Plan
    checker: InvariantChecker
    reads: _Reads
    faults: _Faults
    hub: Hub
    clients: Sequence[_Client] = field(init=False)
    _last_arrival: float = 0.0
    _on_their_way: int = 0

    @classmethod
    def of(cls, plan: Plan, checker: InvariantChecker, open_store: Callable[[], ProductReader]) -> CursorClients:
        """The clients of a plan, on the running loop."""
        faults = _Faults(random.Random(f"cursor clients of {plan.seed}"))
        reads = _Reads(open_store, checker.products.rows, faults)
        side = cls(plan, checker, reads, faults, _start_hub(reads))
        checker.listeners.append(side.announced)
        return side

    @clients.default
    def _three(self) -> Sequence[_Client]:
        return [_Client(name, self) for name in ("Cleo", "Dora", "Ezra")]

    # --- the bus

    def announced(self, announcement: Announcement) -> None:
        """The bus takes an announcement: it arrives later, perhaps twice; or it is lost, and the server learns that."""
        if self.faults.happens(0.05):
            self.checker.log.tell("The bus", f"loses revision {announcement.revision} of {announcement.key}")
            self._send(lambda hub: hub.catch_up(_LONG_AGO))
            return
        for _ in range(2 if self.faults.happens(0.1) else 1):
            self._send(lambda hub: hub.broadcast_all([announcement]))

    def _send(self, deliver: Callable[[Hub], None]) -> None:
        loop, hub = asyncio.get_running_loop(), self.hub
        arrival = loop.time() + min(self.faults.latency(), MAX_BUS_DELAY_SECONDS)
        if self.plan.positions is Positions.NUMBERS:
            arrival = self._last_arrival = max(arrival, self._last_arrival + 1e-6)
        self._on_their_way += 1
        loop.call_at(arrival, self._arrive, hub, deliver)

    def _arrive(self, hub: Hub, deliver: Callable[[Hub], None]) -> None:
        self._on_their_way -= 1
        if hub is self.hub:  # else that server is dead, and the announcement with it
            deliver(hub)

    # --- the run

    async def run(self) -> None:
        """Let clients come and go, and servers die, until the fault phase ends."""
        tasks = [asyncio.create_task(self._come_and_go(client)) for client in self.clients]
        tasks.append(asyncio.create_task(self._kill_servers()))
        await asyncio.sleep(self.plan.fault_seconds - asyncio.get_running_loop().time())
        self.faults.is_healed = True
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(outcome, asyncio.CancelledError) and isinstance(outcome, BaseException):
                raise outcome

    async def _come_and_go(self, client: _Client) -> None:
        while True:
            await asyncio.sleep(self.faults.chance.expovariate(0.5))
            try:
                await client.visit()
            except ServiceUnavailable:
                self.checker.log.tell(client.name, "gets no answer")

    async def _kill_servers(self) -> None:
        while True:
            await asyncio.sleep(self.faults.chance.expovariate(0.1))
            self.checker.log.tell("The server", "is killed, and another one starts")
            self.hub.close()
            self.hub = _start_hub(self.reads)

    async def hold_content(self, when: str) -> None:
        """Each client comes back, and then has exactly the content of the store."""
        for client in self.clients:
            await client.visit(stays=True)
        self.hub.close()
        for client in self.clients:
            self.hold_page(client, self.checker.products.rows, when)
            if not self.plan.deletions:
                extra = (client.page or {}).keys() - {key.video_id for key in self.checker.products.rows}
                self.checker.hold(not extra, f"{when}, {client.name} has {sorted(extra)}, which the store has not")

    def given(self, rows: Mapping[ProductKey, ProductRecord], cursor: str) -> Mapping[ProductKey, ProductRecord]:
        """The rows up to a cursor. With stamps, an answer that ends a walk gives the time at which the walk began."""
        store, after = self.reads.open_store(), parse_cursor(cursor, _SHOP)
        position = None if after is None else StampPosition.parse(after.position)
        if not isinstance(store, StampedProductStore) or position is None:
            return rows
        return {key: row for key, row in rows.items() if store.stamps.of[key] <= position.stamp_ms}

    def hold_page(self, client: _Client, rows: Mapping[ProductKey, ProductRecord], when: str) -> None:
        """A client has the content of these rows. A stamped row may be missing until its announcement is out."""
        for key, record in rows.items():
            is_certain = self.plan.positions is Positions.NUMBERS or record.unannounced_revision is None
            if key.seller_handle == _SHOP and is_certain and self.checker.has_distinct_lives(key):
                page = client.page or {}
                seen = page.get(key.video_id, (None, 0, None))
                is_later = seen[0] == timestamp_text(record.created_at) and seen[1] > record.revision
                has_content = is_later or seen[2] == orjson.loads(encode_product(record))
                self.checker.hold(has_content, f"{when}, {client.name} has missed a change of {key}")


def _start_hub(reads: _Reads) -> Hub:
    return a_hub(reads, LoopClock(), settings=_SETTINGS)
