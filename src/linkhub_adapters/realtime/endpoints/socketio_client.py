"""One Socket.IO client: its Engine.IO session, its namespace and its subscriber, on any transport.

Theory of operation. Both protocol sessions are without I/O; this is their shell. After each call :meth:`settle` acts on
the events, then writes: frames to the WebSocket, a payload to the hanging poll.

Rule 1. On a WebSocket the hub writes ready frames straight to the connection, past the session: no packet waits in a
        session whose frames are always taken. For a polling client it passes shared packets to the session.
Rule 2. An upgrade first writes the waiting packets, then switches the subscriber's transport, so the order is kept.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from websockets.frames import CloseCode

from linkhub_adapters.realtime import engineio, socketio
from linkhub_adapters.realtime.endpoints.connection import WebSocketConnection
from linkhub_adapters.realtime.engineio import EncodedPacket, EngineSession, Refusal, Transport, encode_text_message
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.hub.subscriber import Acknowledge, Subscriber
from linkhub_adapters.realtime.hub.wire_format import (
    NAMESPACE,
    SOCKETIO_POLLING,
    SOCKETIO_WEBSOCKET,
    binary_frame,
    text_frame,
)

_NAMESPACES: Final = frozenset({NAMESPACE})
_MIN_WAIT_SECONDS: Final = 0.002


class SessionTable(Protocol):
    """What a client needs from the server that made it."""

    @property
    def hub(self) -> Hub:
        """Where its subscriber is connected."""

    def monotonic(self) -> float:
        """The time in seconds."""

    def remove(self, client: SocketIoClient) -> None:
        """The session is over. A repeated call does nothing."""


class SocketIoClient:
    """A client's session, made by the server for the request that opens it."""

    __slots__ = (
        "_connection",
        "_due",
        "_poll",
        "_release",
        "_server",
        "_sockets",
        "_subscriber",
        "_timer",
        "_timer_due",
        "address",
        "engine",
    )

    def __init__(self, server: SessionTable, engine: EngineSession, address: str, now: float) -> None:
        """``address`` counts against the limit of polling sessions; empty for a WebSocket: the gateway counts it."""
        self._server = server
        self.engine = engine
        self.address = address
        self._sockets = socketio.SocketSession(namespaces=_NAMESPACES, now=now)
        self._subscriber: Subscriber | None = None
        self._connection: WebSocketConnection | None = None
        self._poll: asyncio.Future[bytes] | None = None
        self._release: asyncio.TimerHandle | None = None
        self._due = self._timer_due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_polling(self) -> bool:
        """Whether a poll hangs."""
        return self._poll is not None

    @property
    def has_websocket(self) -> bool:
        """Whether a WebSocket is open, of the session or of its upgrade."""
        return self._connection is not None

    # --- polling ---------------------------------------------------------------------------------------------------

    def open_poll(self) -> asyncio.Future[bytes] | Refusal:
        """Take a GET: the future payload of its answer, or its refusal."""
        handled = self.engine.open_poll()
        if handled.refusal is not None:
            self.settle(handled.events)
            return handled.refusal
        loop = asyncio.get_running_loop()
        poll = self._poll = loop.create_future()
        self.settle(handled.events)
        if self.engine.poll_delays_upgrade:
            self._release = loop.call_later(self.engine.settings.upgrade_poll_seconds, self._release_poll)
        return poll

    def _release_poll(self) -> None:
        self.engine.release_poll()
        self.settle(())

    def _cancel_release(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release.cancel()

    def open_post(self) -> Refusal | None:
        """Take a POST; the body comes by :meth:`receive_payload`."""
        handled = self.engine.open_post()
        self.settle(handled.events)
        return handled.refusal

    def receive_payload(self, body: bytes) -> Refusal | None:
        """Take the body of a POST."""
        handled = self.engine.receive_payload(body, self._server.monotonic())
        self.settle(handled.events)
        return handled.refusal

    def lose_request(self) -> None:
        """The connection of a request is lost before its answer was written."""
        self._poll = None
        self._cancel_release()
        self.settle(self.engine.lose_request())

    # --- WebSocket -------------------------------------------------------------------------------------------------

    def open_websocket(self, connection: WebSocketConnection) -> None:
        """The WebSocket of a new session, or of an upgrade, is open."""
        is_upgrade = self.engine.transport is Transport.POLLING or self._connection is not None
        if is_upgrade and self.engine.open_upgrade(self._server.monotonic()).refusal is not None:
            # Accepted and then closed: after a refused handshake a client assumes a server without WebSockets.
            connection.close(CloseCode.POLICY_VIOLATION, "this session has a WebSocket")
            return
        self._connection = connection
        self.settle(())

    def receive_frame(self, connection: WebSocketConnection, frame: str | bytes) -> None:
        """Take a frame of the WebSocket of the session or of its upgrade."""
        if connection is self._connection:
            self.settle(self.engine.receive_frame(frame, self._server.monotonic()))

    def lose_websocket(self, connection: WebSocketConnection) -> None:
        """A WebSocket is lost; one of a refused or failed upgrade has no effect."""
        if connection is self._connection:
            self._connection = None
            self.settle(self.engine.lose_websocket())

    # --- time ------------------------------------------------------------------------------------------------------

    def tick_if_due(self) -> None:
        """Handle the time-outs that are due."""
        now = self._server.monotonic()
        if self._due <= now:
            self.settle(self.engine.tick(now))
            if self._sockets.tick(now) is not None:
                self.close(now)
            self._note_due()

    def close(self, now: float) -> None:
        """Close the session from the server's side."""
        self.settle(self.engine.close(now))

    def _note_due(self) -> None:
        deadlines = () if self.engine.is_finished else (self.engine.deadline, self._sockets.deadline)
        self._due = min((due for due in deadlines if due is not None), default=math.inf)
        if self._due < self._timer_due or (self._due == math.inf and self._timer is not None):
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_due = None, self._due
        if self._due < math.inf:
            wait_seconds = max(_MIN_WAIT_SECONDS, self._due - self._server.monotonic())
            self._timer = asyncio.get_running_loop().call_later(wait_seconds, self._wake)

    def _wake(self) -> None:
        """The timer: a deadline that has moved since it was set is later, so it is set again."""
        self._timer, self._timer_due = None, math.inf
        self.tick_if_due()
        self._note_due()

    # --- the shell -------------------------------------------------------------------------------------------------

    def settle(self, events: Sequence[engineio.Event]) -> None:
        """Act on events, then write waiting packets."""
        for event in events:
            match event:
                case engineio.MessageReceived():
                    self._take(self._sockets.receive_message(event.data, self._server.monotonic()))
                case engineio.Upgraded():
                    self._upgrade()
                case engineio.UpgradeFailed():
                    self._drop_connection(CloseCode.NORMAL_CLOSURE, event.reason)
                case engineio.Closed():
                    self._end(event)
        self._flush()
        self._note_due()
        if self.engine.is_finished:
            self._server.remove(self)

    def _flush(self) -> None:
        connection = self._connection
        if connection is not None:
            for packet in self.engine.frames_to_send():
                connection.write((binary_frame if packet.is_binary else text_frame)(packet.frame))
        if self._poll is not None:
            payload = self.engine.poll_response()
            if payload is not None:
                if not self._poll.done():
                    self._poll.set_result(payload)
                self._poll = None
                self._cancel_release()

    def _upgrade(self) -> None:
        self._flush()
        subscriber, connection = self._subscriber, self._connection
        if subscriber is not None and connection is not None:
            self._server.hub.switch_transport(subscriber, connection.form_of(SOCKETIO_WEBSOCKET), connection.write)

    def _end(self, closed: engineio.Closed) -> None:
        self._leave()
        if closed.reason is engineio.CloseReason.SLOW_READER:
            self._server.hub.counters.slow_readers_closed += 1
        self._flush()
        is_ours = closed.reason is engineio.CloseReason.SERVER_CLOSE
        self._drop_connection(CloseCode.GOING_AWAY if is_ours else CloseCode.NORMAL_CLOSURE, closed.reason.value)

    def _drop_connection(self, code: CloseCode, reason: str) -> None:
        # Removed first: the session must not get `lose_websocket` for it.
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(code, reason[:100])

    # --- the namespace ---------------------------------------------------------------------------------------------

    def _take(self, event: socketio.Event | None) -> None:
        match event:
            case socketio.ConnectRequested():
                self._enter(event.namespace)
            case socketio.NamespaceRefused():
                self._send(event.reply)
            case socketio.EventReceived() if self._subscriber is not None:
                data = event.arguments[0] if event.arguments else None
                self._server.hub.receive(self._subscriber, event.name, data, self._acknowledge(event.ack_id))
            case socketio.BinaryRefused() if self._subscriber is not None:
                problem = "Events with binary attachments have no meaning here"
                self._server.hub.receive_malformed(self._subscriber, problem, self._acknowledge(event.ack_id))
            case socketio.Disconnected():
                self._leave()
            case socketio.Closed():
                self.close(self._server.monotonic())
            case _:
                """An acknowledgement, or a dropped attachment."""

    def _enter(self, namespace: str) -> None:
        client_id = self._server.hub.new_id()
        self._send(self._sockets.accept(namespace, sid=client_id))
        if not self.engine.is_open:
            return
        connection = self._connection
        wire_format = SOCKETIO_POLLING
        write: Callable[[Any], object] = self.send
        if self.engine.transport is Transport.WEBSOCKET and connection is not None:
            wire_format, write = connection.form_of(SOCKETIO_WEBSOCKET), connection.write
        self._subscriber = self._server.hub.connect(wire_format, write, self.unsent_bytes, client_id=client_id)

    def _leave(self) -> None:
        subscriber, self._subscriber = self._subscriber, None
        if subscriber is not None:
            self._server.hub.disconnect(subscriber)

    def _acknowledge(self, ack_id: int | None) -> Acknowledge | None:
        if ack_id is None:
            return None
        return lambda data_json: self._send(socketio.encode_ack(NAMESPACE, ack_id, data_json))

    # --- sending ---------------------------------------------------------------------------------------------------

    def _send(self, text: bytes) -> None:
        self.send(encode_text_message(text))

    def send(self, packet: EncodedPacket) -> None:
        """Send a packet, through the session."""
        self.settle(self.engine.send(packet))

    def unsent_bytes(self) -> int:
        """The bytes that wait for this client."""
        waiting = self.engine.unsent_bytes
        return waiting if self._connection is None else waiting + self._connection.unsent_bytes()
