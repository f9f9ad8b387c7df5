"""The upgrade from polling to WebSocket, as a table.

Theory of operation. The client opens a WebSocket with its session's sid, sends `2probe`, gets `3probe`, waits for its
last poll to end (the server answers it, with a noop if there is nothing else; see rule 6 of `session`), and sends `5`.
Then the session moves to the WebSocket. Any other packet on that WebSocket ends the upgrade; the session stays on
polling.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from linkhub_adapters.realtime.engineio.packet import Packet, PacketType

__all__ = ["UPGRADE_STEPS", "UpgradeState", "step"]


class UpgradeState(Enum):
    """The state of an upgrade."""

    STARTED = auto()
    PROBED = auto()
    DONE = auto()
    FAILED = auto()


UPGRADE_STEPS: Final[Mapping[tuple[UpgradeState, PacketType, str | bytes], UpgradeState]] = {
    (UpgradeState.STARTED, PacketType.PING, "probe"): UpgradeState.PROBED,
    (UpgradeState.PROBED, PacketType.PING, "probe"): UpgradeState.PROBED,
    (UpgradeState.PROBED, PacketType.UPGRADE, ""): UpgradeState.DONE,
}


def step(state: UpgradeState, packet: Packet) -> UpgradeState:
    """Take one packet of the upgrade's WebSocket; a packet that is not in the table fails the upgrade."""
    return UPGRADE_STEPS.get((state, packet.type, packet.data), UpgradeState.FAILED)
