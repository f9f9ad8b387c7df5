"""The server for the suites, on a free port of loopback and with the heartbeat that they assume.

Both are a whole linkhub, as ``linkhub serve`` puts it together, on the memory backend:

    serving      linkhub as it is
    echoing      the same transports and protocol sessions, but instead of a shop's clients the application that the
                 suites' authors expect: the Engine.IO one sends every message back; the Socket.IO one knows the
                 namespaces ``/`` and ``/custom``, greets with ``auth``, answers ``message`` with ``message-back`` and
                 acknowledges with what it was sent
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import orjson
from attrs import define
from dependency_injector.providers import Object, Singleton

from linkhub_adapters.realtime import RealtimeSettings, SocketIoServer, engineio, socketio
from linkhub_adapters.realtime.endpoints.socketio_client import SocketIoClient
from linkhub_adapters.realtime.engineio import EngineSession, Transport, encode_binary_message
from linkhub_adapters.realtime.engineio import encode_text_message as text_message
from linkhub_cli.processes.lifecycle import Duty
from linkhub_cli.processes.serving import serve
from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_cli.wiring.server_container import ServerContainer

# The suites' own heartbeat. The rest, the sweep interval among it, is as `linkhub serve` has it.
_SETTINGS = RealtimeSettings(ping_interval_seconds=0.3, ping_timeout_seconds=0.2)

MakeClient = Callable[[SocketIoServer, EngineSession, str, float], SocketIoClient]


class EngineEcho(SocketIoClient):
    """Sends every Engine.IO message back."""

    __slots__ = ()

    def settle(self, events: Sequence[engineio.Event]) -> None:
        """Echo messages; the rest is as ever."""
        super().settle([event for event in events if not isinstance(event, engineio.MessageReceived)])
        for event in events:
            if isinstance(event, engineio.MessageReceived):
                data = event.data
                self.send(text_message(data.encode()) if isinstance(data, str) else encode_binary_message(data))


class SocketEcho(SocketIoClient):
    """Sends every Socket.IO event back."""

    __slots__ = ()

    def __init__(self, server: SocketIoServer, engine: EngineSession, address: str, now: float) -> None:
        super().__init__(server, engine, address, now)
        self._sockets = socketio.SocketSession(namespaces=["/", "/custom"], now=now)

    def _take(self, event: socketio.Event | None) -> None:
        match event:
            case socketio.ConnectRequested(namespace=namespace, auth=auth):
                self._send(self._sockets.accept(namespace, sid=self._server.hub.new_id()))
                self._send(socketio.encode_event(namespace, "auth", orjson.dumps(auth)))
            case socketio.EventReceived(namespace=namespace, arguments=arguments, ack_id=ack_id):
                data = orjson.dumps(arguments)[1:-1]
                is_event = ack_id is None
                back = socketio.encode_event(namespace, "message-back", data) if is_event else None
                self._send(back or socketio.encode_ack(namespace, ack_id or 0, data))
            case _:
                super()._take(event)


@define(eq=False, kw_only=True)
class _EchoServer(SocketIoServer):
    make_client: MakeClient

    def _open(self, transport: Transport, address: str) -> SocketIoClient:
        opened = super()._open(transport, address)
        client = self.make_client(self, opened.engine, opened.address, self.monotonic())
        self.clients[opened.engine.sid] = client
        return client


def _rewire(make_client: MakeClient | None, container: ServerContainer, _: str) -> Sequence[Duty]:
    container.realtime_settings.override(Object(_SETTINGS))
    if make_client is not None:
        echoes = Singleton(
            _EchoServer, hub=container.hub, admission=container.admission, make_client=Object(make_client)
        )
        container.socketio.override(echoes)
    return ()


@asynccontextmanager
async def running(make_client: MakeClient | None = None) -> AsyncIterator[str]:
    """Run a server; give its address.

    Args:
        make_client: makes the clients of an echoing server; none for linkhub as it is.
    """
    settings = load_settings(environment={"LINKHUB_BACKEND": "memory", "LINKHUB_PORT": "0"}).settings
    greeted: asyncio.Future[ListenerInfo] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(settings, consumes=False, greet=greeted.set_result, feeds=partial(_rewire, make_client))
    )
    either: set[asyncio.Future[Any]] = {serving, greeted}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not greeted.done():
        await serving
    process = greeted.result()
    try:
        yield process.url
    finally:
        process.stop.set()
        await serving
