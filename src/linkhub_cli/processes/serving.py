"""A serving process: its duties, and the order in which they end.

    phase      duties                                     stopped
    consume    consumer, sweeper, reporter, extra feeds   first: nothing new is taken, work in hand is finished
    show       announcements to clients, backend gauges,  then: finished work has been shown
               reports to the operator's page
    answer     REST, realtime and pages                   last: requests are answered, sockets closed with 1001

Readiness is false from the signal to stop.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial

from attrs import frozen
from starlette.routing import BaseRoute

from linkhub_adapters.realtime import EventStreams, Gateway, Hub, SocketIoServer
from linkhub_adapters.runtime import SystemClock
from linkhub_cli.processes.http_server import check_server_package, open_ports
from linkhub_cli.processes.lifecycle import (
    Duty,
    Phase,
    guards,
    run_phases,
    start_exit_deadline,
    stopped_by_signals,
    warn_of_polling,
)
from linkhub_cli.settings import Listener, Settings
from linkhub_cli.wiring.access import access_policy
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_cli.wiring.server_container import ServerContainer, open_server

_CLOSED_PER_SECOND = 2_000

Feeds = Callable[[ServerContainer, str], Sequence[Duty]]


def _no_feeds(_: ServerContainer, __: str) -> Sequence[Duty]:
    return ()


async def serve(
    settings: Settings,
    *,
    consumes: bool,
    realtime_only: bool = False,
    greet: Callable[[ListenerInfo], None],
    routes: Sequence[BaseRoute] = (),
    feeds: Feeds = _no_feeds,
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    ``greet`` is called when connections are accepted; ``feeds`` is given the container and the server's URL, and
    returns duties that are stopped with the consumer.

    Raises:
        SettingsFaulty: a port cannot be had, or uvicorn is missing.
        ServiceUnavailable: the backend cannot be reached.
    """
    check_server_package("linkhub serve")
    stop, deadline = asyncio.Event(), partial(start_exit_deadline, settings.consuming.drain_seconds)
    with ExitStack() as opened:
        listener = settings.listener
        listening = open_ports(opened, listener.host, listener.port, variable="LINKHUB_PORT")
        websockets = open_ports(opened, listener.host, listener.ws_port, variable="LINKHUB_WS_PORT")
        process = _process(listener, listening, websockets, consumes=consumes, realtime_only=realtime_only, stop=stop)
        opened.enter_context(stopped_by_signals(stop, stopping=deadline))
        async with open_server(settings, process, routes) as container:
            log = container.log()
            warn_of_polling(container.backend().missing_bus_setting, log, serves=True, consumes=consumes)
            phases = _phases(container, listening, websockets, feeds)
            log.info("listening", url=process.url, host=process.host, port=process.port, ws_port=process.ws_port)
            gc.collect()
            gc.freeze()  # these objects stay: no later collection looks at them
            greet(process)
            await run_phases(phases, stop, drain_seconds=settings.consuming.drain_seconds, log=log)
            log.info("stopped")


def _process(
    listener: Listener,
    listening: Sequence[socket.socket],
    websockets: Sequence[socket.socket],
    *,
    consumes: bool,
    realtime_only: bool,
    stop: asyncio.Event,
) -> ListenerInfo:
    address, port = listening[0].getsockname()[:2]
    host = "localhost" if listener.host == "localhost" else address
    return ListenerInfo(
        host=host,
        port=port,
        ws_port=websockets[0].getsockname()[1] if websockets else None,
        consumes=consumes,
        started_at=SystemClock().now(),
        stop=stop,
        realtime_only=realtime_only,
        access=access_policy(listener, host=host, own_ports=(port,)),
    )


def _phases(
    container: ServerContainer,
    listening: Sequence[socket.socket],
    websockets: Sequence[socket.socket],
    feeds: Feeds,
) -> Sequence[Phase]:
    from linkhub_adapters.realtime.server.uvicorn_server import HttpServer

    process = container.process()
    extra = feeds(container, process.url)
    consuming = (
        [container.consumer().run, container.sweeper().run, container.reporter().run] if process.consumes else []
    )
    gateway = GatewayDuty(
        hub=container.hub(),
        gateway=container.gateway(),
        socketio=container.socketio(),
        streams=container.streams(),
        listening=websockets,
        drain_seconds=container.settings().consuming.drain_seconds,
    )
    reports = [container.registry().run, container.history().run]
    http = HttpServer(container.uvicorn_config(), listening)
    return [
        Phase(name="consume", duties=[*extra, *consuming]),
        Phase(name="show", duties=[container.listener().run, container.refreshing().run, *reports]),
        Phase(name="answer", duties=[gateway.run, http.run, *guards(container)]),
    ]


@frozen(kw_only=True)
class GatewayDuty:
    """Accepts connections of all transports until the signal to stop, then closes them over at most half the drain.

    ``listening`` are bound sockets for WebSockets alone.
    """

    hub: Hub
    gateway: Gateway
    socketio: SocketIoServer
    streams: EventStreams
    listening: Sequence[socket.socket]
    drain_seconds: float

    async def run(self, stop: asyncio.Event) -> None:
        """Accept connections until ``stop`` is set, then close all over a moment: WebSockets with 1001."""
        self.gateway.start()
        for each in self.listening:
            await self.gateway.listen(each)
        await stop.wait()
        spread_seconds = self._spread_seconds()
        # All at the same time: each of them first refuses new connections. The HTTP server ends in this phase as well,
        # and waits for the requests that polls and streams hold open.
        async with asyncio.TaskGroup() as group:
            group.create_task(self.socketio.close(spread_seconds))
            group.create_task(self.streams.close(spread_seconds))
            group.create_task(self.gateway.close(spread_seconds))
        self.hub.close()

    def _spread_seconds(self) -> float:
        count = len(self.gateway) + self.socketio.polling_count + len(self.streams)
        return min(count / _CLOSED_PER_SECOND, self.drain_seconds / 2)
