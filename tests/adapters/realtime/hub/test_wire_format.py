"""How events and replies are encoded for each transport, each once."""

from __future__ import annotations

import pytest
from attrs import evolve
from websockets.frames import Frame, Opcode

from linkhub_adapters.realtime.hub.wire_format import (
    EVENT_STREAM,
    PLAIN_WEBSOCKET,
    SOCKETIO_POLLING,
    SOCKETIO_WEBSOCKET,
    WIRE_FORMATS,
    EncodedEvent,
    WireFormat,
    binary_frame,
    stream_record,
    text_frame,
)
from linkhub_core.application.subscriber_session import Reply, subscribed
from linkhub_core.model.announcement import Announcement
from linkhub_core.testing.builders import NOON, a_record
from linkhub_core.wire.announcements import announce
from tests.adapters.realtime.realtime_fixture import an_announcement


def test_a_reply_has_each_form() -> None:
    """Its data is used as it is."""
    reply, data = Reply(event="error", data={"a": 1}), b'{"a":1}'
    assert PLAIN_WEBSOCKET.encode_reply(reply, data) == b'\x81\x20{"event":"error","data":{"a":1}}'
    assert SOCKETIO_WEBSOCKET.encode_reply(reply, data) == b'\x81\x1d42/products,["error",{"a":1}]'
    assert SOCKETIO_POLLING.encode_reply(reply, data).record == b'42/products,["error",{"a":1}]'
    assert EVENT_STREAM.encode_reply(reply, data) == b'event: error\ndata: {"a":1}\n\n'


@pytest.mark.parametrize(
    ("recovered", "cursor", "line"), [(True, "abc", b"id: abc\n"), (True, None, b""), (False, None, b"id: \n")]
)
def test_the_id_of_a_subscription_is_its_cursor(recovered: bool, cursor: str | None, line: bytes) -> None:
    """A browser keeps it; after a loss it forgets the one that it has."""
    reply = subscribed("nalu", recovered=recovered, cursor=cursor, now=NOON)
    assert EVENT_STREAM.encode_reply(reply, b"{}") == line + b"event: subscribed\ndata: {}\n\n"


@pytest.mark.parametrize("wire_format", WIRE_FORMATS, ids=[each.name for each in WIRE_FORMATS])
def test_an_event_is_encoded_once_with_its_cursor_and_once_without(wire_format: WireFormat) -> None:
    """All subscribers of a group get the same object; without a cursor it has no trace of one."""
    counted: list[Announcement] = []

    def counting(announcement: Announcement) -> object:
        counted.append(announcement)
        return wire_format.encode(announcement)

    announcement = announce(evolve(a_record(), cursor="abc"), NOON)
    counting_format, event = evolve(wire_format, encode=counting), EncodedEvent(announcement)
    for with_cursor in (True, False):
        encoding = event.encoding(counting_format, with_cursor=with_cursor)
        assert encoding is event.encoding(counting_format, with_cursor=with_cursor)
    assert len(counted) == 2
    bare = EncodedEvent(announce(a_record(), NOON))
    assert event.encoding(wire_format, with_cursor=False) == bare.encoding(wire_format, with_cursor=True)
    assert bare.encoding(wire_format, with_cursor=False) is bare.encoding(wire_format, with_cursor=True)


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_whole_unmasked_and_of_its_kind(length: int) -> None:
    """Byte for byte what ``websockets`` makes, for each form of the length."""
    data = b"x" * length
    assert text_frame(data) == Frame(Opcode.TEXT, data).serialize(mask=False)
    assert binary_frame(data) == Frame(Opcode.BINARY, data).serialize(mask=False)


@pytest.mark.parametrize("data", [b'{"a":\n1}', b'{"a":\r\n1}', b'{\r"a":1}'])
def test_no_data_breaks_a_record(data: bytes) -> None:
    """JSON of another writer may be in lines: they are joined."""
    assert stream_record("error", data) == b'event: error\ndata: {"a":1}\n\n'


def test_a_record_in_lines_is_a_broadcast_in_one() -> None:
    """Also when the announcement came from elsewhere."""
    announcement = evolve(an_announcement(), event_json=b'{\n"a": 1}')
    assert EVENT_STREAM.encode(announcement).endswith(b'event: new_product\ndata: {"a":1}\n\n')
