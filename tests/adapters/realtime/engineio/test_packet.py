"""Packets: the documented examples, every malformed one refused, round trips, and python-engineio as the oracle."""

import base64
import json

import pytest
from engineio.packet import Packet as OraclePacket
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.realtime.engineio.packet import (
    Packet,
    PacketError,
    PacketType,
    decode_frame,
    decode_record,
    encode_binary_message,
    encode_control,
    encode_text_message,
)

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))  # lone surrogates included
RECORD_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x1e"))
LIMIT = 64


@pytest.mark.parametrize(
    ("wire", "packet"),
    [
        ("0{}", Packet(type=PacketType.OPEN, data="{}")),
        ("1", Packet(type=PacketType.CLOSE)),
        ("2probe", Packet(type=PacketType.PING, data="probe")),
        ("3", Packet(type=PacketType.PONG)),
        ("4hello", Packet(type=PacketType.MESSAGE, data="hello")),
        ("4€uro", Packet(type=PacketType.MESSAGE, data="€uro")),
        ("4", Packet(type=PacketType.MESSAGE, data="")),
        ("44", Packet(type=PacketType.MESSAGE, data="4")),
        ("5", Packet(type=PacketType.UPGRADE)),
        ("6", Packet(type=PacketType.NOOP)),
    ],
)
def test_text_is_the_same_in_both_forms(wire: str, packet: Packet) -> None:
    """Text packets decode alike from a frame and from a record."""
    assert decode_frame(wire, max_bytes=LIMIT) == packet
    assert decode_record(wire.encode(), max_bytes=LIMIT) == packet


def test_binary_has_two_forms() -> None:
    """A binary message is raw in a frame, and base64 after a `b` in a record."""
    packet = encode_binary_message(b"\x01\x02\x03\x04")
    assert (packet.frame, packet.record, packet.is_binary) == (b"\x01\x02\x03\x04", b"bAQIDBA==", True)


def test_text_is_encoded_once() -> None:
    """Both forms of a text message are one object, so that a broadcast has one copy."""
    packet = encode_text_message(b'2/products,["new_product",{}]')
    assert packet.frame == b'42/products,["new_product",{}]'
    assert packet.record is packet.frame


def test_text_with_a_separator_is_refused() -> None:
    """Text that would become two packets of a payload is the caller's mistake."""
    with pytest.raises(ValueError, match="record separator"):
        encode_text_message(b"one\x1e4two")


@pytest.mark.parametrize("frame", ["", "abc", "7", "-1", "٤hello", "bAQIDBA==", " 4", "4\ud800"])
def test_malformed_frames(frame: str) -> None:
    """What starts with no type, and text that is not Unicode, is refused; so is base64, which frames do not need."""
    with pytest.raises(PacketError):
        decode_frame(frame, max_bytes=LIMIT)


@pytest.mark.parametrize("record", [b"", b"abc", b"7", b"4\xff", b"4\xed\xa0\x80", b"b*", b"bAQ", b"bAQID BA=="])
def test_malformed_records(record: bytes) -> None:
    """What starts with no type, is not UTF-8 or not base64 is refused."""
    with pytest.raises(PacketError):
        decode_record(record, max_bytes=LIMIT)


@pytest.mark.parametrize("text", ["4" + "x" * (LIMIT - 1), "4" + "€" * 21])
def test_the_bound_is_exact(text: str) -> None:
    """A packet of exactly the bound, in bytes, is accepted, and one byte more is not."""
    assert len(text.encode()) == LIMIT
    assert decode_frame(text, max_bytes=LIMIT) == decode_record(text.encode(), max_bytes=LIMIT)
    with pytest.raises(PacketError, match="more than 64 bytes"):
        decode_frame(text + "x", max_bytes=LIMIT)
    with pytest.raises(PacketError, match="more than 64 bytes"):
        decode_record(text.encode() + b"x", max_bytes=LIMIT)


def test_the_bound_counts_bytes_not_base64() -> None:
    """A binary message is as long in a record as in a frame."""
    data = b"x" * LIMIT
    assert decode_record(encode_binary_message(data).record, max_bytes=LIMIT).data == data
    assert decode_frame(data, max_bytes=LIMIT).data == data
    with pytest.raises(PacketError):
        decode_record(encode_binary_message(data + b"x").record, max_bytes=LIMIT)
    with pytest.raises(PacketError):
        decode_frame(data + b"x", max_bytes=LIMIT)


@given(st.sampled_from(PacketType), RECORD_TEXT)
def test_text_round_trip(packet_type: PacketType, text: str) -> None:
    """An encoded packet decodes to itself, in both forms."""
    encoded = encode_control(packet_type, text.encode())
    packet = Packet(type=packet_type, data=text)
    assert decode_frame(encoded.frame.decode(), max_bytes=10_000) == packet
    assert decode_record(encoded.record, max_bytes=10_000) == packet


@given(st.binary())
def test_binary_round_trip(data: bytes) -> None:
    """Binary messages decode to themselves, in both forms."""
    encoded = encode_binary_message(data)
    packet = Packet(type=PacketType.MESSAGE, data=data)
    assert decode_frame(encoded.frame, max_bytes=10_000) == packet
    assert decode_record(encoded.record, max_bytes=10_000) == packet


@given(ANY_TEXT | st.binary())
def test_any_frame_has_a_documented_outcome(frame: str | bytes) -> None:
    """Any frame is a packet no longer than the frame, or a `PacketError`."""
    try:
        packet = decode_frame(frame, max_bytes=LIMIT)
    except PacketError:
        return
    assert len(packet.data) <= len(frame) <= LIMIT


@given(st.binary() | ANY_TEXT.map(lambda text: b"b" + text.encode("utf-8", "surrogatepass")))
def test_any_record_has_a_documented_outcome(record: bytes) -> None:
    """Any record is a packet no longer than the record, or a `PacketError`."""
    try:
        packet = decode_record(record, max_bytes=LIMIT)
    except PacketError:
        return
    assert len(packet.data) <= min(len(record), LIMIT)


@given(RECORD_TEXT)
def test_python_engineio_writes_the_same_text(text: str) -> None:
    """python-engineio encodes a text message to the very bytes of ours."""
    assert encode_text_message(text.encode()).frame.decode() == OraclePacket(4, text).encode()


@given(st.binary())
def test_python_engineio_writes_the_same_binary(data: bytes) -> None:
    """python-engineio encodes a binary message to the very bytes of ours, in both forms."""
    encoded = encode_binary_message(data)
    assert encoded.frame == OraclePacket(4, data).encode()
    assert encoded.record.decode() == OraclePacket(4, data).encode(b64=True)


@given(st.sampled_from(PacketType), RECORD_TEXT)
def test_python_engineio_reads_the_same_type(packet_type: PacketType, text: str) -> None:
    """Of whatever we encode python-engineio reads the same type, and the same data unless it takes it for JSON."""
    oracle = OraclePacket(encoded_packet=encode_control(packet_type, text.encode()).frame.decode())
    assert str(oracle.packet_type) == packet_type.value
    assert oracle.data == text or repr(oracle.data) == repr(json.loads(text))


@given(st.binary())
def test_python_engineio_reads_the_same_binary(data: bytes) -> None:
    """python-engineio reads back what we encode in base64."""
    record = b"b" + base64.b64encode(data)
    assert OraclePacket(encoded_packet=record.decode()).data == decode_record(record, max_bytes=10_000).data
