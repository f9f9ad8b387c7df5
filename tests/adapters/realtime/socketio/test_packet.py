"""Packets: the documented examples, every malformed one refused, bounds, and python-socketio as the oracle."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from socketio.packet import Packet as OraclePacket

from linkhub_adapters.realtime.socketio.packet import (
    Packet,
    PacketError,
    PacketType,
    decode_packet,
    encode_ack,
    encode_connect,
    encode_connect_error,
    encode_event,
)

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))  # lone surrogates included
ALMOST_PACKETS = st.lists(
    st.sampled_from([*"0123456789", "-", "/", "/products", ",", "[", "]", '["a"]', "{}", '"a"', "null", "\x1e"]),
    max_size=8,
).map("".join)
NAMESPACES = st.from_regex(r"/[a-zA-Z0-9_.~-]{0,20}", fullmatch=True)
ACK_IDS = st.integers(min_value=0, max_value=10**15 - 1)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**53), max_value=2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(codec="utf-8")),
    lambda values: st.lists(values) | st.dictionaries(st.text(alphabet=st.characters(codec="utf-8")), values),
    max_leaves=10,
)
NAMES = st.text(alphabet=st.characters(codec="utf-8")).map("e".__add__)


@pytest.mark.parametrize(
    ("text", "packet"),
    [
        ("0", Packet(type=PacketType.CONNECT)),
        ("0/", Packet(type=PacketType.CONNECT)),
        ("0/admin", Packet(type=PacketType.CONNECT, namespace="/admin")),
        ("0/admin,", Packet(type=PacketType.CONNECT, namespace="/admin")),
        ('0{"token":"123"}', Packet(type=PacketType.CONNECT, payload={"token": "123"})),
        (
            '0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"}',
            Packet(type=PacketType.CONNECT, namespace="/admin", payload={"sid": "oSO0OpakMV_3jnilAAAA"}),
        ),
        (
            '4{"message":"Not authorized"}',
            Packet(type=PacketType.CONNECT_ERROR, payload={"message": "Not authorized"}),
        ),
        ('4"no"', Packet(type=PacketType.CONNECT_ERROR, payload="no")),
        ('2["foo"]', Packet(type=PacketType.EVENT, payload=["foo"])),
        ('2/admin,["bar"]', Packet(type=PacketType.EVENT, namespace="/admin", payload=["bar"])),
        ('212["foo"]', Packet(type=PacketType.EVENT, ack_id=12, payload=["foo"])),
        ('20["foo"]', Packet(type=PacketType.EVENT, ack_id=0, payload=["foo"])),
        ('2["4-2",{"/":","}]', Packet(type=PacketType.EVENT, payload=["4-2", {"/": ","}])),
        ('3/admin,13["bar"]', Packet(type=PacketType.ACK, namespace="/admin", ack_id=13, payload=["bar"])),
        ("31[]", Packet(type=PacketType.ACK, ack_id=1, payload=[])),
        ("1", Packet(type=PacketType.DISCONNECT)),
        ("1/admin,", Packet(type=PacketType.DISCONNECT, namespace="/admin")),
        ('51-["baz",{"_placeholder":true,"num":0}]', Packet(type=PacketType.BINARY_EVENT, attachments=1)),
        (
            '52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
            Packet(type=PacketType.BINARY_EVENT, namespace="/admin", attachments=2),
        ),
        (
            '61-15["bar",{"_placeholder":true,"num":0}]',
            Packet(type=PacketType.BINARY_ACK, ack_id=15, attachments=1),
        ),
    ],
)
def test_documented_packets(text: str, packet: Packet) -> None:
    """The examples of the protocol's text, and their neighbours, decode as it says."""
    assert decode_packet(text) == packet


@pytest.mark.parametrize(
    "text",
    [
        # no type, or none of ours
        *("", "abc", "7", "-", "٢[]", "\ud800"),
        # payloads that the type may not have, or lacks
        *("0[]", '0"a"', "01", "0null", "1{}", "1[]", "11", "2", "2{}", "2[]", "2[1]", "2[null]", '2"a"', "2null"),
        *("3", "3[]", "31", "31{}", '31"a"', "4", "4[]", "41", "2/admin", "2/admin,"),
        # names that clients keep for themselves
        *(f'2["{name}"]' for name in ("connect", "connect_error", "disconnect", "disconnecting")),
        *(f'2["{name}"]' for name in ("newListener", "removeListener")),
        # JSON that is none
        *("2[", '2["a"', '2["a"]]', "2[NaN]", '2["a",Infinity]', '2["\ud800"]', '2["\x1e"]', '2["a"]\x00'),
        # ack ids that are none, or too long
        *('2abc["a"]', '2-1["a"]', '21.5["a"]', '2٣["a"]', '21234567890123456["a"]', "3a[]"),
        # namespaces that are none, too long, or could not be sent back
        *('2admin,["a"]', f"0/{'n' * 128}", "0/a\x1eb,", "0/a\nb", "0/\x7f", "0/\ud800", "0/a\n"),
        # attachments that are none
        *("5[]", "5-[]", "5a-[]", "51[]", "51-", "51-{}", "51-7", "51234-[]", "5٣-[]", "61-[]", "51-/a\x00,[]"),
        f'51-/{"n" * 128},["a"]',
    ],
)
def test_malformed_packets(text: str) -> None:
    """A packet that breaks the grammar or the rule of its type is refused."""
    with pytest.raises(PacketError):
        decode_packet(text)


