"""One Engine.IO 4 session, the server's side: bytes and times in; events, bytes and a deadline out.

Theory of operation. The shell has the connections and the clock, the session has the state.

Rule 1. Time comes in as `now`, seconds of a monotonic clock. The shell calls `tick` at `deadline`.
Rule 2. After each call `poll_response` may give the answer to the hanging poll, and `frames_to_send` frames for the
        WebSocket. The shell takes both, in any order, before it waits again.
Rule 3. Packets leave in the order in which they were sent, each once, on the session's transport of that moment. An
        upgrade keeps the waiting packets.
Rule 4. Waiting packets are limited (`max_unsent_bytes`). A session that would exceed the limit is closed; no packet is
        dropped between others.
Rule 5. At most one poll and one POST are open. A second one closes the session, as the protocol demands, because the
        order of packets is lost.
Rule 6. Once an upgrade's probe is answered, the client waits for its poll to end before it moves. So the poll that
        hangs then ends at once, and each later one after `upgrade_poll_seconds` (`release_poll`): the client may not
        have the answer yet, and would poll without a pause.
Rule 7. After `Closed` there are no events. Nothing that a client sends raises.

What a packet does, on the session's own transport:

| packet    | effect                                                      |
|-----------|-------------------------------------------------------------|
| 4 message | `MessageReceived`                                           |
| 3 pong    | the next ping is due an interval later, if one was awaited  |
| 6 noop    | nothing                                                     |
| 1 close   | `Closed`; the hanging poll ends with a noop                 |
| 0, 2, 5   | a server's packet, or out of place: `Closed`, parse error   |

An upgrade: the client opens a WebSocket with its session's sid, sends `2probe`, gets `3probe`, waits for its last poll
to end (rule 6), and sends `5`. Then the session moves to the WebSocket. A packet that is not in `UPGRADE_STEPS` ends
the upgrade; the session stays on polling.

How a session ends:

| state     | polls                               | POSTs, frames | leaves by                          |
|-----------|-------------------------------------|---------------|------------------------------------|
| OPEN      | hang until there is something       | are taken     | any `Closed`                       |
| LINGERING | get what waits, a close packet last | are refused   | the last taken, `linger_seconds`   |
| CLOSED    | the one that hangs gets its end     | are refused   | never                              |

A session lingers only if the server closed it while it was polling and no poll was hanging. In all other cases the
client knows of the end, or broke the protocol.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

import orjson
from attrs import define, field

from linkhub_adapters.realtime.engineio.events import (
    BAD_REQUEST,
    PAYLOAD_TOO_LARGE,
    UNKNOWN_SID,
    Closed,
    CloseReason,
    Event,
    Handled,
    MessageReceived,
    Upgraded,
    UpgradeFailed,
)
from linkhub_adapters.realtime.engineio.outbox import Outbox
from linkhub_adapters.realtime.engineio.packet import (
    EncodedPacket,
    Packet,
    PacketError,
    PacketType,
    PayloadTooLargeError,
    decode_frame,
    decode_payload,
    encode_control,
)
from linkhub_adapters.realtime.engineio.settings import EngineSettings, Transport

_CLOSE: Final = encode_control(PacketType.CLOSE)
_PING: Final = encode_control(PacketType.PING)
_NOOP: Final = encode_control(PacketType.NOOP)
_PROBE_REPLY: Final = encode_control(PacketType.PONG, b"probe")


class _State(Enum):
    OPEN = auto()
    LINGERING = auto()
    CLOSED = auto()


class UpgradeState(Enum):
    """The state of an upgrade."""

    STARTED = auto()
    PROBED = auto()
    DONE = auto()
    FAILED = auto()


UPGRADE_STEPS: Final[Mapping[tuple[UpgradeState, PacketType, str | bytes], UpgradeState]] = {
    (UpgradeState.STARTED, PacketType.PING, "probe"): UpgradeState.PROBED,
    (UpgradeState.PROBED, PacketType.PING, "probe"): UpgradeState.PROBED,
    (UpgradeState.PROBED, PacketType.UPGRADE, ""): UpgradeState.DONE,
}


def step(state: UpgradeState, packet: Packet) -> UpgradeState:
    """Take one packet of the upgrade's WebSocket."""
    return UPGRADE_STEPS.get((state, packet.type, packet.data), UpgradeState.FAILED)


