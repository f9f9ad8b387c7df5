"""The two transports of Engine.IO 4, and which one leads to which."""

from enum import StrEnum

__all__ = ["Transport"]


class Transport(StrEnum):
    """How a session's packets travel; the values are those of the `transport` query parameter."""

    POLLING = "polling"
    WEBSOCKET = "websocket"

    @property
    def upgrades(self) -> list[str]:
        """The transports that a session may move to from this one, as the handshake lists them."""
        return [Transport.WEBSOCKET.value] if self is Transport.POLLING else []
