"""WebSocket frames as a server sends them: unmasked, so that one frame's bytes serve every recipient."""

from __future__ import annotations

from websockets.frames import Frame, Opcode

__all__ = ["binary_frame", "text_frame"]


def text_frame(text: bytes) -> bytes:
    """The bytes of one text frame.

    Args:
        text: UTF-8.
    """
    return Frame(Opcode.TEXT, text).serialize(mask=False)


def binary_frame(data: bytes) -> bytes:
    """The bytes of one binary frame."""
    return Frame(Opcode.BINARY, data).serialize(mask=False)
