"""A whole Engine.IO server in memory: what a shell has to do around the sessions, and nothing more.

Connections are lists, the clock is a number that tests move. What the messages mean is the `handle` that it is given.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
from attrs import Factory, define

from linkhub_adapters.realtime.engineio import (
    Closed,
    EncodedPacket,
    EngineSession,
    EngineSettings,
    Event,
    Intent,
    MessageReceived,
    Refusal,
    SessionRequest,
    Transport,
    UpgradeFailed,
    encode_binary_message,
    encode_text_message,
    read_request,
)

Handler = Callable[["MemoryServer", EngineSession, Event], None]


@define
class Exchange:
    """An HTTP request and its answer; a poll without one has `status` `None`: it hangs."""

    status: int | None = None
    body: bytes = b""

    @property
    def hangs(self) -> bool:
        """Whether there is no answer yet."""
        return self.status is None

    def answer(self, status: int, body: bytes) -> None:
        """Answer, once."""
        assert self.status is None
        self.status, self.body = status, body


@define(eq=False)
class Socket:
    """The client's end of a WebSocket."""

    engine: "MemoryServer"
    session: EngineSession | None = None
    received: list[str | bytes] = Factory(list)
    is_closed: bool = False

    def send(self, *frames: str | bytes) -> None:
        """Send frames to the server, which reads them at once unless it has closed."""
        for frame in frames:
            if self.session is not None and not self.is_closed:
                self.engine.settle(self.session, self.session.receive_frame(frame, self.engine.now))

    def take(self) -> list[str | bytes]:
        """The events since the last call."""
        taken, self.received = self.received, []
        return taken


@define(eq=False)
class MemoryServer:
    """The server; `now` is its monotonic clock."""

    handle: Handler
    settings: EngineSettings = Factory(EngineSettings)
    now: float = 1000.0
    sessions: dict[str, EngineSession] = Factory(dict)
    polls: dict[str, Exchange] = Factory(dict)
    sockets: dict[str, Socket] = Factory(dict)
    closed: list[Closed] = Factory(list)
    _pending: deque[tuple[EngineSession, Event]] = Factory(deque)

    def request(self, method: str, query: dict[str, str], body: bytes = b"") -> Exchange:
        """Make an HTTP request; a poll may hang."""
        exchange = Exchange()
        wanted = read_request(method, query, is_websocket=False, find_session=self.sessions.get)
        if isinstance(wanted, Refusal):
            exchange.answer(wanted.status, wanted.body)
        elif wanted.intent is Intent.POST:
            self._post(wanted, exchange, body)
        else:
            self._poll(wanted, exchange)
        return exchange

    def get(self, sid: str) -> Exchange:
        """Poll."""
        return self.request("GET", {"EIO": "4", "transport": "polling", "sid": sid})

    def post(self, sid: str, body: bytes) -> Exchange:
        """Send a payload."""
        return self.request("POST", {"EIO": "4", "transport": "polling", "sid": sid}, body)

    def open_polling(self) -> str:
        """Open a session by polling, and return its sid."""
        opened = self.request("GET", {"EIO": "4", "transport": "polling"})
        handshake: dict[str, Any] = orjson.loads(opened.body[1:])
        sid: str = handshake["sid"]
        return sid

    def connect(self, query: dict[str, str]) -> Socket:
        """Make a WebSocket handshake; one that is refused is closed."""
        socket = Socket(self)
        wanted = read_request("GET", query, is_websocket=True, find_session=self.sessions.get)
        if isinstance(wanted, Refusal):
            socket.is_closed = True
            return socket
        session = wanted.session or self._open(wanted.transport)
        if wanted.intent is Intent.UPGRADE and session.open_upgrade(self.now).refusal:
            socket.is_closed = True
            return socket
        socket.session = self.sockets.setdefault(session.sid, socket).session = session
        self.settle(session, ())
        return socket

    def open_websocket(self) -> Socket:
        """Open a session by WebSocket, its handshake already read."""
        socket = self.connect({"EIO": "4", "transport": "websocket"})
        assert len(socket.take()) == 1
        return socket

    def open_upgrade(self, sid: str) -> Socket:
        """Open the WebSocket of an upgrade."""
        return self.connect({"EIO": "4", "transport": "websocket", "sid": sid})

    def advance(self, seconds: float) -> None:
        """Let time pass, doing what is due when it is due."""
        end = self.now + seconds
        while due := [s for s in self.sessions.values() if s.deadline is not None and s.deadline <= end]:
            session = min(due, key=lambda s: s.deadline or 0.0)
            self.now = max(self.now, session.deadline or 0.0)
            self.settle(session, session.tick(self.now))
        self.now = end

    def send(self, session: EngineSession, packet: EncodedPacket) -> None:
        """Send a packet to a client, from a handler or from outside."""
        self._pending.extend((session, event) for event in session.send(packet))

    def close(self, session: EngineSession) -> None:
        """Close a session, from a handler."""
        self._pending.extend((session, event) for event in session.close(self.now))

    def settle(self, session: EngineSession, events: tuple[Event, ...]) -> None:
        """Act on events, then write what there is to write."""
        self._pending.extend((session, event) for event in events)
        while self._pending:
            subject, event = self._pending.popleft()
            self.handle(self, subject, event)
            self._write(subject)
            self._act(subject, event)
        self._write(session)
        if session.is_finished:
            self.sessions.pop(session.sid, None)

    def _act(self, session: EngineSession, event: Event) -> None:
        if isinstance(event, Closed):
            self.closed.append(event)
        if isinstance(event, Closed | UpgradeFailed) and session.sid in self.sockets:
            self.sockets.pop(session.sid).is_closed = True

    def _write(self, session: EngineSession) -> None:
        for packet in session.frames_to_send():
            frame = packet.frame if packet.is_binary else packet.frame.decode("utf-8")
            self.sockets[session.sid].received.append(frame)
        response = session.poll_response()
        if response is not None:
            self.polls.pop(session.sid).answer(200, response)

    def _open(self, transport: Transport) -> EngineSession:
        sid = f"sid-{len(self.sessions)}-{self.now}"
        session = EngineSession(sid=sid, transport=transport, now=self.now, settings=self.settings)
        self.sessions[sid] = session
        return session

    def _poll(self, wanted: SessionRequest, exchange: Exchange) -> None:
        session = wanted.session or self._open(wanted.transport)
        handled = session.open_poll()
        if handled.refusal:
            exchange.answer(handled.refusal.status, handled.refusal.body)
        else:
            self.polls[session.sid] = exchange
        self.settle(session, handled.events)

    def _post(self, wanted: SessionRequest, exchange: Exchange, body: bytes) -> None:
        assert wanted.session is not None
        session = wanted.session
        handled = session.open_post()
        if not handled.refusal:
            handled = session.receive_payload(body, self.now)
        refusal = handled.refusal
        self.settle(session, handled.events)
        exchange.answer(refusal.status if refusal else 200, refusal.body if refusal else b"ok")


def echo(engine: MemoryServer, session: EngineSession, event: Event) -> None:
    """Send every message back, as the protocol's published test suite wants of the server under test."""
    if isinstance(event, MessageReceived):
        is_text = isinstance(event.data, str)
        data = event.data.encode("utf-8") if isinstance(event.data, str) else event.data
        engine.send(session, encode_text_message(data) if is_text else encode_binary_message(data))
