"""The settings of an Engine.IO session: its transport, its timing and its limits."""

from enum import StrEnum

from attrs import field, frozen
from attrs.validators import gt


class Transport(StrEnum):
    """How a session's packets travel; the values are those of the query parameter `transport`."""

    POLLING = "polling"
    WEBSOCKET = "websocket"

    @property
    def upgrades(self) -> list[str]:
        """The transports that a session may upgrade to, as the handshake lists them."""
        return [Transport.WEBSOCKET.value] if self is Transport.POLLING else []


@frozen(kw_only=True)
class EngineSettings:
    """The timing and the limits of a session. Defaults are those of the reference server, if it has the setting.

    Attributes:
        ping_interval_seconds: from a pong (or the opening) to the next ping.
        ping_timeout_seconds: from a ping until the session is closed without a pong.
        upgrade_timeout_seconds: from the opening of an upgrade's WebSocket until it is abandoned.
        upgrade_poll_seconds: how long a poll during an upgrade hangs; the reference server's interval.
        linger_seconds: how long a session that the server closed waits for its last poll.
        max_payload_bytes: the longest polling payload in both directions; the handshake's `maxPayload`.
        max_payload_packets: the most packets in a payload of a client.
        max_packet_bytes: the longest packet of a client.
        max_unsent_bytes: unsent bytes above which a session is closed as a slow reader.
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
