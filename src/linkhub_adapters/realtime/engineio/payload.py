"""A polling payload: packets joined by the record separator 0x1e, in the body of a GET's answer or of a POST.

Theory of operation. A payload has three limits, checked before anything is allocated for it: its bytes (`maxPayload` of
the handshake), the number of its packets (empty ones would otherwise be half a million), and the bytes of each packet.
Packets are decoded one by one, so those before a malformed one are valid, as on a WebSocket.
"""

from collections.abc import Iterable, Iterator

from linkhub_adapters.realtime.engineio.packet import (
    RECORD_SEPARATOR,
    EncodedPacket,
    Packet,
    PacketError,
    decode_record,
)
from linkhub_adapters.realtime.engineio.settings import EngineSettings

__all__ = ["PayloadTooLargeError", "decode_payload", "encode_payload"]


class PayloadTooLargeError(PacketError):
    """The body of a POST is longer than the handshake's `maxPayload`."""


def encode_payload(packets: Iterable[EncodedPacket]) -> bytes:
    """Join packets into one payload; nothing is encoded again."""
    return RECORD_SEPARATOR.join([packet.record for packet in packets])


def decode_payload(body: bytes, settings: EngineSettings) -> Iterator[Packet]:
    """Yield the packets of a payload, in order.

    Args:
        body: the whole body of a POST.

    Raises:
        PayloadTooLargeError: before anything is yielded, `body` is longer than `max_payload_bytes`.
        PacketError: too many packets (before anything is yielded), or, at its place, a malformed one.
    """
    if len(body) > settings.max_payload_bytes:
        raise PayloadTooLargeError(f"a payload of more than {settings.max_payload_bytes} bytes")
    if body.count(RECORD_SEPARATOR) >= settings.max_payload_packets:
        raise PacketError(f"a payload of more than {settings.max_payload_packets} packets")
    for record in body.split(RECORD_SEPARATOR):
        yield decode_record(record, max_bytes=settings.max_packet_bytes)
