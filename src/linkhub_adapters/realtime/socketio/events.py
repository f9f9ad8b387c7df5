"""What a Socket.IO session tells its shell: past-tense values, at most one for each message that came in."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen

__all__ = [
    "AckReceived",
    "BinaryRefused",
    "CloseReason",
    "Closed",
    "ConnectRequested",
    "Disconnected",
    "Event",
    "EventReceived",
    "NamespaceRefused",
]


class CloseReason(StrEnum):
    """Why the whole connection has to end."""

    MALFORMED = "malformed packet"
    OUT_OF_PLACE = "packet out of place"
    CONNECT_TIMEOUT = "connect time-out"


@frozen(kw_only=True)
class ConnectRequested:
    """A client asks for a namespace of the allowlist: answer with the session's `accept` or `refuse`.

    Attributes:
        auth: what it sent as its credentials; empty if nothing.
    """

    namespace: str
    auth: Mapping[str, Any]


@frozen(kw_only=True)
class NamespaceRefused:
    """A client asked for a namespace that does not exist; send `reply`, the connection goes on."""

    namespace: str
    reply: bytes


@frozen(kw_only=True)
class EventReceived:
    """A client sent an event.

    Attributes:
        arguments: decoded JSON, whatever the client chose to send.
        ack_id: if not `None`, an `encode_ack` with it is awaited.
    """

    namespace: str
    name: str
    arguments: tuple[Any, ...]
    ack_id: int | None = None


@frozen(kw_only=True)
class AckReceived:
    """A client acknowledged an event of the server's."""

    namespace: str
    ack_id: int
    arguments: tuple[Any, ...]


@frozen(kw_only=True)
class BinaryRefused:
    """A client sent an event, or an ack, with attachments: they are dropped, the connection goes on."""

    namespace: str
    ack_id: int | None = None


@frozen(kw_only=True)
class Disconnected:
    """A client left a namespace; the connection goes on."""

    namespace: str


@frozen(kw_only=True)
class Closed:
    """The client broke the protocol, or never connected: close the Engine.IO session. Nothing follows."""

    reason: CloseReason
    detail: str = ""


Event = ConnectRequested | NamespaceRefused | EventReceived | AckReceived | BinaryRefused | Disconnected | Closed
