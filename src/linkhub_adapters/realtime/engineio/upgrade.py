"""The upgrade from polling to WebSocket, as a table.

Theory of operation. The client opens a WebSocket with its session's sid, sends `2probe`, gets `3probe`,
lets its last poll end (the server answers it, with a noop if there is nothing else; see rule 6 of `session`), and
sends `5`. Only then does the session move; until then it lives on polling, and whatever else
comes on that WebSocket ends the upgrade and nothing more.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from linkhub_adapters.realtime.engineio.packet import Packet, PacketType

__all__ = ["UPGRADE_STEPS", "UpgradeState", "step"]


class UpgradeState(Enum):
    """How far an upgrade has come."""

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
    """Take one packet of the upgrade's WebSocket; what is not in the table fails the upgrade."""
    return UPGRADE_STEPS.get((state, packet.type, packet.data), UpgradeState.FAILED)
