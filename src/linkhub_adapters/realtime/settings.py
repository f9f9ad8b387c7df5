"""The settings of the realtime room, with their defaults."""

from __future__ import annotations

from attrs import evolve, field, frozen
from attrs.validators import gt

from linkhub_adapters.realtime.engineio import EngineSettings
from linkhub_core.access import AccessPolicy
from linkhub_core.application.subscriber_session import SessionLimits

_ENGINE = EngineSettings()


@frozen(kw_only=True)
class RealtimeSettings:
    """Limits, time-outs and the access policy.

    Attributes:
        access: which origins may connect, and which proxies name the client's address.
        session: what one connection may do.
        compression: whether WebSockets that offer it get compressed events.
        max_unsent_bytes: unsent bytes above which a slow reader is closed with 1013.
        max_connections: the connections of each transport: WebSockets, polling sessions, event streams.
        max_connections_per_address: those of each transport from one address.
        max_polling_payload_bytes: the longest payload of HTTP long-polling, both ways.
        max_concurrent_replays: the replays that run at once; others wait.
        max_remembered_products: the products whose newest broadcast revision is remembered.
        handshake_timeout_seconds: from a TCP connection to its handshake.
        ping_interval_seconds: the silence after which a connection gets a ping.
        ping_timeout_seconds: how long the answer to a ping may take.
        close_timeout_seconds: from a close frame until the connection is cut.
        heartbeat_seconds: the time between two comments on an event stream.
        sweep_interval_seconds: the time between two checks for time-outs, so also their greatest delay.
    """

    access: AccessPolicy = field(factory=AccessPolicy)
    session: SessionLimits = field(factory=SessionLimits)
    compression: bool = True
    max_unsent_bytes: int = field(default=_ENGINE.max_unsent_bytes, validator=gt(0))
    max_connections: int = field(default=50_000, validator=gt(0))
    max_connections_per_address: int = field(default=20_000, validator=gt(0))
    max_polling_payload_bytes: int = field(default=_ENGINE.max_payload_bytes, validator=gt(0))
    max_concurrent_replays: int = field(default=16, validator=gt(0))
    max_remembered_products: int = field(default=100_000, validator=gt(0))
    handshake_timeout_seconds: float = field(default=10.0, validator=gt(0))
    ping_interval_seconds: float = field(default=_ENGINE.ping_interval_seconds, validator=gt(0))
    ping_timeout_seconds: float = field(default=_ENGINE.ping_timeout_seconds, validator=gt(0))
    close_timeout_seconds: float = field(default=1.0, validator=gt(0))
    heartbeat_seconds: float = field(default=15.0, validator=gt(0))
    sweep_interval_seconds: float = field(default=0.5, validator=gt(0))

    @property
    def engine(self) -> EngineSettings:
        """The settings of an Engine.IO session."""
        return evolve(
            _ENGINE,
            ping_interval_seconds=self.ping_interval_seconds,
            ping_timeout_seconds=self.ping_timeout_seconds,
            max_payload_bytes=self.max_polling_payload_bytes,
            max_packet_bytes=self.session.max_frame_bytes,
            max_unsent_bytes=self.max_unsent_bytes,
        )
