"""linkhub's realtime room as ``linkhub serve`` runs it: on uvicorn and uvloop, with everything at its default.

Only the limit of connections per address is raised, because all clients of a load have few addresses. ``--missed N``
puts N products into the store, for clients that reconnect. The line ``watch`` makes it print when the next slow reader
passed the limit, and when it was gone, in seconds of the monotonic clock; ``reads`` prints how often pages were read.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any, cast

import uvicorn
import uvloop
from attrs import define, field
from starlette.applications import Starlette

from benchmarks.fanout.command_pipe import obey, open_port, raise_limits
from benchmarks.fanout.shop_events import write_records
from linkhub_adapters.memory import MemoryProductStore
from linkhub_adapters.realtime import (
    PRODUCTS_PATH,
    SOCKETIO_PATH,
    Admission,
    EventStreams,
    Gateway,
    Hub,
    RealtimeSettings,
    SocketIoServer,
    event_stream_routes,
    plain_endpoint,
    socketio_routes,
)
from linkhub_adapters.realtime.server.uvicorn_server import HttpConnection
from linkhub_adapters.runtime import SystemClock
from linkhub_core.access import AccessPolicy
from linkhub_core.application import BrowseShop
from linkhub_core.ports import SilentJournal
from linkhub_core.wire.announcements import read_announcement
from linkhub_core.wire.shop_query import Page, PageQuery

LOOK_SECONDS = 0.005


class CountedProducts(MemoryProductStore):
    """A store that counts how often pages are read."""

    pages_read = 0

    async def page(self, query: PageQuery) -> Page:
        """Count, then read."""
        self.pages_read += 1
        return await super().page(query)


@define
class Server:
    """The room, and what it is asked to do."""

    products: CountedProducts
    hub: Hub
    sockets: SocketIoServer
    streams: EventStreams
    gateway: Gateway
    watching: asyncio.Task[None] | None = field(default=None)

    @property
    def connections(self) -> int:
        """All that is open."""
        return len(self.gateway) + len(self.streams)

    def watch(self) -> None:
        """Look after the next slow reader."""
        self.watching = asyncio.create_task(self._watch())
        print("watching", flush=True)

    async def _watch(self) -> None:
        before, connections = self.hub.counters.slow_readers_closed, self.connections
        while self.hub.counters.slow_readers_closed == before:  # noqa: ASYNC110  a count has no event to wait for
            await asyncio.sleep(LOOK_SECONDS)
        passed = monotonic()
        while self.connections >= connections:  # noqa: ASYNC110  likewise
            await asyncio.sleep(LOOK_SECONDS)
        print(json.dumps([passed, monotonic()]), flush=True)


def make_server(missed: int) -> Server:
    """Put the room together."""
    settings = RealtimeSettings(access=AccessPolicy(origins=["*"]), max_connections_per_address=50_000)
    products, clock = CountedProducts(), SystemClock()
    for record in write_records(missed):
        products.rows[record.key] = record
    browse = BrowseShop(products=products, clock=clock)
    hub = Hub(browse=browse, clock=clock, journal=SilentJournal(), settings=settings)
    admission = Admission(settings=settings, counters=hub.counters)
    sockets, streams = SocketIoServer(hub=hub, admission=admission), EventStreams(hub=hub, admission=admission)
    gateway = Gateway(
        endpoints={PRODUCTS_PATH: plain_endpoint(hub), SOCKETIO_PATH: sockets.endpoint},
        admission=admission,
        sweeps=[streams.sweep],
    )
    return Server(products, hub, sockets, streams, gateway)


async def main(events: Sequence[bytes], missed: int) -> None:
    """Serve until the pipe is closed."""
    raise_limits()
    waiting = iter([one for line in events if (one := read_announcement(line))])
    server = make_server(missed)
    server.gateway.start()
    listening = open_port()
    app = Starlette(routes=[*socketio_routes(server.sockets), *event_stream_routes(server.streams)])
    config = uvicorn.Config(
        app,
        loop="none",
        http=HttpConnection,
        ws=cast(Any, server.gateway.make_connection),
        lifespan="off",
        log_config=None,
        access_log=False,
    )
    http = uvicorn.Server(config)
    serving = asyncio.create_task(http.serve(sockets=[listening]))
    commands = {
        "publish": lambda: server.hub.broadcast(next(waiting)),
        "watch": server.watch,
        "reads": lambda: print(server.products.pages_read, flush=True),
    }
    await obey(listening, commands)
    http.should_exit = http.force_exit = True
    await serving


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]).read_bytes().splitlines(), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
