"""The packets that a server sends, as UTF-8 of Engine.IO messages.

Theory of operation. The values of a broadcast are JSON bytes and are not encoded again: an event for ten thousand
subscribers costs one concatenation. The namespace and the name are checked, because a comma in a namespace, or a
reserved name, would give another packet.
"""

from typing import Final

import orjson

from linkhub_adapters.realtime.socketio.packet import MAIN_NAMESPACE, RESERVED_EVENTS, PacketType

__all__ = [
    "encode_ack",
    "encode_connect",
    "encode_connect_error",
    "encode_disconnect",
    "encode_event",
]

_NO_PAYLOAD: Final = b""


def encode_event(namespace: str, name: str, data_json: bytes) -> bytes:
    """Encode an event with one argument, once for all its recipients.

    Args:
        name: the event's name.
        data_json: its argument, one JSON value; used as it is.

    Raises:
        ValueError: a namespace or a name that the protocol does not allow.
    """
    if name in RESERVED_EVENTS:
        raise ValueError(f"the event name {name!r} is reserved by client libraries")
    return _encode(PacketType.EVENT, namespace, b"[%b,%b]" % (orjson.dumps(name), data_json))


def encode_ack(namespace: str, ack_id: int, data_json: bytes) -> bytes:
    """Encode the acknowledgement of an event, with one argument.

    Args:
        ack_id: that of the event.
        data_json: the argument, one JSON value; used as it is.

    Raises:
        ValueError: a namespace that the protocol does not allow.
    """
    return _encode(PacketType.ACK, namespace, b"%d[%b]" % (ack_id, data_json))


def encode_connect(namespace: str, sid: str) -> bytes:
    """Encode the answer to an accepted CONNECT; `sid` names the socket, and is public.

    Raises:
        ValueError: a namespace that the protocol does not allow.
    """
    return _encode(PacketType.CONNECT, namespace, orjson.dumps({"sid": sid}))


def encode_connect_error(namespace: str, message: str) -> bytes:
    """Encode the answer to a refused CONNECT.

    Raises:
        ValueError: a namespace that the protocol does not allow.
    """
    return _encode(PacketType.CONNECT_ERROR, namespace, orjson.dumps({"message": message}))


def encode_disconnect(namespace: str) -> bytes:
    """Encode the server's leaving of a namespace.

    Raises:
        ValueError: a namespace that the protocol does not allow.
    """
    return _encode(PacketType.DISCONNECT, namespace, _NO_PAYLOAD)


def _encode(packet_type: PacketType, namespace: str, payload: bytes) -> bytes:
    if not namespace.startswith("/") or "," in namespace:
        raise ValueError(f"a namespace starts with a slash and has no comma; {namespace!r} does not")
    head = packet_type.value if namespace == MAIN_NAMESPACE else f"{packet_type.value}{namespace},"
    return head.encode("utf-8") + payload
