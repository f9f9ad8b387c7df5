"""One client's Socket.IO 5 session, the server's side, on top of the messages of an Engine.IO session.

Theory of operation. One message in, at most one event out. For each namespace of the allowlist the client is

| state     | CONNECT                    | EVENT, ACK, DISCONNECT | leaves by               |
|-----------|----------------------------|------------------------|-------------------------|
| absent    | `ConnectRequested`: asking | `Closed`               |                         |
| asking    | `Closed`                   | `Closed`               | `accept`: connected     |
| connected | `Closed`                   | its event; none of ACK | DISCONNECT: absent      |

Rule 1. A CONNECT_ERROR from the client, and a packet that cannot be read, give `Closed`, as the protocol demands: the
        client then knows at once that it and the server use different protocols.
Rule 2. A client without a namespace is closed after `connect_timeout_seconds`, if it never connected, or left.
Rule 3. A client may ask for namespaces ten times, because each of them starts a new subscriber with a new rate limit.
Rule 4. Memory is bounded: only namespaces of the allowlist are kept, and of an event with attachments only the number
        of those that are still to be dropped.
Rule 5. After `Closed` there are no events. No packet of a client raises. A call of the shell out of order raises
        `LocalProtocolError`; it is a bug.
"""

from collections.abc import Iterable
from typing import Final, assert_never

from attrs import define, field

from linkhub_adapters.realtime.socketio.events import (
    BinaryRefused,
    Closed,
    CloseReason,
    ConnectRequested,
    Disconnected,
    Event,
    EventReceived,
    NamespaceRefused,
)
from linkhub_adapters.realtime.socketio.packet import (
    Packet,
    PacketError,
    PacketType,
    decode_packet,
    encode_connect,
    encode_connect_error,
)

_MAX_ATTACHMENTS: Final = 10  # as in the reference parser; more of them is an attack, not an event

_MAX_CONNECTS: Final = 10  # the reference clients ask once for each namespace, then open another session


class LocalProtocolError(RuntimeError):
    """The shell, not the client, made a call out of order."""


def _frozen(namespaces: Iterable[str]) -> frozenset[str]:
    return frozenset(namespaces)


@define(eq=False, kw_only=True)
class SocketSession:
    """The server's side of one client's namespaces.

    Args:
        namespaces: the allowlist; a frozenset is shared, not copied.
        now: seconds of a monotonic clock.
        connect_timeout_seconds: how long a client may be connected to nothing.
    """

    _namespaces: frozenset[str] = field(converter=_frozen)
    _deadline: float | None = field(alias="now")
    _connect_timeout_seconds: float = 45.0
    _asking: set[str] = field(factory=set, init=False)
    _connected: set[str] = field(factory=set, init=False)
    _attachments_to_drop: int = field(default=0, init=False)
    _connects: int = field(default=0, init=False)
    _is_closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._deadline = (self._deadline or 0.0) + self._connect_timeout_seconds

    @property
    def deadline(self) -> float | None:
        """The monotonic second at which `tick` must be called; `None` while nothing is due."""
        return self._deadline

    def is_connected(self, namespace: str) -> bool:
        """Whether events of this namespace may be sent."""
        return namespace in self._connected

    def tick(self, now: float) -> Closed | None:
        """Do what is due at `now`; early calls do nothing."""
        if self._deadline is None or now < self._deadline:
            return None
        return self._close(CloseReason.CONNECT_TIMEOUT)

    def receive_message(self, data: str | bytes, now: float) -> Event | None:
        """Take one Engine.IO message.

        Args:
            data: text, or `bytes` of a binary message.
            now: seconds of a monotonic clock.

        Returns:
            Its event, to be answered before the next message; `None` for an acknowledgement or a dropped attachment.
        """
        if self._is_closed:
            return None
        if isinstance(data, bytes):
            return self._drop_attachment()
        if self._attachments_to_drop:
            return self._close(CloseReason.OUT_OF_PLACE, "text among attachments")
        try:
            return self._take(decode_packet(data), now)
        except PacketError as error:
            return self._close(CloseReason.MALFORMED, str(error))

    def accept(self, namespace: str, *, sid: str) -> bytes:
        """Connect the client to the namespace that it asked for.

        Args:
            namespace: that of the request.
            sid: the socket's public id, other than that of the Engine.IO session.

        Returns:
            The reply, to be sent before any event of this namespace.

        Raises:
            LocalProtocolError: the client did not ask, or the session is closed.
        """
        if namespace not in self._asking:
            raise LocalProtocolError(f"no CONNECT to {namespace} awaits an answer")
        self._asking.remove(namespace)
        self._connected.add(namespace)
        self._deadline = None
        return encode_connect(namespace, sid)

    def _take_connect(self, packet: Packet) -> Event:
        namespace = packet.namespace
        self._connects += 1
        if self._connects > _MAX_CONNECTS:
            return self._close(CloseReason.OUT_OF_PLACE, f"more than {_MAX_CONNECTS} CONNECTs")
        if namespace not in self._namespaces:
            reply = encode_connect_error(namespace, "Invalid namespace")
            return NamespaceRefused(namespace=namespace, reply=reply)
        if namespace in self._asking or namespace in self._connected:
            return self._close(CloseReason.OUT_OF_PLACE, "CONNECT twice")
        self._asking.add(namespace)
        return ConnectRequested(namespace=namespace, auth=packet.payload or {})

    def _take(self, packet: Packet, now: float) -> Event | None:
        if packet.type is PacketType.CONNECT:
            return self._take_connect(packet)
        if packet.namespace not in self._connected:
            return self._close(CloseReason.OUT_OF_PLACE, f"{packet.type.name} before CONNECT")
        return self._take_connected(packet, now)

    def _take_connected(self, packet: Packet, now: float) -> Event | None:
        match packet.type:
            case PacketType.EVENT:
                name, *arguments = packet.payload
                return EventReceived(
                    namespace=packet.namespace, name=name, arguments=tuple(arguments), ack_id=packet.ack_id
                )
            case PacketType.ACK:
                return None  # the server asks for none
            case PacketType.DISCONNECT:
                self._leave(packet.namespace, now)
                return Disconnected(namespace=packet.namespace)
            case PacketType.BINARY_EVENT | PacketType.BINARY_ACK:
                return self._refuse_binary(packet)
            case PacketType.CONNECT | PacketType.CONNECT_ERROR:
                return self._close(CloseReason.OUT_OF_PLACE, f"{packet.type.name} when connected")
        assert_never(packet.type)

    def _refuse_binary(self, packet: Packet) -> Event:
        if packet.attachments > _MAX_ATTACHMENTS:
            return self._close(CloseReason.MALFORMED, f"more than {_MAX_ATTACHMENTS} attachments")
        self._attachments_to_drop = packet.attachments
        return BinaryRefused(namespace=packet.namespace, ack_id=packet.ack_id)

    def _drop_attachment(self) -> Closed | None:
        if not self._attachments_to_drop:
            return self._close(CloseReason.OUT_OF_PLACE, "a binary message that belongs to no event")
        self._attachments_to_drop -= 1
        return None

    def _leave(self, namespace: str, now: float) -> None:
        self._connected.remove(namespace)
        if not self._connected:
            self._deadline = now + self._connect_timeout_seconds

    def _close(self, reason: CloseReason, detail: str = "") -> Closed:
        self._is_closed, self._deadline = True, None
        self._asking.clear()
        self._connected.clear()
        return Closed(reason=reason, detail=detail)
