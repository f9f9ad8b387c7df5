"""Frames as a server sends them."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from linkhub_adapters.realtime.hub.wire_format import binary_frame, text_frame


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_frame_is_whole_unmasked_and_of_its_kind(length: int) -> None:
    """Byte for byte what ``websockets`` makes, for each form of the length."""
    data = b"x" * length
    assert text_frame(data) == Frame(Opcode.TEXT, data).serialize(mask=False)
    assert binary_frame(data) == Frame(Opcode.BINARY, data).serialize(mask=False)
    assert text_frame(data)[:1] == b"\x81"
    assert binary_frame(data)[:1] == b"\x82"
    assert text_frame(data).endswith(data)
