"""One WebSocket connection: an asyncio protocol around the I/O-free protocol of ``websockets``.

Theory of operation. No task, no queue and no timer belong to a connection: bytes that arrive are parsed and handed to
its visitor at once, the visitor writes ready frames straight to the transport, and what is due later stands in
``deadline``, which the gateway's one sweep looks at. That, and swapping the parser of the handshake for a bare one, is
why ten thousand of them at rest are cheap.

| phase     | until                                            | then                                            |
|-----------|--------------------------------------------------|-------------------------------------------------|
| HANDSHAKE | ``handshake_timeout_seconds``                    | cut                                             |
| OPEN      | silent for ``ping_interval_seconds``             | a ping; never, if the visitor has its own       |
| PINGED    | silent for ``ping_timeout_seconds`` more         | closed with 1011                                |
| CLOSING   | ``close_timeout_seconds``                        | cut                                             |
| LOST      |                                                  |                                                 |

Rule 1. The visitor is told that the connection is lost exactly once, as soon as nothing may be written to it.
Rule 2. Memory is bounded: a handshake, a message and what waits to be sent each have their limit. More waiting bytes
        than ``max_unsent_bytes``, and the reader is closed with 1013 (the transport itself tells, when its buffer
        passes its high-water mark: nothing is measured for each message).
Rule 3. Whoever sends without end takes turns with everybody else: of what came, a little is read at a time, and
        nothing more is taken in meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import SEND_EOF, Side, State
from websockets.protocol import Protocol as WebSocketMachine
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from linkhub_adapters.realtime.endpoints.handshake_request import END_OF_HEAD, MAX_HEAD_BYTES, parse_request, size_of
from linkhub_adapters.realtime.hub.counters import RefusalReason

if TYPE_CHECKING:
    from linkhub_adapters.realtime.endpoints.gateway import Gateway

__all__ = ["MessageHandler", "Phase", "WebSocketConnection"]

# Of the smallest frames that are half a thousand: some milliseconds, during which nobody else has a turn.
_TURN_BYTES: Final = 4_096
# What happens is told by counters; a line for each connection would be a line for each of ten thousand.
_QUIET: Final = logging.getLogger("linkhub.websockets")
_QUIET.setLevel(logging.WARNING)


class Phase(Enum):
    """How far a connection has come."""

    HANDSHAKE = auto()
    OPEN = auto()
    PINGED = auto()
    CLOSING = auto()
    LOST = auto()


class MessageHandler(Protocol):
    """Whoever speaks through a connection. Nothing that it does may raise."""

    @property
    def has_heartbeat(self) -> bool:
        """Whether it finds out by itself that the other side is gone."""
        ...

    def open(self) -> None:
        """The handshake is done: it may write."""
        ...

    def receive(self, message: str | bytes) -> None:
        """Take a message: text, or bytes of a binary one."""
        ...

    def lose(self) -> None:
        """The connection is gone, or about to be: it must not write any more."""
        ...


class WebSocketConnection(asyncio.Protocol):
    """The server's side of one connection; made by the gateway for each that is accepted or handed over."""

    __slots__ = (
        "_gateway",
        "_head",
        "_is_text",
        "_machine",
        "_message",
        "_transport",
        "_unread",
        "_visitor",
        "address",
        "deadline",
        "phase",
    )

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._machine: WebSocketMachine | None = None
        self._visitor: MessageHandler | None = None
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

    # --- what a visitor uses ---------------------------------------------------------------------------------------

    @property
    def write(self) -> Callable[[bytes], None]:
        """Takes the bytes of whole frames. It is the transport's own, so that a broadcast passes no other code."""
        return self._transport.write

    def unsent_bytes(self) -> int:
        """How many bytes wait for the reader."""
        return self._transport.get_write_buffer_size()

    def close(self, code: CloseCode | int, reason: str = "") -> None:
        """Close with ``code``; the connection is cut if the other side does not do its part in time."""
        machine = self._machine
        # The machine may know of the other side's close frame before the phase does.
        if self.phase in (Phase.OPEN, Phase.PINGED) and machine is not None and machine.state is State.OPEN:
            machine.send_close(code, reason)
            self._flush()

    def abort(self) -> None:
        """Cut the connection; what waits is forgotten."""
        self._transport.abort()

    # --- asyncio ---------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See :class:`asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)
        limit = self._gateway.settings.max_unsent_bytes
        self._transport.set_write_buffer_limits(high=limit, low=limit // 2)
        self.deadline = self._gateway.monotonic() + self._gateway.settings.handshake_timeout_seconds
        self._gateway.add(self)

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

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's; whatever cut it, it is gone
        """See :class:`asyncio.Protocol`."""
        self._lose_visitor()
        if self.phase is not Phase.LOST:
            self.phase, self.deadline = Phase.LOST, math.inf
            self._gateway.remove(self)

    def pause_writing(self) -> None:
        """More waits for the reader than may: it is closed, and comes back when it can read."""
        if self.phase in (Phase.OPEN, Phase.PINGED):
            self._gateway.counters.slow_readers_closed += 1
            self.close(CloseCode.TRY_AGAIN_LATER, "too slow")

    def resume_writing(self) -> None:
        """See :class:`asyncio.Protocol`."""

    # --- time ------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Do what is due; the sweep calls it once ``deadline`` has passed."""
        match self.phase:
            case Phase.OPEN if self._machine is not None:
                self._machine.send_ping(b"")
                self.phase, self.deadline = Phase.PINGED, now + self._gateway.settings.ping_timeout_seconds
                self._flush()
            case Phase.PINGED if self._machine is not None:
                self._machine.fail(CloseCode.INTERNAL_ERROR, "no answer to a ping")
                self._flush()
            case Phase.HANDSHAKE:
                self._gateway.count_refusal(RefusalReason.TIMEOUT)
                self.abort()
            case _:
                self.abort()

    def _heard(self) -> None:
        self.phase = Phase.OPEN
        if not self._visitor or not self._visitor.has_heartbeat:
            self.deadline = self._gateway.monotonic() + self._gateway.settings.ping_interval_seconds

    # --- the handshake ---------------------------------------------------------------------------------------------

    def _read_head(self, data: bytes) -> None:
        self._head += data
        head, end, rest = self._head.partition(END_OF_HEAD)
        if not end and len(self._head) <= MAX_HEAD_BYTES:
            return
        self._head = b""
        machine = self._machine = ServerProtocol(select_subprotocol=_first_subprotocol, logger=_QUIET)
        request = parse_request(head + end) if end else None
        if not end or (request is not None and size_of(request) > MAX_HEAD_BYTES):
            self._refuse_head(machine, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif request is None:
            self._refuse_head(machine, HTTPStatus.BAD_REQUEST)
        else:
            self._answer(machine, request)
        if rest and self.phase is Phase.OPEN:
            self.data_received(rest)

    def _refuse_head(self, machine: ServerProtocol, status: HTTPStatus) -> None:
        self._gateway.count_refusal(RefusalReason.HANDSHAKE)
        machine.send_response(machine.reject(status, f"{status.phrase}.\n"))
        self._flush()

    def _answer(self, machine: ServerProtocol, request: Request) -> None:
        refusal = self._gateway.refuse(self, request)
        if refusal is None:
            response = machine.accept(request)
            if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
                answer = self._gateway.lead(self, request)
                if not isinstance(answer, Response):
                    self._open(machine, response, answer)
                    return
                response = answer
            self._gateway.count_refusal(RefusalReason.HANDSHAKE)
            refusal = response
        machine.send_response(refusal)
        self._flush()

    def _open(self, machine: ServerProtocol, response: Response, visitor: MessageHandler) -> None:
        machine.send_response(response)
        self._write_all(machine.data_to_send())
        # A bare parser instead of the handshake's, which holds on to the request for as long as it lives.
        max_bytes = self._gateway.settings.session.max_frame_bytes
        self._machine = WebSocketMachine(Side.SERVER, state=State.OPEN, max_size=max_bytes, logger=_QUIET)
        self._visitor = visitor
        self.deadline = math.inf
        self._heard()
        visitor.open()

    # --- frames ----------------------------------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        """Read the beginning of what came, and the rest in turns."""
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
            if self._visitor is not None and isinstance(frame, Frame):
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
        if self._visitor is None:
            return
        try:
            message = str(data, "utf-8") if self._is_text else bytes(data)
        except UnicodeDecodeError:
            self._fail(CloseCode.INVALID_DATA, "text that is not UTF-8")
            return
        self._visitor.receive(message)

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
            self._lose_visitor()
            if self.phase is not Phase.CLOSING and self.phase is not Phase.LOST:
                self.phase = Phase.CLOSING
                self.deadline = self._gateway.monotonic() + self._gateway.settings.close_timeout_seconds

    def _write_all(self, chunks: Sequence[bytes]) -> None:
        data = b"".join(chunks)  # in one piece: a system call for each of a thousand pongs would be most of their cost
        if data and self.phase is not Phase.CLOSING:  # nothing follows a close frame, pongs included
            self._transport.write(data)
        # Not `close`: with bytes of the other side still unread, that would reset the connection, and the close frame
        # might never be read. The other side closes now, or the sweep does.
        if SEND_EOF in chunks and self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def _lose_visitor(self) -> None:
        visitor, self._visitor = self._visitor, None
        if visitor is not None:
            visitor.lose()


def _first_subprotocol(_: ServerProtocol, asked_for: Sequence[Subprotocol]) -> Subprotocol | None:
    """Name the first subprotocol that the client asked for, as the reference server does.

    No subprotocol changes anything here; but a browser fails the connection (1006) if none of those that it asked for
    comes back.
    """
    return asked_for[0] if asked_for else None
