"""The upgrade's table, whole."""

import itertools

import pytest

from linkhub_adapters.realtime.engineio.packet import Packet, PacketType
from linkhub_adapters.realtime.engineio.session import UpgradeState, step

STATES = [UpgradeState.STARTED, UpgradeState.PROBED]
ALLOWED: dict[tuple[UpgradeState, PacketType, str | bytes], UpgradeState] = {
    (UpgradeState.STARTED, PacketType.PING, "probe"): UpgradeState.PROBED,
    (UpgradeState.PROBED, PacketType.PING, "probe"): UpgradeState.PROBED,
    (UpgradeState.PROBED, PacketType.UPGRADE, ""): UpgradeState.DONE,
}


@pytest.mark.parametrize(
    ("state", "packet_type", "data"), list(itertools.product(STATES, PacketType, ["", "probe", "x", b"probe"]))
)
def test_every_packet_in_every_state(state: UpgradeState, packet_type: PacketType, data: str | bytes) -> None:
    """The probe, its repetition and the upgrade packet after it go on; all else fails."""
    expected = ALLOWED.get((state, packet_type, data), UpgradeState.FAILED)
    assert step(state, Packet(type=packet_type, data=data)) is expected
