"""How the realtime room behaves. The values come from whoever wires the process: no environment is read here."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import gt

from linkhub_core.access import AccessPolicy
from linkhub_core.application.subscriber_session import SessionLimits

__all__ = ["RealtimeSettings"]


@frozen(kw_only=True)
class RealtimeSettings:
    """The choices of the realtime room.

    Attributes:
        access: which origins may connect, and which proxies name the client's address.
        session: what one connection may do.
        max_unsent_bytes: what may wait for a reader before it is closed with 1013 for its slowness.
        max_connections: how many there may be of each: WebSockets, Socket.IO sessions, event streams.
        max_connections_per_address: how many of them may come from one address.
        max_polling_payload_bytes: the longest payload of HTTP long-polling, both ways.
        max_concurrent_replays: how many subscribers are told at once what they missed; others wait for their turn.
        max_remembered_products: of how many products the newest broadcast revision is remembered.
        handshake_timeout_seconds: from a TCP connection to its handshake.
        ping_interval_seconds: for how long a connection may be silent before it is asked whether it still lives.
        ping_timeout_seconds: how long it may take to answer.
        close_timeout_seconds: from a close frame until the connection is cut.
        heartbeat_seconds: how often an event stream without events says that it still lives.
        sweep_interval_seconds: how often time-outs are looked at; it bounds how late they are.
    """

    access: AccessPolicy = field(factory=AccessPolicy)
    session: SessionLimits = field(factory=SessionLimits)
    max_unsent_bytes: int = field(default=1_048_576, validator=gt(0))
    max_connections: int = field(default=50_000, validator=gt(0))
    max_connections_per_address: int = field(default=20_000, validator=gt(0))
    max_polling_payload_bytes: int = field(default=1_000_000, validator=gt(0))
    max_concurrent_replays: int = field(default=16, validator=gt(0))
    max_remembered_products: int = field(default=100_000, validator=gt(0))
    handshake_timeout_seconds: float = field(default=10.0, validator=gt(0))
    ping_interval_seconds: float = field(default=25.0, validator=gt(0))
    ping_timeout_seconds: float = field(default=20.0, validator=gt(0))
    close_timeout_seconds: float = field(default=1.0, validator=gt(0))
    heartbeat_seconds: float = field(default=15.0, validator=gt(0))
    sweep_interval_seconds: float = field(default=0.5, validator=gt(0))
