"""The hub: broadcasts each announcement to the subscribers of its shop, and replays missed changes. No sockets.

``hub`` holds the subscribers and their channels, ``catch_up`` the replays from the store. A subscriber writes by a
function that its endpoint passes in. Bytes of a protocol belong to ``engineio`` and ``socketio``.
"""

from __future__ import annotations

from linkhub_adapters.realtime.hub.hub import Hub

__all__ = [
    "Hub",
]
