"""The four forms of an event, one a transport: each is made once for a broadcast and shared by all who get it.

| dialect             | what is handed to a viewer's ``write``                                   |
|---------------------|--------------------------------------------------------------------------|
| plain WebSocket     | a text frame that holds ``{"event": ..., "data": ...}``                  |
| Socket.IO WebSocket | a text frame that holds an Engine.IO message with a Socket.IO event      |
| Socket.IO polling   | that message as an :class:`~.engineio.EncodedPacket`, to wait for a poll |
| Server-Sent Events  | a record of ``id``, ``event`` and ``data``                               |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from attrs import frozen

from linkhub_adapters.realtime.engineio import EncodedPacket, encode_text_message
from linkhub_adapters.realtime.hub.frame import text_frame
from linkhub_adapters.realtime.socketio import encode_event
from linkhub_core.model.announcement import Announcement

__all__ = [
    "EVENT_STREAM",
    "NAMESPACE",
    "PLAIN_WEBSOCKET",
    "SOCKETIO_POLLING",
    "SOCKETIO_WEBSOCKET",
    "WIRE_FORMATS",
    "WireFormat",
    "plain_message",
    "socketio_message",
    "stream_record",
]

NAMESPACE: Final = "/products"


@frozen(eq=False, kw_only=True)
class WireFormat:
    """A form of events.

    Attributes:
        name: the transport, as statistics show it.
        encode: makes of an announcement what ``write`` takes, once for all viewers of this form.
        message: makes the same of an event for one viewer: its name, and its data as JSON.
        joins: whether several of them, one after the other, are again what ``write`` takes: bytes are.
    """

    name: str
    encode: Callable[[Announcement], Any]
    message: Callable[[str, bytes], Any]
    joins: bool = True


def plain_message(event: str, data_json: bytes) -> bytes:
    """An event as a frame of the plain WebSocket; ``data_json`` is used as it is."""
    return text_frame(b'{"event":%b,"data":%b}' % (orjson.dumps(event), data_json))


def socketio_message(event: str, data_json: bytes) -> EncodedPacket:
    """An event as an Engine.IO packet; ``data_json`` is used as it is."""
    return encode_text_message(encode_event(NAMESPACE, event, data_json))


def stream_record(event: str, data_json: bytes, event_id: str | None = None) -> bytes:
    """An event as a record of an event stream.

    Args:
        event: its name.
        data_json: its data; a line break in it, which only another writer's JSON can have, is taken out.
        event_id: what a client that comes back sends as ``Last-Event-ID``; none leaves that as it was.
    """
    if b"\n" in data_json or b"\r" in data_json:
        data_json = orjson.dumps(orjson.loads(data_json))
    head = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (head, event.encode(), data_json)


def _plain(announcement: Announcement) -> bytes:
    return plain_message(announcement.event_type, announcement.event_json)


def _socketio_packet(announcement: Announcement) -> EncodedPacket:
    return socketio_message(announcement.event_type, announcement.event_json)


def _socketio_frame(announcement: Announcement) -> bytes:
    return text_frame(_socketio_packet(announcement).frame)


def _socketio_framed_message(event: str, data_json: bytes) -> bytes:
    return text_frame(socketio_message(event, data_json).frame)


def _record(announcement: Announcement) -> bytes:
    return stream_record(announcement.event_type, announcement.event_json, announcement.event_id)


PLAIN_WEBSOCKET: Final = WireFormat(name="websocket", encode=_plain, message=plain_message)
SOCKETIO_WEBSOCKET: Final = WireFormat(
    name="socket.io websocket", encode=_socketio_frame, message=_socketio_framed_message
)
SOCKETIO_POLLING: Final = WireFormat(
    name="socket.io polling", encode=_socketio_packet, message=socketio_message, joins=False
)
EVENT_STREAM: Final = WireFormat(name="sse", encode=_record, message=stream_record)
WIRE_FORMATS: Final = (PLAIN_WEBSOCKET, SOCKETIO_WEBSOCKET, SOCKETIO_POLLING, EVENT_STREAM)
