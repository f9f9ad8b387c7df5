"""The packets of Engine.IO 4, as WebSocket frames and as records of a polling payload.

Theory of operation. A packet is a type, one ASCII digit, and data. On the wire it has two forms:

| packet          | WebSocket frame                   | record of a polling payload       |
|-----------------|-----------------------------------|-----------------------------------|
| text            | a text frame: digit, then text    | the same bytes                    |
| binary message  | a binary frame: the bytes as such | `b`, then the bytes in base64     |

Rule 1. An outgoing packet is encoded once, in both forms, for all recipients on all transports. For text, the only
        content of a broadcast, both forms are the same `bytes` object.
Rule 2. A text packet never holds the record separator 0x1e: in a payload it would become two packets.
Rule 3. Decoding of any bytes gives a `Packet` or a `PacketError`, and nothing else.
Rule 4. A payload, the records of a GET's answer or of a POST, has limits: its bytes (`maxPayload` of the handshake),
        the number of its packets (empty ones would otherwise be half a million), and the bytes of each packet. The
        first two are checked before anything is allocated. Packets before a malformed one are valid, as on a WebSocket.

The format is that of https://github.com/socketio/engine.io-protocol, section "Packet encoding".
"""

import base64
import binascii
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from linkhub_adapters.realtime.engineio.settings import EngineSettings

RECORD_SEPARATOR: Final = b"\x1e"


class PacketType(StrEnum):
    """The seven types, each by its digit on the wire."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"
    UPGRADE = "5"
    NOOP = "6"


_TYPE_BY_DIGIT: Final = {packet_type.value: packet_type for packet_type in PacketType}


class PacketError(ValueError):
    """The peer sent an invalid Engine.IO packet, or one that it may not send here."""


class PayloadTooLargeError(PacketError):
    """The body of a POST is longer than the handshake's `maxPayload`."""


@frozen(kw_only=True)
class Packet:
    """A decoded packet; `data` is text, or `bytes` for a binary message."""

    type: PacketType
    data: str | bytes = ""


@frozen(kw_only=True)
class EncodedPacket:
    """An outgoing packet in both its wire forms, to be shared by all its recipients.

    Attributes:
        frame: the content of its WebSocket frame; UTF-8 unless `is_binary`.
        record: its bytes in a polling payload, between separators.
        is_binary: whether the WebSocket frame is a binary one.
    """

    frame: bytes = field(repr=False)
    record: bytes
    is_binary: bool = False


def encode_control(packet_type: PacketType, data: bytes = b"") -> EncodedPacket:
    """Encode a text packet of any type.

    Args:
        data: UTF-8 without the record separator, such as JSON.

    Raises:
        ValueError: `data` holds the record separator.
    """
    if RECORD_SEPARATOR in data:
        raise ValueError("the text of a packet cannot hold the record separator 0x1e")
    wire = packet_type.value.encode("ascii") + data
    return EncodedPacket(frame=wire, record=wire)


def encode_text_message(text: bytes) -> EncodedPacket:
    """Encode a text message, such as a Socket.IO packet, once for all its recipients; see :func:`encode_control`."""
    return encode_control(PacketType.MESSAGE, text)


def encode_binary_message(data: bytes) -> EncodedPacket:
    """Encode a binary message, once for all its recipients."""
    return EncodedPacket(frame=data, record=b"b" + base64.b64encode(data), is_binary=True)


def decode_frame(frame: str | bytes, *, max_bytes: int) -> Packet:
    """Decode the content of one WebSocket frame.

    Args:
        frame: text of a text frame, bytes of a binary frame.
        max_bytes: the longest frame that is accepted.

    Raises:
        PacketError: unknown type, too long, empty, or text that is not Unicode.
    """
    if len(frame) > max_bytes:
        raise PacketError(f"a packet of more than {max_bytes} bytes")
    if isinstance(frame, bytes):
        return Packet(type=PacketType.MESSAGE, data=frame)
    if not frame.isascii():
        _check_unicode(frame, max_bytes)
    return _decode_text(frame)


def decode_record(record: bytes, *, max_bytes: int) -> Packet:
    """Decode one record of a polling payload: the bytes between two separators.

    Args:
        max_bytes: the longest packet that is accepted; of a binary one, the bytes behind its base64.

    Raises:
        PacketError: unknown type, too long, empty, not UTF-8, or not base64.
    """
    is_binary = record.startswith(b"b")
    try:
        data = base64.b64decode(record[1:], validate=True) if is_binary else record.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise PacketError("a packet that is neither UTF-8 nor base64") from error
    if len(data if is_binary else record) > max_bytes:
        raise PacketError(f"a packet of more than {max_bytes} bytes")
    return Packet(type=PacketType.MESSAGE, data=data) if isinstance(data, bytes) else _decode_text(data)


def encode_payload(packets: Iterable[EncodedPacket]) -> bytes:
    """Join packets into one payload; nothing is encoded again."""
    return RECORD_SEPARATOR.join([packet.record for packet in packets])


def decode_payload(body: bytes, settings: EngineSettings) -> Iterator[Packet]:
    """Yield the packets of a payload, in order.

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


def _decode_text(text: str) -> Packet:
    packet_type = _TYPE_BY_DIGIT.get(text[:1])
    if packet_type is None:
        raise PacketError(f"a packet of unknown type {text[:1]!r}")
    return Packet(type=packet_type, data=text[1:])


def _check_unicode(text: str, max_bytes: int) -> None:
    try:
        size_bytes = len(text.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise PacketError("a packet with a lone surrogate") from error
    if size_bytes > max_bytes:
        raise PacketError(f"a packet of more than {max_bytes} bytes")
