"""A serving process: which duties it has, and in which order they end.

    phase      duties                                     stopped
    consume    consumer, sweeper, and whatever feeds      first: nothing new is taken, what is in hand is finished
    show       announcements to viewers, vital signs,     then: what was finished has been shown
               reports to the operator's page
    answer     REST, realtime and pages                   last: requests are answered, sockets closed with 1001

Readiness is false from the moment that the process is told to stop.
"""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from attrs import frozen
from dependency_injector.providers import Object
from starlette.routing import BaseRoute

from linkhub_adapters.http import Probe
from linkhub_adapters.runtime import Listener
from linkhub_cli.processes.gateway_duty import Viewers
from linkhub_cli.processes.http_server import bind_all, check_server_package
from linkhub_cli.processes.lifecycle import Duty, Phase, run_phases, stopped_by_signals
from linkhub_cli.processes.listener_info import ListenerInfo
from linkhub_cli.processes.realtime_scope import tell_reach
from linkhub_cli.settings import Listener as ListenerSettings
from linkhub_cli.settings import Settings
from linkhub_cli.wiring.access import access_policy
from linkhub_cli.wiring.container import exit_deadline, guards, open_container
from linkhub_cli.wiring.server_container import ServerContainer
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import AnnouncementFeed

__all__ = ["Extras", "hear", "serve"]

_BUS = "bus"


@frozen(kw_only=True)
class Extras:
    """What a command adds to plain serving: routes, and duties that are stopped with the consumer."""

    routes: Sequence[BaseRoute] = ()
    feeds: Sequence[Duty] = ()


def _nothing(_: ServerContainer, __: str) -> Extras:
    return Extras()


async def serve(
    settings: Settings,
    *,
    consumes: bool,
    realtime_only: bool = False,
    greet: Callable[[ListenerInfo], None],
    add: Callable[[ServerContainer, str], Extras] = _nothing,
) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Args:
        settings: what is chosen.
        consumes: whether this process consumes, too.
        realtime_only: whether REST and pages are left out.
        greet: told of the process when connections are accepted.
        add: given the container and the address, what there is beside plain serving.

    Raises:
        SettingsFaulty: a port cannot be had, or uvicorn is missing.
        ServiceUnavailable: the backend cannot be reached.
    """
    check_server_package("linkhub serve")
    stop = asyncio.Event()
    with ExitStack() as opened:
        listening = _bind(settings.listener, opened)
        opened.enter_context(stopped_by_signals(stop, stopping=exit_deadline(settings).start))
        async with open_container(settings, ServerContainer) as container:
            tell_reach(settings, container.log(), serves=True, consumes=consumes)
            process = _facts(container, listening, consumes=consumes, realtime_only=realtime_only, stop=stop)
            extras = add(container, process.url)
            container.process.override(Object(process))
            container.extra_routes.override(Object(extras.routes))
            await _work(container, process, listening, extras, greet)
            container.log().info("stopped")


@frozen
class _Listening:
    """Bound sockets: those that answer everything, and those for WebSockets alone, where there are some."""

    all: Sequence[socket.socket]
    websockets: Sequence[socket.socket]


def _bind(listener: ListenerSettings, opened: ExitStack) -> _Listening:
    everything = _open(bind_all(listener.host, listener.port, variable="LINKHUB_PORT"), opened)
    if listener.ws_port is None:
        return _Listening(everything, ())
    return _Listening(everything, _open(bind_all(listener.host, listener.ws_port, variable="LINKHUB_WS_PORT"), opened))


def _open(sockets: Sequence[socket.socket], opened: ExitStack) -> Sequence[socket.socket]:
    return [opened.enter_context(each) for each in sockets]


def _facts(
    container: ServerContainer, listening: _Listening, *, consumes: bool, realtime_only: bool, stop: asyncio.Event
) -> ListenerInfo:
    listener = container.settings().listener
    address, port = listening.all[0].getsockname()[:2]
    host = "localhost" if listener.host == "localhost" else address
    return ListenerInfo(
        host=host,
        port=port,
        ws_port=listening.websockets[0].getsockname()[1] if listening.websockets else None,
        consumes=consumes,
        started_at=container.clock().now(),
        stop=stop,
        realtime_only=realtime_only,
        access=access_policy(listener, host=host, own_ports=(port,)),
    )


async def _work(
    container: ServerContainer,
    process: ListenerInfo,
    listening: _Listening,
    extras: Extras,
    greet: Callable[[ListenerInfo], None],
) -> None:
    from linkhub_adapters.realtime.server.uvicorn_server import HttpServer  # noqa: PLC0415  an extra

    # Not wired by the container: the hub reads a measured store, so the metrics are there before the hub is.
    container.metrics().take_realtime = container.realtime_readings()
    container.metrics().take_http = container.http_readings()
    consuming = [container.consumer().run, container.sweeper().run] if process.consumes else []
    viewers = Viewers(
        hub=container.hub(),
        gateway=container.gateway(),
        socketio=container.socketio(),
        streams=container.streams(),
        listening=listening.websockets,
        drain_seconds=container.settings().consuming.drain_seconds,
    )
    async with container.backend().open_feed() as feed:
        listener = hear(container, feed)
        phases = [
            Phase(name="consume", duties=[*extras.feeds, *consuming]),
            Phase(name="show", duties=[listener.run, container.looking().run, container.meeting().run]),
            Phase(
                name="answer",
                duties=[viewers.run, HttpServer(container.uvicorn_config(), listening.all).run, *guards(container)],
            ),
        ]
        container.log().info(
            "listening", url=process.url, host=process.host, port=process.port, ws_port=process.ws_port
        )
        gc.collect()
        gc.freeze()  # what is there now stays: no later collection needs to look at it
        greet(process)
        await run_phases(
            phases,
            process.stop,
            drain_seconds=container.settings().consuming.drain_seconds,
            cut_short=lambda names: container.log().warning("drain_cut_short", phases=names),
        )


def hear(container: ServerContainer, feed: AnnouncementFeed) -> Listener:
    """Make the listener of a feed; readiness asks it, unless the backend itself knows whether its bus is heard.

    Call it before the application is made, which takes the probes as they are then.
    """
    hub, received = container.hub(), container.backend().received

    def deliver(announcements: Sequence[Announcement]) -> None:
        received(announcements)  # first: no viewer of an event may get a page that was read before it
        hub.broadcast_all(announcements)

    listener = Listener(
        feed=feed,
        deliver=deliver,
        recover=hub.catch_up,
        clock=container.clock(),
        journal=container.journal(),
    )
    probes = container.probes()
    if _BUS not in {probe.name for probe in probes}:
        container.probes.override(Object([*probes, Probe(name=_BUS, check=listener.check)]))
    return listener
