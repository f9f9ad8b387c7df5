"""How an event is written to each transport: encoded once for a broadcast, and shared by all subscribers that get it.

| wire format         | a subscriber's ``write`` takes                                           |
|---------------------|--------------------------------------------------------------------------|
| plain WebSocket     | a text frame that holds ``{"event": ..., "data": ...}``                  |
| Socket.IO WebSocket | a text frame that holds an Engine.IO message with a Socket.IO event      |
| Socket.IO polling   | that message as an :class:`~.engineio.EncodedPacket`, to wait for a poll |
| Server-Sent Events  | a record of ``id``, ``event`` and ``data``; the ``id`` is the cursor     |

Frames of a server are not masked, so the bytes of one frame serve every recipient. For the same reason a compressed
frame (permessage-deflate, RFC 7692) refers to no frame before it: it is compressed once, for all connections that
negotiated the extension. Compressing takes about 45 us an event and format, as much as 20 to 30 deliveries. It is done
for any number of subscribers: an event costs ten times that before it is here, and a reader on a phone saves three
quarters of its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from attrs import define, field, frozen
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode

from linkhub_adapters.realtime.engineio import EncodedPacket, encode_text_message
from linkhub_adapters.realtime.socketio import encode_event
from linkhub_core.application.subscriber_session import Reply
from linkhub_core.model.announcement import Announcement
from linkhub_core.wire.announcements import without_cursor
from linkhub_core.wire.content_encoding import MIN_COMPRESSED_BYTES

NAMESPACE: Final = "/products"
WINDOW_BITS: Final = 12
# A window and tables of 4 and 16 kB: an event of 2.3 kB needs no larger ones, and each event fills them again.
_DEFLATE: Final = (PerMessageDeflate(True, True, 15, WINDOW_BITS, {"level": 6, "memLevel": 5}),)


@frozen(eq=False, kw_only=True)
class WireFormat:
    """A form of events.

    Attributes:
        name: the transport, as statistics show it.
        encode: makes of an announcement what ``write`` takes.
        encode_reply: makes the same of a reply to one subscriber; the second argument is its data as JSON.
        joins: whether several encodings, one after the other, are again what ``write`` takes.
        compressed: the same form for connections that negotiated compression.
    """

    name: str
    encode: Callable[[Announcement], Any]
    encode_reply: Callable[[Reply, bytes], Any]
    joins: bool = True
    compressed: WireFormat | None = None


@define(eq=False)
class EncodedEvent:
    """An announcement and its encodings, each made when it is first used."""

    announcement: Announcement
    _encodings: dict[tuple[WireFormat, bool], Any] = field(factory=dict)

    def encoding(self, wire_format: WireFormat, *, with_cursor: bool) -> Any:
        """What ``write`` of a subscriber takes; without the cursor where its channel must not see one."""
        key = (wire_format, with_cursor or self.announcement.cursor is None)
        encoding = self._encodings.get(key)
        if encoding is None:
            announcement = self.announcement if key[1] else without_cursor(self.announcement)
            encoding = self._encodings[key] = wire_format.encode(announcement)
        return encoding


def text_frame(text: bytes) -> bytes:
    """The bytes of one WebSocket text frame; ``text`` is UTF-8."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


def compressed_frame(text: bytes) -> bytes:
    """The same, compressed unless it is small; it can be read with a window of 2 ** :data:`WINDOW_BITS` bytes."""
    is_small = len(text) < MIN_COMPRESSED_BYTES
    return Frame(Opcode.TEXT, text).serialize(mask=False, extensions=() if is_small else _DEFLATE)


def binary_frame(data: bytes) -> bytes:
    """The bytes of one WebSocket binary frame."""
    return Frame(Opcode.BINARY, data).serialize(mask=False)


def stream_record(event: str, data_json: bytes, event_id: str | None = None) -> bytes:
    """An event as a record of an event stream.

    Args:
        event: its name.
        data_json: its data; a line break in it, which only the JSON of another writer can have, is removed.
        event_id: what a client that returns sends as ``Last-Event-ID``. Empty: it forgets the one that it has; None: it
            keeps that one.
    """
    if b"\n" in data_json or b"\r" in data_json:
        data_json = orjson.dumps(orjson.loads(data_json))
    head = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (head, event.encode(), data_json)


def _plain(event: str, data_json: bytes) -> bytes:
    return b'{"event":%b,"data":%b}' % (orjson.dumps(event), data_json)


def _packet(event: str, data_json: bytes) -> EncodedPacket:
    return encode_text_message(encode_event(NAMESPACE, event, data_json))


def _frame_of_packet(event: str, data_json: bytes) -> bytes:
    return _packet(event, data_json).frame


def _record(announcement: Announcement) -> bytes:
    return stream_record(announcement.event_type, announcement.event_json, announcement.cursor)


def _reply_record(reply: Reply, data_json: bytes) -> bytes:
    event_id = "" if reply.data.get("recovered") is False else reply.data.get("cursor")
    return stream_record(reply.event, data_json, event_id)


def _wire_format(name: str, encode: Callable[[str, bytes], Any], **options: Any) -> WireFormat:
    return WireFormat(
        name=name,
        encode=lambda announcement: encode(announcement.event_type, announcement.event_json),
        encode_reply=lambda reply, data_json: encode(reply.event, data_json),
        **options,
    )


def _framed(name: str, message: Callable[[str, bytes], bytes]) -> WireFormat:
    compressed = _wire_format(name, lambda event, data_json: compressed_frame(message(event, data_json)))
    return _wire_format(name, lambda event, data_json: text_frame(message(event, data_json)), compressed=compressed)


PLAIN_WEBSOCKET: Final = _framed("websocket", _plain)
SOCKETIO_WEBSOCKET: Final = _framed("socket.io websocket", _frame_of_packet)
SOCKETIO_POLLING: Final = _wire_format("socket.io polling", _packet, joins=False)
EVENT_STREAM: Final = WireFormat(name="sse", encode=_record, encode_reply=_reply_record)
WIRE_FORMATS: Final = (PLAIN_WEBSOCKET, SOCKETIO_WEBSOCKET, SOCKETIO_POLLING, EVENT_STREAM)
