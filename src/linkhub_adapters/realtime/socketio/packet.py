"""The packets of Socket.IO 5, as the text of Engine.IO messages.

Theory of operation. The text is, with everything but the type optional:

    type [attachments "-"] [namespace ","] [ack id] [JSON payload]

| type            | payload                                       | ack id    |
|-----------------|-----------------------------------------------|-----------|
| 0 CONNECT       | none, or an object: the client's credentials  | no        |
| 1 DISCONNECT    | none                                          | no        |
| 2 EVENT         | an array, first the event's name              | optional  |
| 3 ACK           | an array                                      | yes       |
| 4 CONNECT_ERROR | text or an object                             | no        |
| 5 BINARY_EVENT  | as EVENT; not decoded                         | optional  |
| 6 BINARY_ACK    | as ACK; not decoded                           | yes       |

Rule 1. Decoding of any text gives a `Packet` or a `PacketError`, and nothing else.
Rule 2. A packet with attachments is recognised by its head alone: its payload has no meaning without them, and they are
        not kept.
Rule 3. A namespace and an ack id have limits, and only characters that can be sent back.
Rule 4. The values of a broadcast are JSON bytes and are not encoded again: an event for ten thousand subscribers costs
        one concatenation. The namespace and the name are checked, because a comma in a namespace, or a reserved name,
        would give another packet.

The format is that of https://github.com/socketio/socket.io-protocol, section "Packet encoding".
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import orjson
from attrs import frozen

MAIN_NAMESPACE: Final = "/"

RESERVED_EVENTS: Final = frozenset(
    {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}
)


class PacketType(StrEnum):
    """The seven types, each by its digit on the wire."""

    CONNECT = "0"
    DISCONNECT = "1"
    EVENT = "2"
    ACK = "3"
    CONNECT_ERROR = "4"
    BINARY_EVENT = "5"
    BINARY_ACK = "6"


class PacketError(ValueError):
    """The peer sent an invalid Socket.IO packet."""


@frozen(kw_only=True)
class Packet:
    """A decoded packet.

    Attributes:
        payload: the decoded JSON; `None` without one, and always for the two binary types.
        attachments: how many binary messages follow.
    """

    type: PacketType
    namespace: str = MAIN_NAMESPACE
    ack_id: int | None = None
    payload: Any = None
    attachments: int = 0


# An ack id of 15 digits is exact in JavaScript and in 64 bits, and is reached by no client that counts its events.
# A namespace excludes control characters and lone surrogates, since it is sent back in a CONNECT_ERROR.
_HEAD: Final = re.compile(
    r"(?:([0-4])|([56])([0-9]{1,3})-)"
    r"(?:(/[^,\x00-\x1f\x7f\ud800-\udfff]{0,127})(?:,|\Z))?"
    r"([0-9]{1,15})?"
)


_NEVER: Final = frozenset({False})
_ALWAYS: Final = frozenset({True})
_EITHER: Final = frozenset({False, True})


def _is_event(payload: Any) -> bool:
    return (
        isinstance(payload, list)
        and bool(payload)
        and isinstance(payload[0], str)
        and payload[0] not in RESERVED_EVENTS
    )


# For each digit: its type, whether it has an ack id, and which payload it may have, `None` being none; of the
# payload of a binary type only the first character is looked at.
_RULES: Final[Mapping[str, tuple[PacketType, frozenset[bool], Callable[[Any], bool]]]] = {
    "0": (PacketType.CONNECT, _NEVER, lambda payload: payload is None or isinstance(payload, dict)),
    "1": (PacketType.DISCONNECT, _NEVER, lambda payload: payload is None),
    "2": (PacketType.EVENT, _EITHER, _is_event),
    "3": (PacketType.ACK, _ALWAYS, lambda payload: isinstance(payload, list)),
    "4": (PacketType.CONNECT_ERROR, _NEVER, lambda payload: isinstance(payload, str | dict)),
    "5": (PacketType.BINARY_EVENT, _EITHER, lambda first: first == "["),
    "6": (PacketType.BINARY_ACK, _ALWAYS, lambda first: first == "["),
}


def decode_packet(text: str) -> Packet:
    """Decode the text of one Engine.IO message.

    Raises:
        PacketError: unknown type, or a part that the type may not have, lacks or cannot read.
    """
    head = _HEAD.match(text)
    if head is None:
        raise PacketError(f"a packet of unknown type {text[:1]!r}")
    digit, binary_digit, attachments, namespace, ack_digits = head.groups()
    packet_type, may_be_acked, is_valid = _RULES[digit or binary_digit]
    if (ack_digits is not None) not in may_be_acked:
        raise PacketError(f"{packet_type.name} with an ack id, or without one, against its rule")
    payload = _decode_payload(text[head.end() :]) if digit else text[head.end() : head.end() + 1]
    if not is_valid(payload):
        raise PacketError(f"{packet_type.name} with the wrong payload")
    return Packet(
        type=packet_type,
        namespace=namespace or MAIN_NAMESPACE,
        ack_id=None if ack_digits is None else int(ack_digits),
        payload=payload if digit else None,
        attachments=int(attachments or 0),
    )


def _decode_payload(text: str) -> Any:
    if not text:
        return None
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise PacketError("a payload that is not JSON") from error
    if payload is None:
        raise PacketError("a payload of null")
    return payload


def encode_event(namespace: str, name: str, data_json: bytes) -> bytes:
    """Encode an event with one argument, once for all its recipients.

    Args:
        namespace: with a slash at its start, and without a comma.
        name: the event's name.
        data_json: its argument, one JSON value; used as it is.

    Raises:
        ValueError: a namespace or a name that the protocol does not allow.
    """
    if name in RESERVED_EVENTS:
        raise ValueError(f"the event name {name!r} is reserved by client libraries")
    return _encode(PacketType.EVENT, namespace, b"[%b,%b]" % (orjson.dumps(name), data_json))


def encode_ack(namespace: str, ack_id: int, data_json: bytes) -> bytes:
    """Encode the acknowledgement of an event, with one argument: a JSON value, used as it is."""
    return _encode(PacketType.ACK, namespace, b"%d[%b]" % (ack_id, data_json))


def encode_connect(namespace: str, sid: str) -> bytes:
    """Encode the answer to an accepted CONNECT; `sid` names the socket, and is public."""
    return _encode(PacketType.CONNECT, namespace, orjson.dumps({"sid": sid}))


def encode_connect_error(namespace: str, message: str) -> bytes:
    """Encode the answer to a refused CONNECT."""
    return _encode(PacketType.CONNECT_ERROR, namespace, orjson.dumps({"message": message}))


def _encode(packet_type: PacketType, namespace: str, payload: bytes) -> bytes:
    if not namespace.startswith("/") or "," in namespace:
        raise ValueError(f"a namespace starts with a slash and has no comma; {namespace!r} does not")
    head = packet_type.value if namespace == MAIN_NAMESPACE else f"{packet_type.value}{namespace},"
    return head.encode("utf-8") + payload
