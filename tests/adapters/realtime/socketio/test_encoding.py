"""The bytes that a server sends, and the packets that it refuses to send."""

import pytest

from linkhub_adapters.realtime.engineio import encode_text_message
from linkhub_adapters.realtime.socketio.packet import encode_ack, encode_connect, encode_connect_error, encode_event


@pytest.mark.parametrize(
    ("encoded", "wire"),
    [
        (encode_event("/", "foo", b'{"a":1}'), b'2["foo",{"a":1}]'),
        (encode_event("/products", 'a"b', b"null"), b'2/products,["a\\"b",null]'),
        (encode_ack("/", 12, b'"bar"'), b'312["bar"]'),
        (encode_ack("/products", 0, b"{}"), b"3/products,0[{}]"),
        (encode_connect("/", "x"), b'0{"sid":"x"}'),
        (encode_connect("/products", "x"), b'0/products,{"sid":"x"}'),
        (encode_connect_error("/random", "Invalid namespace"), b'4/random,{"message":"Invalid namespace"}'),
    ],
)
def test_wire(encoded: bytes, wire: bytes) -> None:
    """Each packet as the protocol's text writes it; the main namespace is left out."""
    assert encoded == wire


def test_data_is_used_as_it_is() -> None:
    """JSON that is encoded already is not read again, so that its bytes reach every client unchanged."""
    assert encode_event("/products", "e", b'{ "price" : 1.50 }') == b'2/products,["e",{ "price" : 1.50 }]'


def test_a_broadcast_is_one_encoding() -> None:
    """An event and its Engine.IO packet are made once; frame and payload record are the same bytes."""
    packet = encode_text_message(encode_event("/products", "new_product", b'{"revision":1}'))
    assert packet.frame == b'42/products,["new_product",{"revision":1}]'
    assert packet.record is packet.frame


@pytest.mark.parametrize("namespace", ["", "products", "/a,b"])
def test_namespaces_that_would_be_misread(namespace: str) -> None:
    """A namespace without its slash, or with a comma, is the caller's mistake."""
    with pytest.raises(ValueError, match="namespace"):
        encode_event(namespace, "e", b"{}")


def test_names_that_clients_keep() -> None:
    """A client would treat such an event as malformed and close the connection."""
    with pytest.raises(ValueError, match="reserved"):
        encode_event("/products", "disconnect", b"{}")
