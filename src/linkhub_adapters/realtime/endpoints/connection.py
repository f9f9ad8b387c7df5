"""One WebSocket connection: an asyncio protocol around the I/O-free protocol of ``websockets``.

Theory of operation. A connection has no task, no queue and no timer. Received bytes are parsed and passed to the
message handler at once; the handler writes ready frames straight to the transport; ``deadline`` holds the time of the
next time-out, which the gateway's single sweep checks. After the handshake its parser is replaced by a smaller one.
So ten thousand idle connections are cheap.

| phase     | until                                            | then                                            |
|-----------|--------------------------------------------------|-------------------------------------------------|
| HANDSHAKE | ``handshake_timeout_seconds``                    | cut                                             |
| OPEN      | silent for ``ping_interval_seconds``             | a ping, unless the handler sends its own        |
| PINGED    | silent for ``ping_timeout_seconds`` more         | closed with 1011                                |
| CLOSING   | ``close_timeout_seconds``                        | cut                                             |
| LOST      |                                                  |                                                 |

Rule 1. ``MessageHandler.lose`` is called exactly once, as soon as nothing may be written any more.
Rule 2. Memory is bounded: a handshake, a message and the unsent bytes each have a limit. A connection with more unsent
        bytes than ``max_unsent_bytes`` is closed with 1013. The transport reports that by its high-water mark, so
        nothing is measured for each message.
        The limit of a message is for its bytes after decompression; no more of it is decompressed.
Rule 3. A client that sends without a pause does not block others: received bytes are processed in small portions, and
        reading pauses meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Final, Protocol, cast

from websockets.extensions import Extension
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import SEND_EOF, Side, State
from websockets.protocol import Protocol as WebSocketMachine
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from linkhub_adapters.realtime.counters import Counters, RefusalReason
from linkhub_adapters.realtime.endpoints.compression_offer import MessageInflater, SharedDeflate, drop_malformed_offers
from linkhub_adapters.realtime.endpoints.handshake_request import END_OF_HEAD, MAX_HEAD_BYTES, read_request
from linkhub_adapters.realtime.hub.wire_format import WireFormat
from linkhub_adapters.realtime.settings import RealtimeSettings

# About 500 of the smallest frames: a few milliseconds of work, during which no other connection is served.
_TURN_BYTES: Final = 4_096
_DEFLATE: Final = SharedDeflate()
# Counters replace log lines: there may be ten thousand connections.
_QUIET: Final = logging.getLogger("linkhub.websockets")
_QUIET.setLevel(logging.WARNING)


class Phase(Enum):
    """The state of a connection; see the table above."""

    HANDSHAKE = auto()
    OPEN = auto()
    PINGED = auto()
    CLOSING = auto()
    LOST = auto()


class MessageHandler(Protocol):
    """Reads and answers the messages of one connection. No method may raise."""

    @property
    def has_heartbeat(self) -> bool:
        """Whether its protocol detects a lost client, so that no pings are needed."""

    def open(self) -> None:
        """The handshake is complete; writing is allowed from now on."""

    def receive(self, message: str | bytes) -> None:
        """Take a text message, or the bytes of a binary one."""

    def lose(self) -> None:
        """The connection is closed or closing; writing is no longer allowed."""


class ConnectionOwner(Protocol):
    """What a connection needs from the gateway that made it."""

    @property
    def settings(self) -> RealtimeSettings:
        """Limits and time-outs."""

    @property
    def counters(self) -> Counters:
        """Counts refusals and slow readers."""

    def monotonic(self) -> float:
        """The time in seconds."""

    def add(self, connection: WebSocketConnection) -> None:
        """A TCP connection was accepted."""

    def remove(self, connection: WebSocketConnection) -> None:
        """A connection is closed."""

    def refuse(self, connection: WebSocketConnection, request: Request) -> Response | None:
        """The answer that refuses a request; None if its handshake may go on."""

    def route(self, connection: WebSocketConnection, request: Request) -> MessageHandler | Response:
        """The handler for a valid handshake, or the answer that refuses it."""


class WebSocketConnection(asyncio.Protocol):
    """The server's side of one connection, accepted by the gateway or handed over by the HTTP server."""

    __slots__ = (
        "_handler",
        "_head",
        "_is_text",
        "_machine",
        "_message",
        "_owner",
        "_transport",
        "_unread",
        "address",
        "deadline",
        "phase",
    )

    def __init__(self, owner: ConnectionOwner) -> None:
        self._owner = owner
        self._machine: WebSocketMachine | None = None
        self._handler: MessageHandler | None = None
        self._head = b""
        self._unread = b""
        self._message: bytearray | None = None
        self._is_text = False
        self.phase = Phase.HANDSHAKE
        self.deadline = math.inf
        self.address = ""

    @property
    def peer(self) -> str:
        """The address of the connection's other end, which may be a proxy; empty if it has none."""
        peer = self._transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) and peer else ""

    # --- for the message handler -----------------------------------------------------------------------------------

    @property
    def write(self) -> Callable[[bytes], None]:
        """Takes the bytes of whole frames. It is the transport's own method, so a broadcast calls nothing else."""
        return self._transport.write

    @property
    def has_unread(self) -> bool:
        """Whether received bytes wait for their turn."""
        return bool(self._unread)

    def form_of(self, wire_format: WireFormat) -> WireFormat:
        """How events of this form are written here: compressed, if that was negotiated."""
        return wire_format.compressed or wire_format if self._machine and self._machine.extensions else wire_format

    def unsent_bytes(self) -> int:
        """The bytes that the reader has not taken."""
        return self._transport.get_write_buffer_size()

    def close(self, code: CloseCode | int, reason: str = "") -> None:
        """Close with ``code``; a client that does not answer in time is cut."""
        machine = self._machine
        # The client's close frame changes the machine's state before the phase.
        if self.phase in (Phase.OPEN, Phase.PINGED) and machine is not None and machine.state is State.OPEN:
            machine.send_close(code, reason)
            self._flush()

    def abort(self) -> None:
        """Cut the connection and drop its unsent bytes."""
        self._transport.abort()

    # --- asyncio ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)
        limit = self._owner.settings.max_unsent_bytes
        self._transport.set_write_buffer_limits(high=limit, low=limit // 2)
        self.deadline = self._owner.monotonic() + self._owner.settings.handshake_timeout_seconds
        self._owner.add(self)

    def data_received(self, data: bytes) -> None:
        """See :class:`asyncio.Protocol`."""
        if self._machine is None:
            self._read_head(data)
        elif self._unread:
            self._unread += data
        else:
            self._read(data)

    def eof_received(self) -> bool | None:
        """See :class:`asyncio.Protocol`."""
        if self._machine is not None:
            unread, self._unread = self._unread, b""
            self._machine.receive_data(unread)
            self._machine.receive_eof()
            self._act()
        return None  # the transport closes itself

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio passes it
        """See :class:`asyncio.Protocol`."""
        self._lose_handler()
        if self.phase is not Phase.LOST:
            self.phase, self.deadline = Phase.LOST, math.inf
            self._owner.remove(self)

    def pause_writing(self) -> None:
        """Close a connection with too many unsent bytes; its client may connect again."""
        if self.phase in (Phase.OPEN, Phase.PINGED):
            self._owner.counters.slow_readers_closed += 1
            self.close(CloseCode.TRY_AGAIN_LATER, "too slow")

    def resume_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""

    # --- time ------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Handle a time-out; the sweep calls this after ``deadline``."""
        match self.phase:
            case Phase.OPEN if self._machine is not None:
                self._machine.send_ping(b"")
                self.phase, self.deadline = Phase.PINGED, now + self._owner.settings.ping_timeout_seconds
                self._flush()
            case Phase.PINGED if self._machine is not None:
                self._machine.fail(CloseCode.INTERNAL_ERROR, "no answer to a ping")
                self._flush()
            case Phase.HANDSHAKE:
                self._owner.counters.refused[RefusalReason.TIMEOUT] += 1
                self.abort()
            case _:
                self.abort()

    def _heard(self) -> None:
        self.phase = Phase.OPEN
        if not self._handler or not self._handler.has_heartbeat:
            self.deadline = self._owner.monotonic() + self._owner.settings.ping_interval_seconds

    # --- the handshake ---------------------------------------------------------------------------------------------

    def _read_head(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(END_OF_HEAD)
        if not end and len(self._head) <= MAX_HEAD_BYTES:
            return
        self._head = b""
        extensions = [_DEFLATE] if self._owner.settings.compression else None
        machine = self._machine = ServerProtocol(
            select_subprotocol=_first_subprotocol, extensions=extensions, logger=_QUIET
        )
        request = read_request(head + end)
        if isinstance(request, HTTPStatus):
            self._refuse_head(machine, request)
        else:
            self._answer(machine, request)
        if rest and self.phase is Phase.OPEN:
            self.data_received(rest)

    def _refuse_head(self, machine: ServerProtocol, status: HTTPStatus) -> None:
        self._owner.counters.refused[RefusalReason.HANDSHAKE] += 1
        machine.send_response(machine.reject(status, f"{status.phrase}.\n"))
        self._flush()

    def _answer(self, machine: ServerProtocol, request: Request) -> None:
        refusal = self._owner.refuse(self, request)
        if refusal is None:
            drop_malformed_offers(request)
            response = machine.accept(request)
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                answer = self._owner.route(self, request)
                if not isinstance(answer, Response):
                    self._open(machine, response, answer)
                    return
                response = answer
            self._owner.counters.refused[RefusalReason.HANDSHAKE] += 1
            refusal = response
        machine.send_response(refusal)
        self._flush()

    def _open(self, machine: ServerProtocol, response: Response, handler: MessageHandler) -> None:
        machine.send_response(response)
        self._write_all(machine.data_to_send())
        # A smaller parser: that of the handshake keeps the request in memory.
        max_bytes = self._owner.settings.session.max_frame_bytes
        self._machine = WebSocketMachine(Side.SERVER, state=State.OPEN, max_size=max_bytes, logger=_QUIET)
        if machine.extensions:
            self._machine.extensions = [cast(Extension, MessageInflater())]
        self._handler = handler
        self.deadline = math.inf
        self._heard()
        handler.open()

    # --- frames ----------------------------------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        """Process the first portion now, and schedule the rest."""
        if self.phase is Phase.LOST:
            return
        if self.phase is Phase.PINGED or self.phase is Phase.OPEN:
            self._heard()
        is_more = len(data) > _TURN_BYTES
        cast(WebSocketMachine, self._machine).receive_data(data[:_TURN_BYTES] if is_more else data)
        self._act()
        if is_more:
            self._wait_for_turn(data[_TURN_BYTES:])

    def _wait_for_turn(self, rest: bytes) -> None:
        self._unread = rest
        if not self._transport.is_closing():
            self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._take_turn)

    def _take_turn(self) -> None:
        unread, self._unread = self._unread, b""
        if unread:
            self._read(unread)
        if not self._unread and not self._transport.is_closing():
            self._transport.resume_reading()

    def _act(self) -> None:
        machine = cast(WebSocketMachine, self._machine)
        for frame in machine.events_received():
            if self._handler is not None and isinstance(frame, Frame):
                self._take(frame)
        self._flush()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_text = frame.opcode is Opcode.TEXT
            if frame.fin:
                self._hand_over(frame.data)
            else:
                self._message = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT and self._message is not None:
            self._message += frame.data
            if frame.fin:
                message, self._message = self._message, None
                self._hand_over(message)

    def _hand_over(self, data: bytes | bytearray | memoryview) -> None:
        if self._handler is None:
            return
        try:
            message = str(data, "utf-8") if self._is_text else bytes(data)
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
            return
        self._handler.receive(message)

    def _fail(self, code: CloseCode, reason: str) -> None:
        machine = cast(WebSocketMachine, self._machine)
        if machine.state is State.OPEN:
            machine.fail(code, reason)
            self._flush()

    # --- writing ---------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        machine = cast(WebSocketMachine, self._machine)
        self._write_all(machine.data_to_send())
        if machine.state in (State.CLOSING, State.CLOSED) or machine.eof_sent:
            self._lose_handler()
            if self.phase is not Phase.CLOSING and self.phase is not Phase.LOST:
                self.phase = Phase.CLOSING
                self.deadline = self._owner.monotonic() + self._owner.settings.close_timeout_seconds

    def _write_all(self, chunks: Sequence[bytes]) -> None:
        data = b"".join(chunks)  # one system call, even for a thousand pongs
        if data and self.phase is not Phase.CLOSING:  # nothing follows a close frame, pongs included
            self._transport.write(data)
        # Not `close`: with unread bytes it resets the connection, and the client might not read the close frame. The
        # client closes now, or else the sweep does.
        if SEND_EOF in chunks and self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def _lose_handler(self) -> None:
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.lose()


def _first_subprotocol(_: ServerProtocol, asked_for: Sequence[Subprotocol]) -> Subprotocol | None:
    """Accept the first subprotocol that the client offers, as the reference server does.

    Subprotocols have no effect here, but a browser fails the connection (1006) if the server accepts none of them.
    """
    return asked_for[0] if asked_for else None
