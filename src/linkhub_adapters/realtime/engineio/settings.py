"""What an Engine.IO server promises its clients in the handshake, and the bounds that it keeps."""

from attrs import field, frozen
from attrs.validators import gt

__all__ = ["EngineSettings"]


@frozen(kw_only=True)
class EngineSettings:
    """The timing and the bounds of a session; defaults are the reference server's where it has one.

    Attributes:
        ping_interval_seconds: from a pong (or the opening) to the next ping.
        ping_timeout_seconds: from a ping until the session is closed for want of a pong.
        upgrade_timeout_seconds: from the opening of an upgrade's WebSocket until it is abandoned.
        upgrade_poll_seconds: how long a poll during an upgrade waits for its end; the reference server's interval.
        linger_seconds: how long a session that the server closed waits for the poll that takes the rest.
        max_payload_bytes: the longest polling payload, both ways; the handshake's `maxPayload`.
        max_payload_packets: the most packets in a payload that a client sends.
        max_packet_bytes: the longest packet that a client sends.
        max_unsent_bytes: what may wait for a reader before the session is closed for its slowness.
    """

    ping_interval_seconds: float = field(default=25.0, validator=gt(0))
    ping_timeout_seconds: float = field(default=20.0, validator=gt(0))
    upgrade_timeout_seconds: float = field(default=10.0, validator=gt(0))
    upgrade_poll_seconds: float = field(default=0.1, validator=gt(0))
    linger_seconds: float = field(default=10.0, validator=gt(0))
    max_payload_bytes: int = field(default=1_000_000, validator=gt(0))
    max_payload_packets: int = field(default=1_000, validator=gt(0))
    max_packet_bytes: int = field(default=65_536, validator=gt(0))
    max_unsent_bytes: int = field(default=1_048_576, validator=gt(0))
