"""The events of a Socket.IO session for its shell: past-tense values, at most one for each received message."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen


class CloseReason(StrEnum):
    """Why the whole connection has to end."""

    MALFORMED = "malformed packet"
    OUT_OF_PLACE = "packet out of place"
    CONNECT_TIMEOUT = "connect time-out"


@frozen(kw_only=True)
class ConnectRequested:
    """A client asks for a namespace of the allowlist: answer with the session's `accept`.

    Attributes:
        auth: its credentials; empty without any.
    """

    namespace: str
    auth: Mapping[str, Any]


@frozen(kw_only=True)
class NamespaceRefused:
    """A client asked for an unknown namespace; send `reply`, the connection continues."""

    namespace: str
    reply: bytes


@frozen(kw_only=True)
class EventReceived:
    """A client sent an event.

    Attributes:
        arguments: decoded JSON of any form.
        ack_id: if not `None`, the client expects an `encode_ack` with it.
    """

    namespace: str
    name: str
    arguments: tuple[Any, ...]
    ack_id: int | None = None


@frozen(kw_only=True)
class BinaryRefused:
    """A client sent an event, or an ack, with attachments: they are dropped, the connection continues."""

    namespace: str
    ack_id: int | None = None


@frozen(kw_only=True)
class Disconnected:
    """A client left a namespace; the connection continues."""

    namespace: str


@frozen(kw_only=True)
class Closed:
    """The client broke the protocol, or never connected: close the Engine.IO session. No event follows."""

    reason: CloseReason
    detail: str = ""


Event = ConnectRequested | NamespaceRefused | EventReceived | BinaryRefused | Disconnected | Closed
