"""What waits for the client, in order and bounded.

Theory of operation. The outbox holds references to packets that all their recipients share, so that a
broadcast to a thousand polling clients is one encoding and a thousand references. It is bounded by bytes,
not by packets. A list and not a deque, because ten thousand of them are empty nearly always, and an empty
deque weighs ten times an empty list.
"""

from attrs import define, field

from linkhub_adapters.realtime.engineio.packet import EncodedPacket
from linkhub_adapters.realtime.engineio.payload import encode_payload

__all__ = ["Outbox"]


@define(eq=False)
class Outbox:
    """A bounded queue of packets.

    Attributes:
        max_bytes: the sum of the packets' wire bytes, a separator each included, that is never passed.
        size_bytes: what that sum is now.
    """

    max_bytes: int
    size_bytes: int = field(default=0, init=False)
    _packets: list[EncodedPacket] = field(factory=list, init=False)

    def __len__(self) -> int:
        """How many packets wait."""
        return len(self._packets)

    def put(self, packet: EncodedPacket) -> bool:
        """Append a packet; `False`, and nothing is kept, if it would pass the bound."""
        size_bytes = self.size_bytes + len(packet.record) + 1
        if size_bytes > self.max_bytes:
            return False
        self._packets.append(packet)
        self.size_bytes = size_bytes
        return True

    def take_payload(self, max_bytes: int) -> bytes:
        """Remove as many packets as fit into one payload, at least one, and return that payload."""
        count, size_bytes = 0, -1  # a payload has one separator fewer than it has packets
        for packet in self._packets:
            size_bytes += len(packet.record) + 1
            if count and size_bytes > max_bytes:
                break
            count += 1
        taken, self._packets = self._packets[:count], self._packets[count:]
        self.size_bytes -= sum(len(packet.record) + 1 for packet in taken)
        return encode_payload(taken)

    def take_all(self) -> list[EncodedPacket]:
        """Remove and return all packets."""
        taken, self._packets = self._packets, []
        self.size_bytes = 0
        return taken

    def put_last(self, packet: EncodedPacket) -> None:
        """Append the packet that ends a session, which must go out whatever the bound."""
        self._packets.append(packet)
        self.size_bytes += len(packet.record) + 1

    def clear(self) -> None:
        """Forget all that waits."""
        self.take_all()
