"""The outbox of a session: packets that wait for the client, in order, bounded by their bytes.

Theory of operation. The recipients of a broadcast share its packet: for a thousand polling clients it is encoded once
and referenced a thousand times. The packets are in a list, because nearly all outboxes are empty and an empty deque
needs ten times the memory of an empty list.
"""

from attrs import define, field

from linkhub_adapters.realtime.engineio.packet import EncodedPacket, encode_payload


@define(eq=False)
class Outbox:
    """A bounded queue of packets.

    Attributes:
        max_bytes: the limit of the packets' wire bytes, with one separator each.
        size_bytes: the present sum of them.
    """

    max_bytes: int
    size_bytes: int = field(default=0, init=False)
    _packets: list[EncodedPacket] = field(factory=list, init=False)

    def __len__(self) -> int:
        """The number of waiting packets."""
        return len(self._packets)

    def put(self, packet: EncodedPacket) -> bool:
        """Append a packet; return `False` and keep nothing if it would exceed the limit."""
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
        """Append the packet that ends a session, without a limit."""
        self._packets.append(packet)
        self.size_bytes += len(packet.record) + 1
