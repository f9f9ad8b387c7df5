"""The forms of an event that concern one viewer; those of a broadcast are in ``test_hub``."""

from __future__ import annotations

import pytest
from attrs import evolve

from linkhub_adapters.realtime.hub.wire_format import (
    EVENT_STREAM,
    PLAIN_WEBSOCKET,
    SOCKETIO_POLLING,
    SOCKETIO_WEBSOCKET,
    stream_record,
)
from tests.adapters.realtime.realtime_fixture import an_announcement


def test_a_message_has_each_form() -> None:
    """Its data is used as it is."""
    assert PLAIN_WEBSOCKET.message("error", b'{"a":1}') == b'\x81\x20{"event":"error","data":{"a":1}}'
    assert SOCKETIO_WEBSOCKET.message("error", b'{"a":1}') == b'\x81\x1d42/products,["error",{"a":1}]'
    assert SOCKETIO_POLLING.message("error", b'{"a":1}').record == b'42/products,["error",{"a":1}]'
    assert EVENT_STREAM.message("error", b'{"a":1}') == b'event: error\ndata: {"a":1}\n\n'


@pytest.mark.parametrize("data", [b'{"a":\n1}', b'{"a":\r\n1}', b'{\r"a":1}'])
def test_no_data_breaks_a_record(data: bytes) -> None:
    """JSON of another writer may be in lines: they are joined."""
    assert stream_record("error", data) == b'event: error\ndata: {"a":1}\n\n'


def test_a_record_in_lines_is_a_broadcast_in_one() -> None:
    """Also when the announcement came from elsewhere."""
    announcement = evolve(an_announcement(), event_json=b'{\n"a": 1}')
    assert EVENT_STREAM.encode(announcement).endswith(b'event: new_product\ndata: {"a":1}\n\n')
