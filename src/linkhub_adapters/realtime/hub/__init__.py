"""The hub: gives each announcement to the subscribers of its shop, and catches up those who come back. No sockets."""

from __future__ import annotations

from linkhub_adapters.realtime.hub.hub import (
    Hub,
)

__all__ = [
    "Hub",
]