@define(eq=False, kw_only=True)
class EngineSession:
    """The server's side of one session. Its handshake waits first; a polling shell then opens a poll.

    Args:
        sid: the session's id, which is its client's only credential: long and unguessable.
        transport: the present one, at first that of the request which opens the session.
        settings: its timing and limits.
        now: seconds of a monotonic clock.
    """

    sid: str
    transport: Transport
    settings: EngineSettings = field(repr=False)
    _ping_due: float = field(alias="now")  # or, after a ping, the end of the wait for its pong
    _awaits_pong: bool = field(default=False, init=False)
    _state: _State = field(default=_State.OPEN, init=False)
    _outbox: Outbox = field(init=False, repr=False)
    _linger_until: float = field(default=0.0, init=False)
    _upgrade: UpgradeState | None = field(default=None, init=False)
    _upgrade_until: float = field(default=0.0, init=False)
    _poll_hangs: bool = field(default=False, init=False)
    _post_is_open: bool = field(default=False, init=False)
    _noop_is_due: bool = field(default=False, init=False)
    _probe_reply_is_due: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._ping_due += self.settings.ping_interval_seconds
        self._outbox = Outbox(self.settings.max_unsent_bytes)
        self._outbox.put(_encode_handshake(self.sid, self.transport, self.settings))

    @property
    def is_open(self) -> bool:
        """Whether the session takes and delivers messages."""
        return self._state is _State.OPEN

    @property
    def is_finished(self) -> bool:
        """Whether the session is over: the shell removes it, and its sid is unknown."""
        return self._state is _State.CLOSED and not self._poll_hangs

    @property
    def deadline(self) -> float | None:
        """The monotonic second at which `tick` must be called; `None` once the session is closed."""
        match self._state:
            case _State.OPEN if self._upgrade:
                return min(self._ping_due, self._upgrade_until)
            case _State.OPEN:
                return self._ping_due
            case _State.LINGERING:
                return self._linger_until
            case _State.CLOSED:
                return None

    @property
    def unsent_bytes(self) -> int:
        """The bytes that wait for the client."""
        return self._outbox.size_bytes

    def tick(self, now: float) -> tuple[Event, ...]:
        """Do what is due at `now`; early calls do nothing."""
        if self._state is _State.LINGERING and now >= self._linger_until:
            self._finish()
        if self._state is not _State.OPEN:
            return ()
        failed = self._fail_upgrade("time-out") if self._upgrade and now >= self._upgrade_until else ()
        if now < self._ping_due:
            return failed
        if self._awaits_pong:
            return (*failed, *self._end(CloseReason.PING_TIMEOUT, _CLOSE))
        self._awaits_pong, self._ping_due = True, now + self.settings.ping_timeout_seconds
        return (*failed, *self.send(_PING))

    # Sending

    def send(self, packet: EncodedPacket) -> tuple[Event, ...]:
        """Add a packet to the waiting ones; `Closed` past the limit. A session that is not open drops it."""
        if self._state is not _State.OPEN or self._outbox.put(packet):
            return ()
        return self._end(CloseReason.SLOW_READER, _CLOSE)

    def close(self, now: float) -> tuple[Event, ...]:
        """Close the session from the server's side; waiting packets are delivered."""
        if self._state is not _State.OPEN:
            return ()
        self._upgrade, self._probe_reply_is_due = None, False
        if self.transport is Transport.WEBSOCKET:
            self._state = _State.CLOSED  # what waits stays for `frames_to_send`
        else:
            self._state, self._linger_until = _State.LINGERING, now + self.settings.linger_seconds
            self._outbox.put_last(_CLOSE)
        return (Closed(reason=CloseReason.SERVER_CLOSE),)

    def poll_response(self) -> bytes | None:
        """The body of the hanging poll's answer (200, `text/plain; charset=UTF-8`); `None`: it hangs on."""
        if not self._poll_hangs:
            return None
        if self.transport is Transport.POLLING and self._outbox:
            payload = self._outbox.take_payload(self.settings.max_payload_bytes)
        elif self._noop_is_due:
            payload = _NOOP.record
        else:
            return None
        self._poll_hangs = self._noop_is_due = False
        if self._state is _State.LINGERING and not self._outbox:
            self._finish()
        return payload

    def frames_to_send(self) -> list[EncodedPacket]:
        """Take the packets for the WebSocket, each for one frame."""
        frames = [_PROBE_REPLY] if self._probe_reply_is_due else []
        self._probe_reply_is_due = False
        if self.transport is Transport.WEBSOCKET:
            frames += self._outbox.take_all()
        return frames

    # Polling

    def open_poll(self) -> Handled:
        """Take a GET. Unless refused it hangs until `poll_response` answers it, perhaps at once."""
        if self._state is _State.CLOSED:
            return Handled(refusal=UNKNOWN_SID)
        if self.transport is Transport.WEBSOCKET:
            return Handled(refusal=BAD_REQUEST)
        if self._poll_hangs:
            return Handled(events=self._end(CloseReason.REQUEST_OVERLAP, _CLOSE), refusal=BAD_REQUEST)
        self._poll_hangs = True
        return Handled()

    def open_post(self) -> Handled:
        """Take a POST; unless refused, the shell reads its body and calls `receive_payload`."""
        if self._state is not _State.OPEN:
            return Handled(refusal=UNKNOWN_SID)
        if self.transport is Transport.WEBSOCKET:
            return Handled(refusal=BAD_REQUEST)
        if self._post_is_open:
            return Handled(events=self._end(CloseReason.REQUEST_OVERLAP, _CLOSE), refusal=BAD_REQUEST)
        self._post_is_open = True
        return Handled()

    def receive_payload(self, body: bytes, now: float) -> Handled:
        """Take the whole body of the open POST, which ends it; a shell stops reading past `max_payload_bytes`."""
        self._post_is_open = False
        if self._state is not _State.OPEN:
            return Handled(refusal=UNKNOWN_SID)
        events: list[Event] = []
        try:
            for packet in decode_payload(body, self.settings):
                events += self._take(packet, now)
                if self._state is not _State.OPEN:
                    break
        except PacketError as error:
            events += self._end(CloseReason.PARSE_ERROR, _CLOSE)
            is_too_large = isinstance(error, PayloadTooLargeError)
            return Handled(events=tuple(events), refusal=PAYLOAD_TOO_LARGE if is_too_large else BAD_REQUEST)
        return Handled(events=tuple(events))

    def lose_request(self) -> tuple[Event, ...]:
        """The connection of a poll or POST is lost before its answer was written: packets may be lost."""
        self._poll_hangs = self._post_is_open = self._noop_is_due = False
        if self.transport is Transport.WEBSOCKET:
            return ()  # a leftover of the time before the upgrade, which carried nothing but a noop
        return self._end(CloseReason.TRANSPORT_CLOSE, _CLOSE)

    @property
    def poll_delays_upgrade(self) -> bool:
        """Whether a hanging poll may delay a probed upgrade: the shell releases it after a moment."""
        return self._poll_hangs and self._upgrade is UpgradeState.PROBED

    def release_poll(self) -> None:
        """End the hanging poll of a probed upgrade with a noop, unless it has ended."""
        self._noop_is_due = self._noop_is_due or self.poll_delays_upgrade

    # WebSocket

    def open_upgrade(self, now: float) -> Handled:
        """Take a WebSocket with this sid; unless refused, its frames go to `receive_frame`."""
        if self._state is not _State.OPEN:
            return Handled(refusal=UNKNOWN_SID)
        if self.transport is Transport.WEBSOCKET or self._upgrade:
            return Handled(refusal=BAD_REQUEST)
        self._upgrade = UpgradeState.STARTED
        self._upgrade_until = now + self.settings.upgrade_timeout_seconds
        return Handled()

    def receive_frame(self, frame: str | bytes, now: float) -> tuple[Event, ...]:
        """Take one frame of the session's, or of its upgrade's, WebSocket: text, or the bytes of a binary frame."""
        if self._state is not _State.OPEN:
            return ()
        try:
            packet = decode_frame(frame, max_bytes=self.settings.max_packet_bytes)
            if self.transport is Transport.WEBSOCKET:
                return self._take(packet, now)
            return self._take_probe(packet)
        except PacketError as error:
            if self.transport is Transport.WEBSOCKET:
                return self._end(CloseReason.PARSE_ERROR, _CLOSE)
            return self._fail_upgrade(str(error))

    def lose_websocket(self) -> tuple[Event, ...]:
        """The WebSocket of the session or of its upgrade has closed. Do not call this after a failed upgrade."""
        if self.transport is Transport.WEBSOCKET:
            return self._end(CloseReason.TRANSPORT_CLOSE, _CLOSE)
        return self._fail_upgrade("transport close")

    # The tables of this module

    def _take(self, packet: Packet, now: float) -> tuple[Event, ...]:
        match packet.type:
            case PacketType.MESSAGE:
                return (MessageReceived(data=packet.data),)
            case PacketType.PONG if self._awaits_pong:
                self._awaits_pong, self._ping_due = False, now + self.settings.ping_interval_seconds
                return ()
            case PacketType.PONG | PacketType.NOOP:
                return ()
            case PacketType.CLOSE:
                return self._end(CloseReason.CLIENT_CLOSE, _NOOP)
            case PacketType.OPEN | PacketType.PING | PacketType.UPGRADE:
                raise PacketError(f"a client does not send {packet.type.name} here")

    def _take_probe(self, packet: Packet) -> tuple[Event, ...]:
        if self._upgrade is None:
            return ()
        self._upgrade = step(self._upgrade, packet)
        match self._upgrade:
            case UpgradeState.PROBED:
                self._probe_reply_is_due = True
                self._noop_is_due = self._poll_hangs
                return ()
            case UpgradeState.DONE:
                self._upgrade = None
                self.transport = Transport.WEBSOCKET
                self._noop_is_due = self._poll_hangs
                return (Upgraded(),)
            case _:
                return self._fail_upgrade(f"unexpected {packet.type.name}")

    def _fail_upgrade(self, reason: str) -> tuple[Event, ...]:
        was_under_way = self._upgrade is not None
        self._upgrade, self._probe_reply_is_due = None, False
        return (UpgradeFailed(reason=reason),) if was_under_way else ()

    def _end(self, reason: CloseReason, last_packet: EncodedPacket) -> tuple[Event, ...]:
        """Close at once; a hanging poll ends with `last_packet`, waiting packets are dropped."""
        was_open = self._state is _State.OPEN
        self._finish()
        if self._poll_hangs and self.transport is Transport.POLLING:
            self._outbox.put_last(last_packet)
        return (Closed(reason=reason),) if was_open else ()

    def _finish(self) -> None:
        self._state = _State.CLOSED
        self._upgrade, self._probe_reply_is_due = None, False
        self._outbox.take_all()


def _encode_handshake(sid: str, transport: Transport, settings: EngineSettings) -> EncodedPacket:
    handshake = {
        "sid": sid,
        "upgrades": transport.upgrades,
        "pingInterval": round(settings.ping_interval_seconds * 1000),
        "pingTimeout": round(settings.ping_timeout_seconds * 1000),
        "maxPayload": settings.max_payload_bytes,
    }
    return encode_control(PacketType.OPEN, orjson.dumps(handshake))
