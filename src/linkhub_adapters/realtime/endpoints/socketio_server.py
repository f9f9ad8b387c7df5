"""The Socket.IO server: a bounded table of the sessions of all transports.

endpoint       for a WebSocket at ``/socket.io/``: opens a session, or upgrades a polling one
route_request  the same for HTTP requests; see :mod:`~.polling`

Each session has a timer for its deadlines, because the gateway's sweep is coarser than a heartbeat.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl

from attrs import define, field
from websockets.http11 import Request, Response

from linkhub_adapters.realtime.counters import RefusalReason
from linkhub_adapters.realtime.endpoints.admission import REFUSAL_STATUS, Admission, TransportKind
from linkhub_adapters.realtime.endpoints.connection import MessageHandler, WebSocketConnection
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
    read_request,
)
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.access import Caller

_REFUSALS: Final[Mapping[RefusalReason, Refusal]] = {
    RefusalReason.ORIGIN: FORBIDDEN,
    **{
        reason: Refusal(code=3, message=message, status=REFUSAL_STATUS[reason])
        for reason, message in (
            (RefusalReason.DRAINING, "The server is going away"),
            (RefusalReason.CAPACITY, "Too many sessions"),
            (RefusalReason.ADDRESS, "Too many sessions"),
        )
    },
}


def _new_sid() -> str:
    # It is the client's only credential and must not be guessable.
    return secrets.token_urlsafe(18)


@define(eq=False, kw_only=True)
class SocketIoServer:
    """All Socket.IO sessions of this process.

    Args:
        hub: where their subscribers are connected.
        admission: who may begin a session by polling; the gateway admits WebSockets.
        monotonic: seconds.
        new_sid: makes the secret id of a session.

    Attributes:
        clients: the sessions, by their ids.
    """

    hub: Hub
    admission: Admission = field(factory=Admission)
    monotonic: Callable[[], float] = time.monotonic
    new_sid: Callable[[], str] = _new_sid
    clients: dict[str, SocketIoClient] = field(factory=dict, init=False)
    _engine_settings: EngineSettings = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._engine_settings = self.settings.engine

    def __len__(self) -> int:
        """The number of sessions."""
        return len(self.clients)

    @property
    def settings(self) -> RealtimeSettings:
        """Limits and time-outs."""
        return self.admission.settings

    # --- WebSocket -------------------------------------------------------------------------------------------------

    def endpoint(self, connection: WebSocketConnection, request: Request) -> MessageHandler | Response:
        """The endpoint of ``/socket.io/``."""
        query = dict(parse_qsl(request.path.partition("?")[2], keep_blank_values=True))
        wanted = read_request("GET", query, is_websocket=True, find_session=self._find)
        if isinstance(wanted, Refusal):
            return refusal(HTTPStatus(wanted.status), wanted.body, "application/json")
        if wanted.session is not None:
            return _SocketIoHandler(self.clients[wanted.session.sid], connection)
        return _SocketIoHandler(self._open(Transport.WEBSOCKET, address=""), connection)

    # --- polling ---------------------------------------------------------------------------------------------------

    def route_request(
        self, method: str, query: Mapping[str, str], caller: Caller
    ) -> tuple[Intent, SocketIoClient] | Refusal:
        """Find the client of a polling request, or open a session for it."""
        reason = self.admission.decide_origin(TransportKind.POLLING, caller)
        if reason is not None:
            return _REFUSALS[reason]
        wanted = read_request(method, query, is_websocket=False, find_session=self._find)
        if isinstance(wanted, Refusal):
            return wanted
        if wanted.session is not None:
            return wanted.intent, self.clients[wanted.session.sid]
        reason = self.admission.decide(TransportKind.POLLING, caller, len(self.clients))
        if reason is not None:
            return _REFUSALS[reason]
        return wanted.intent, self._open(Transport.POLLING, caller.address)

    # --- sessions --------------------------------------------------------------------------------------------------

    async def close(self, spread_seconds: float = 0.0) -> None:
        """Open no more sessions, and close the polling ones over ``spread_seconds``.

        The gateway closes the WebSockets of the others.
        """
        self.admission.is_draining = True
        await close_staggered(self._polling(), self._close, spread_seconds)

    @property
    def polling_count(self) -> int:
        """The number of polling sessions."""
        return len(self._polling())

    def _polling(self) -> Sequence[SocketIoClient]:
        return [client for client in self.clients.values() if client.engine.transport is Transport.POLLING]

    def _close(self, client: SocketIoClient) -> None:
        if client.engine.transport is Transport.POLLING:  # else it was upgraded meanwhile
            client.close(self.monotonic())

    def remove(self, client: SocketIoClient) -> None:
        """See :class:`~.socketio_client.SessionTable`."""
        if self.clients.pop(client.engine.sid, None) is not None:
            self.admission.leave(TransportKind.POLLING, client.address)

    def _find(self, sid: str) -> EngineSession | None:
        client = self.clients.get(sid)
        if client is None:
            return None
        client.tick_if_due()  # a request may arrive at the moment in which its session ends
        return client.engine

    def _open(self, transport: Transport, address: str) -> SocketIoClient:
        now = self.monotonic()
        engine = EngineSession(sid=self.new_sid(), transport=transport, now=now, settings=self._engine_settings)
        client = self.clients[engine.sid] = SocketIoClient(self, engine, address, now)
        self.admission.enter(TransportKind.POLLING, address)
        return client


class _SocketIoHandler:
    """The message handler of a client's WebSocket: of its session, or of an upgrade."""

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