def test_json_that_is_too_deep_is_refused() -> None:
    """And not an error of the machine."""
    with pytest.raises(PacketError):
        decode_packet('2["a",' + "[" * 30_000)


@given(ANY_TEXT | ALMOST_PACKETS)
def test_any_text_has_a_documented_outcome(text: str) -> None:
    """Any message is a packet whose parts can be sent back, or a `PacketError`."""
    try:
        packet = decode_packet(text)
    except PacketError:
        return
    assert b"\x1e" not in encode_connect_error(packet.namespace, "Invalid namespace")
    assert packet.ack_id is None or 0 <= packet.ack_id < 10**15
    assert 0 <= packet.attachments < 1000


@given(NAMESPACES, NAMES, JSON_VALUES, st.data())
def test_an_event_cut_anywhere_is_refused(namespace: str, name: str, value: Any, data: st.DataObject) -> None:
    """No beginning of an event is another event."""
    text = encode_event(namespace, name, orjson.dumps(value)).decode()
    cut = data.draw(st.integers(min_value=0, max_value=len(text) - 1))
    with pytest.raises(PacketError):
        decode_packet(text[:cut])


@given(NAMESPACES, NAMES, JSON_VALUES, ACK_IDS)
def test_round_trips(namespace: str, name: str, value: Any, ack_id: int) -> None:
    """What a server sends decodes to what it meant, and never holds a record separator."""
    value_json = orjson.dumps(value)
    wires = {
        encode_event(namespace, name, value_json): (PacketType.EVENT, None, [name, value]),
        encode_ack(namespace, ack_id, value_json): (PacketType.ACK, ack_id, [value]),
        encode_connect(namespace, name): (PacketType.CONNECT, None, {"sid": name}),
        encode_connect_error(namespace, name): (PacketType.CONNECT_ERROR, None, {"message": name}),
    }
    for wire, (packet_type, expected_id, payload) in wires.items():
        assert b"\x1e" not in wire
        assert decode_packet(wire.decode()) == Packet(
            type=packet_type, namespace=namespace, ack_id=expected_id, payload=payload
        )


@given(NAMESPACES, NAMES, JSON_VALUES, ACK_IDS)
@example("/", "e", 1, 0)
def test_python_socketio_reads_what_we_write(namespace: str, name: str, value: Any, ack_id: int) -> None:
    """python-socketio, given our packets, reads the same type, namespace, ack id and payload."""
    value_json = orjson.dumps(value)
    for wire in (encode_event(namespace, name, value_json), encode_ack(namespace, ack_id, value_json)):
        ours, oracle = decode_packet(wire.decode()), OraclePacket(encoded_packet=wire.decode())
        assert (str(oracle.packet_type), oracle.namespace or "/", oracle.id, oracle.data) == (
            ours.type.value,
            ours.namespace,
            ours.ack_id,
            ours.payload,
        )


@given(NAMESPACES, NAMES, JSON_VALUES, st.none() | ACK_IDS)
def test_python_socketio_writes_what_we_read(namespace: str, name: str, value: Any, ack_id: int | None) -> None:
    """We read python-socketio's events to what it was given."""
    wire = OraclePacket(2, data=[name, value], namespace=namespace, id=ack_id).encode()
    assert decode_packet(wire) == Packet(
        type=PacketType.EVENT, namespace=namespace, ack_id=ack_id, payload=json.loads(json.dumps([name, value]))
    )


@given(NAMESPACES, st.lists(st.binary(), min_size=1, max_size=5), st.none() | ACK_IDS)
def test_python_socketio_attachments_are_counted(namespace: str, attachments: list[bytes], ack_id: int | None) -> None:
    """Of python-socketio's binary events we read how many attachments follow, and nothing of them."""
    head, *following = OraclePacket(2, data=["e", *attachments], namespace=namespace, id=ack_id).encode()
    packet = decode_packet(head)
    assert packet == Packet(
        type=PacketType.BINARY_EVENT, namespace=namespace, ack_id=ack_id, attachments=len(following)
    )
