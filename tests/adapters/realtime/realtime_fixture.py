"""The whole realtime room on loopback: one port as uvicorn hands connections over, one of the gateway's own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import httpx2
import orjson
import uvicorn
from attrs import define, evolve
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin

from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.realtime import (
    PRODUCTS_PATH,
    SOCKETIO_PATHS,
    Admission,
    EventStreams,
    Gateway,
    Hub,
    RealtimeSettings,
    SocketIoServer,
    event_stream_routes,
    plain_endpoint,
    plain_routes,
    socketio_routes,
)
from linkhub_adapters.realtime.server.uvicorn_server import HttpConnection, SignalFreeServer
from linkhub_core.access import AccessPolicy
from linkhub_core.application import BrowseShop
from linkhub_core.errors import InvalidQuery
from linkhub_core.model import Availability, Listing, ProductKey, ProductRecord
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Changes, UnknownCursor, Unreadable
from linkhub_core.testing.builders import NOON, a_record
from linkhub_core.testing.fakes import FakeClock, MemoryJournal
from linkhub_core.wire.announcements import announce
from linkhub_core.wire.cursor import Cursor
from linkhub_core.wire.shop_query import Page, PageQuery

PATIENCE_SECONDS = 20.0
SELLER = "nalu-fashion"
WITHDRAWN = Listing(availability=Availability.WITHDRAWN)
SETTINGS = RealtimeSettings(access=AccessPolicy(origins=["https://shop.example"]), close_timeout_seconds=0.5)


class GatedProductStore(MemoryProductStore):
    """A store whose reads wait at a gate that a test opens; they fail if ``failure`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.reading = asyncio.Event()
        self.failure: Exception | None = None

    async def page(self, query: PageQuery) -> Page:
        """Wait at the gate, then read."""
        await self._pass_gate()
        return await super().page(query)

    async def read(self, keys: Sequence[ProductKey]) -> Mapping[ProductKey, StoredProduct | Unreadable]:
        """Wait at the gate, then read."""
        await self._pass_gate()
        return await super().read(keys)

    async def changes(self, seller_handle: str, after: Cursor, limit: int) -> Changes | UnknownCursor:
        """Wait at the gate, then read."""
        await self._pass_gate()
        return await super().changes(seller_handle, after, limit)

    async def _pass_gate(self) -> None:
        self.reading.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure

    def save(self, *records: ProductRecord) -> None:
        """Put products as they are."""
        for record in records:
            self.put(record)

    def cursor(self, seller_handle: str = SELLER) -> str:
        """The cursor of a page that is read now."""
        return self._cursor(seller_handle, self._last_number)


@define
class Monotonic:
    """A monotonic clock that tests move."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """The present, in seconds."""
        return self.now


@define(kw_only=True)
class RealtimeFixture:
    """Everything that a test reaches for. ``port`` is uvicorn's, ``gateway_port`` the gateway's own;
    ``http_connections`` are those of uvicorn that were not handed over."""

    settings: RealtimeSettings
    store: GatedProductStore
    clock: FakeClock
    journal: MemoryJournal
    monotonic: Monotonic
    hub: Hub
    sockets: SocketIoServer
    streams: EventStreams
    gateway: Gateway
    port: int = 0
    gateway_port: int = 0
    http_connections: Collection[HttpConnection] = ()

    @property
    def url(self) -> str:
        """The address of HTTP."""
        return f"http://127.0.0.1:{self.port}"

    async def connect(self, port: int | None = None, *, origin: str | None = None, **options: Any) -> ClientConnection:
        """Connect a plain WebSocket, its greeting unread."""
        address = f"ws://127.0.0.1:{port or self.port}/products"
        return await connect(address, origin=cast(Origin | None, origin), compression=None, **options)

    async def subscriber(self, seller: str = SELLER, *, since: datetime | None = None) -> ClientConnection:
        """A plain WebSocket that was greeted and has asked for a shop; the answer is unread."""
        client = await self.connect()
        assert (await read_event(client))[0] == "connected"
        data = {"seller_handle": seller} | ({} if since is None else {"since": since.isoformat()})
        await client.send(orjson.dumps({"event": "subscribe_to_seller", "data": data}).decode())
        return client

    def sweep(self, seconds: float = 0.0) -> None:
        """Let monotonic time pass, and do what is due."""
        self.monotonic.now += seconds
        self.gateway.sweep(self.monotonic.now)
        for client in list(self.sockets.clients.values()):
            client.tick_if_due()

    async def drain(self) -> None:
        """Close everything, as a process does that goes away."""
        await self.sockets.close()
        await self.streams.close()
        await self.gateway.close()
        self.hub.close()


def an_announcement(record: ProductRecord | None = None, **fields: Any) -> Announcement:
    """The announcement of a record."""
    return announce(evolve(record or a_record(), **fields), NOON)


async def read_event(client: ClientConnection) -> tuple[str, Mapping[str, Any]]:
    """The next event of a plain WebSocket, and its data."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        message = orjson.loads(await client.recv())
    return message["event"], message["data"]


async def until(condition: Any) -> None:
    """Wait until a condition that others bring about holds."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110  what others bring about has no event to wait for
            await asyncio.sleep(0.005)


async def _hello(_: Request) -> Response:
    return PlainTextResponse("hello")


async def _invalid(_: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), 400)


def make_realtime(settings: RealtimeSettings = SETTINGS) -> RealtimeFixture:
    """Put the parts together; nothing is opened."""
    store, clock, journal, monotonic = GatedProductStore(), FakeClock(), MemoryJournal(), Monotonic()
    browse = BrowseShop(products=store, clock=clock)
    hub = Hub(browse=browse, clock=clock, journal=journal, settings=settings, monotonic=monotonic)
    admission = Admission(settings=settings, counters=hub.counters)
    sockets = SocketIoServer(hub=hub, admission=admission, monotonic=monotonic)
    streams = EventStreams(hub=hub, admission=admission, monotonic=monotonic)
    gateway = Gateway(
        endpoints={PRODUCTS_PATH: plain_endpoint(hub), **dict.fromkeys(SOCKETIO_PATHS, sockets.endpoint)},
        admission=admission,
        sweeps=[streams.sweep],
        monotonic=monotonic,
    )
    return RealtimeFixture(
        settings=settings,
        store=store,
        clock=clock,
        journal=journal,
        monotonic=monotonic,
        hub=hub,
        sockets=sockets,
        streams=streams,
        gateway=gateway,
    )


@asynccontextmanager
async def open_realtime(
    settings: RealtimeSettings = SETTINGS, *, send_buffer_bytes: int | None = None, keep_alive_seconds: float = 5.0
) -> AsyncIterator[RealtimeFixture]:
    """Open a room on two free ports, and close it; ``send_buffer_bytes`` limits what the kernel takes."""
    realtime = make_realtime(settings)
    own, http = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    if send_buffer_bytes is not None:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)  # connections inherit it
    realtime.gateway_port, realtime.port = own.getsockname()[1], http.getsockname()[1]
    realtime.gateway.start()
    await realtime.gateway.listen(own)
    app = Starlette(
        routes=[
            Route("/", _hello),
            *plain_routes(),
            *socketio_routes(realtime.sockets),
            *event_stream_routes(realtime.streams),
        ],
        exception_handlers={InvalidQuery: _invalid},
    )
    config = uvicorn.Config(
        app,
        ws=cast(Any, realtime.gateway.make_connection),
        http=HttpConnection,
        loop="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=cast(int, keep_alive_seconds),
    )
    server = SignalFreeServer(config)
    serving = asyncio.create_task(server.serve([http]))
    await until(lambda: server.started)
    realtime.http_connections = cast(Collection[HttpConnection], server.server_state.connections)
    try:
        yield realtime
    finally:
        await realtime.drain()
        server.should_exit = True
        await serving


def http_client(realtime: RealtimeFixture) -> httpx2.AsyncClient:
    """An HTTP client of the room."""
    return httpx2.AsyncClient(base_url=realtime.url, timeout=PATIENCE_SECONDS)
