"""Payloads: the documented examples, the three bounds, round trips, and python-engineio as the oracle."""

import pytest
from engineio.payload import Payload as OraclePayload
from hypothesis import given
from hypothesis import strategies as st

from linkhub_adapters.realtime.engineio.packet import (
    EncodedPacket,
    Packet,
    PacketError,
    PacketType,
    PayloadTooLargeError,
    decode_payload,
    encode_binary_message,
    encode_payload,
    encode_text_message,
)
from linkhub_adapters.realtime.engineio.settings import EngineSettings

SETTINGS = EngineSettings()
SMALL = EngineSettings(max_payload_bytes=64, max_payload_packets=4, max_packet_bytes=16)
MESSAGES = st.lists(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x1e")).map(str.encode).map(encode_text_message)
    | st.binary().map(encode_binary_message),
    min_size=1,
)


def message(data: str | bytes) -> Packet:
    return Packet(type=PacketType.MESSAGE, data=data)


@pytest.mark.parametrize(
    ("payload", "packets"),
    [
        (b"4hello", [message("hello")]),
        (b"4hello\x1e2\x1e4world", [message("hello"), Packet(type=PacketType.PING), message("world")]),
        (b"4hello\x1ebAQIDBA==", [message("hello"), message(b"\x01\x02\x03\x04")]),
        (b"4\xe2\x82\xac", [message("€")]),
    ],
)
def test_documented_payloads(payload: bytes, packets: list[Packet]) -> None:
    """The examples of the protocol's text decode as it says."""
    assert list(decode_payload(payload, SETTINGS)) == packets


def test_no_packets_make_an_empty_payload() -> None:
    """Joining nothing is nothing, which is no payload that a client may send."""
    assert encode_payload([]) == b""
    with pytest.raises(PacketError):
        list(decode_payload(b"", SETTINGS))


def test_what_precedes_a_malformed_packet_counts() -> None:
    """Packets are yielded up to the malformed one, which raises in its place."""
    packets = decode_payload(b"4one\x1eabc\x1e4two", SETTINGS)
    assert next(packets) == message("one")
    with pytest.raises(PacketError):
        next(packets)


def test_the_payload_is_bounded_in_bytes() -> None:
    """One byte too many is refused before anything is decoded, as its own error."""
    assert len(list(decode_payload(b"\x1e".join([b"4" + b"x" * 15] * 3 + [b"4" + b"x" * 12]), SMALL))) == 4
    with pytest.raises(PayloadTooLargeError):
        next(decode_payload(b"4" + b"x" * 64, SMALL))


def test_the_payload_is_bounded_in_packets() -> None:
    """One packet too many is refused before anything is decoded."""
    assert len(list(decode_payload(b"\x1e".join([b"4"] * 4), SMALL))) == 4
    with pytest.raises(PacketError, match="more than 4 packets"):
        next(decode_payload(b"\x1e".join([b"4"] * 5), SMALL))


def test_each_packet_is_bounded() -> None:
    """A packet of a payload is no longer than one of a frame may be."""
    with pytest.raises(PacketError, match="more than 16 bytes"):
        next(decode_payload(b"4" + b"x" * 16, SMALL))


@given(st.binary(max_size=200) | st.lists(st.sampled_from([b"4", b"b", b"\x1e", b"AA==", b"1"])).map(b"".join))
def test_any_body_has_a_documented_outcome(body: bytes) -> None:
    """Any body is packets within the bounds, or a `PacketError`."""
    packets: list[Packet] = []
    try:
        packets.extend(decode_payload(body, SMALL))
    except PacketError:
        assert len(packets) < SMALL.max_payload_packets
    assert len(packets) <= SMALL.max_payload_packets
    assert all(len(packet.data) <= SMALL.max_packet_bytes for packet in packets)


@given(MESSAGES, st.data())
def test_a_payload_cut_anywhere_has_a_documented_outcome(messages: list[EncodedPacket], data: st.DataObject) -> None:
    """A body that breaks off yields packets that were sent, the last perhaps cut, or a `PacketError`."""
    payload = encode_payload(messages)
    cut = data.draw(st.integers(min_value=0, max_value=len(payload)))
    whole = list(decode_payload(payload, SETTINGS))
    packets: list[Packet] = []
    try:
        packets.extend(decode_payload(payload[:cut], SETTINGS))
    except PacketError:
        assert packets == whole[: len(packets)]
    assert packets[:-1] == whole[: max(len(packets) - 1, 0)]


@given(MESSAGES)
def test_round_trip_with_python_engineio(messages: list[EncodedPacket]) -> None:
    """python-engineio reads what we write, packet for packet, and writes it back to the same bytes."""
    payload = encode_payload(messages)
    packets = list(decode_payload(payload, SETTINGS))
    for start in range(0, len(messages), 16):  # more packets than that the oracle refuses
        chunk = messages[start : start + 16]
        oracle = OraclePayload(encoded_payload=encode_payload(chunk).decode())
        assert [packet.packet_type for packet in oracle.packets] == [4] * len(chunk)
        assert [p.data for p in oracle.packets if p.binary] == [m.frame for m in chunk if m.is_binary]
    assert [p.data if isinstance(p.data, bytes) else b"4" + p.data.encode() for p in packets] == [
        m.frame for m in messages
    ]
