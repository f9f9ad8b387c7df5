"""The Socket.IO server: a bounded table of sessions, whichever way they came, and who they are.

door       makes a visitor of a WebSocket at ``/socket.io/``: a new session, or the upgrade of one that polls
admit      the same for HTTP requests; see :mod:`~.polling`
sweep      ends sessions that are dead, and pings the rest, each at its time: one timer waits for the earliest. The
           gateway's own sweep is much coarser than the heartbeat that a handshake may promise.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from attrs import Factory, define, field
from websockets.http11 import Request, Response

from linkhub_adapters.realtime.counters import RefusalReason
from linkhub_adapters.realtime.endpoints.connection import MessageHandler, WebSocketConnection
from linkhub_adapters.realtime.endpoints.deadlines import Deadlines
from linkhub_adapters.realtime.endpoints.gateway import refusal
from linkhub_adapters.realtime.endpoints.socketio_client import SocketIoClient
from linkhub_adapters.realtime.endpoints.staggered_close import close_staggered
from linkhub_adapters.realtime.engineio import (
    FORBIDDEN,
    EngineSession,
    EngineSettings,
    Intent,
    Refusal,
    Transport,
    admit,
)
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.access import Caller, RefusedCaller

__all__ = ["SocketIoServer"]

# Sessions that are due within it are served together.
_MIN_WAIT_SECONDS: Final = 0.002

_DRAINING: Final = Refusal(code=3, message="The server is going away", status=HTTPStatus.SERVICE_UNAVAILABLE)
_FULL: Final = Refusal(code=3, message="Too many sessions", status=HTTPStatus.SERVICE_UNAVAILABLE)
_ADDRESS: Final = Refusal(code=3, message="Too many sessions", status=HTTPStatus.TOO_MANY_REQUESTS)


def _new_sid() -> str:
    # A client's only credential, so it must not be guessed.
    return secrets.token_urlsafe(18)


@define(eq=False, kw_only=True)
class SocketIoServer:
    """All Socket.IO sessions of this process.

    Args:
        hub: what their viewers watch.
        settings: see :class:`~.settings.RealtimeSettings`.
        monotonic: seconds.
        new_sid: makes the secret id of a session.
        refused: called for each request whose origin is refused.
    """

    hub: Hub
    settings: RealtimeSettings = Factory(RealtimeSettings)
    monotonic: Callable[[], float] = time.monotonic
    new_sid: Callable[[], str] = _new_sid
    refused: Callable[[RefusedCaller], None] = lambda _: None
    _engine_settings: EngineSettings = field(init=False)
    _clients: dict[str, SocketIoClient] = field(factory=dict, init=False)
    _polling_by_address: Counter[str] = field(factory=Counter, init=False)
    _is_draining: bool = field(default=False, init=False)
    _deadlines: Deadlines = field(init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _timer_due: float = field(default=math.inf, init=False)

    def __attrs_post_init__(self) -> None:
        self._deadlines = Deadlines(self._due_of)
        self._engine_settings = EngineSettings(
            ping_interval_seconds=self.settings.ping_interval_seconds,
            ping_timeout_seconds=self.settings.ping_timeout_seconds,
            max_payload_bytes=self.settings.max_polling_payload_bytes,
            max_packet_bytes=self.settings.session.max_frame_bytes,
            max_unsent_bytes=self.settings.max_unsent_bytes,
        )

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self._clients)

    # --- WebSocket -------------------------------------------------------------------------------------------------

    def endpoint(self, connection: WebSocketConnection, request: Request) -> MessageHandler | Response:
        """What the gateway has at ``/socket.io/``."""
        query = dict(parse_qsl(request.path.partition("?")[2], keep_blank_values=True))
        admission = admit("GET", query, is_websocket=True, find_session=self._find)
        if isinstance(admission, Refusal):
            return refusal(HTTPStatus(admission.status), admission.body, "application/json")
        if admission.session is not None:
            return _SocketIoHandler(self._clients[admission.session.sid], connection)
        client = self._open(Transport.WEBSOCKET, address="")
        if isinstance(client, Refusal):
            return refusal(HTTPStatus(client.status), client.body, "application/json")
        return _SocketIoHandler(client, connection)

    # --- polling ---------------------------------------------------------------------------------------------------

    def admit(self, method: str, query: Mapping[str, str], caller: Caller) -> tuple[Intent, SocketIoClient] | Refusal:
        """Say whose request this is and what it wants, or why it is refused."""
        if not caller.is_allowed:
            self.refused(RefusedCaller(caller=caller, asked_for="polling"))
            return self._refuse(RefusalReason.ORIGIN, FORBIDDEN)
        admission = admit(method, query, is_websocket=False, find_session=self._find)
        if isinstance(admission, Refusal):
            return admission
        if admission.session is not None:
            return admission.intent, self._clients[admission.session.sid]
        client = self._open(Transport.POLLING, caller.address)
        return client if isinstance(client, Refusal) else (admission.intent, client)

    # --- sessions --------------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Do what is due at ``now``."""
        for sid in list(self._deadlines.pop_due(now)):
            if sid in self._clients:
                self._clients[sid].tick(now)
        self._deadlines.compact(len(self._clients))

    def note_due(self, client: SocketIoClient) -> None:
        """The time at which something is due for a session has changed."""
        self._deadlines.add(client.due, client.engine.sid)
        if client.due < self._timer_due:
            self._wait_for(client.due)

    def _wait_for(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_due = None, due
        if due < math.inf:
            wait_seconds = max(_MIN_WAIT_SECONDS, due - self.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_seconds, self._sweep_on_time)

    def _sweep_on_time(self) -> None:
        self._timer_due = math.inf
        self.sweep(self.monotonic())
        self._wait_for(self._deadlines.earliest())

    async def close(self, spread_seconds: float = 0.0) -> None:
        """Take no more sessions, and close those that poll over ``spread_seconds``.

        The others end with their WebSockets, which the gateway closes.
        """
        self._is_draining = True
        await close_staggered(self._polling(), self._close, spread_seconds)

    @property
    def polling_count(self) -> int:
        """How many sessions poll."""
        return len(self._polling())

    def _polling(self) -> Sequence[SocketIoClient]:
        return [client for client in self._clients.values() if client.engine.transport is Transport.POLLING]

    def _close(self, client: SocketIoClient) -> None:
        if client.engine.transport is Transport.POLLING:  # else its upgrade was over meanwhile
            client.close(self.monotonic())

    def remove(self, client: SocketIoClient) -> None:
        """A session is over. Again does nothing."""
        if self._clients.pop(client.engine.sid, None) is not None and client.address:
            self._polling_by_address[client.address] -= 1
            if not self._polling_by_address[client.address]:
                del self._polling_by_address[client.address]
        if not self._clients:
            self._wait_for(math.inf)

    def _due_of(self, sid: str) -> float:
        client = self._clients.get(sid)
        return math.inf if client is None else client.due

    def _find(self, sid: str) -> EngineSession | None:
        client = self._clients.get(sid)
        if client is None:
            return None
        now = self.monotonic()
        if client.due <= now:
            client.tick(now)  # a request may come in the moment in which its session ends
        return client.engine

    def _open(self, transport: Transport, address: str) -> SocketIoClient | Refusal:
        if self._is_draining:
            return self._refuse(RefusalReason.DRAINING, _DRAINING)
        if len(self._clients) >= self.settings.max_connections:
            return self._refuse(RefusalReason.CAPACITY, _FULL)
        if address and self._polling_by_address[address] >= self.settings.max_connections_per_address:
            return self._refuse(RefusalReason.ADDRESS, _ADDRESS)
        now = self.monotonic()
        engine = EngineSession(sid=self.new_sid(), transport=transport, now=now, settings=self._engine_settings)
        client = self._clients[engine.sid] = SocketIoClient(self, engine, address, now)
        if address:
            self._polling_by_address[address] += 1
        return client

    def _refuse(self, reason: RefusalReason, refused: Refusal) -> Refusal:
        self.hub.counters.refused[reason] += 1
        return refused


class _SocketIoHandler:
    """A WebSocket of a client: its session's own, or that of an upgrade."""

    __slots__ = ("_client", "_connection")

    has_heartbeat = True

    def __init__(self, client: SocketIoClient, connection: WebSocketConnection) -> None:
        self._client = client
        self._connection = connection

    def open(self) -> None:
        self._client.open_websocket(self._connection)

    def receive(self, message: str | bytes) -> None:
        self._client.receive_frame(self._connection, message)

    def lose(self) -> None:
        self._client.lose_websocket(self._connection)
