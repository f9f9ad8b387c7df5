"""The answer to a client that offers permessage-deflate (RFC 7692).

| offer                                       | answer                                                             |
|---------------------------------------------|--------------------------------------------------------------------|
| any that can be met                         | ``server_no_context_takeover; client_no_context_takeover``         |
| with ``server_max_window_bits`` of 12 to 15 | the same, and that parameter                                       |
| with one of 8 to 11                         | declined: shared frames may need a window of 4 kB                  |
| with an unknown, repeated or wrong value    | declined                                                           |
| several offers                              | the first that can be met                                          |
| a header that is not well-formed            | no extension; the connection goes on without compression           |

``client_max_window_bits`` is only a hint here: each message of a client is read with the largest window, and none keeps
a window for the next one.
"""

from __future__ import annotations

from collections.abc import Sequence

from websockets.exceptions import InvalidHeader, NegotiationError, ProtocolError
from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import CTRL_OPCODES, Frame, Opcode
from websockets.headers import parse_extension
from websockets.http11 import Request
from websockets.typing import ExtensionParameter

from linkhub_adapters.realtime.hub.wire_format import WINDOW_BITS

_HEADER = "Sec-WebSocket-Extensions"
# After a final block of deflate, zlib keeps what follows: it counts for no limit. A client may send one byte (RFC 7692,
# section 7.2.3.4).
_MAX_UNUSED_BYTES = 16


class SharedDeflate(ServerPerMessageDeflateFactory):
    """Accepts the offers for which frames that are compressed once for all connections can be read."""

    def __init__(self) -> None:
        super().__init__(server_no_context_takeover=True, client_no_context_takeover=True)

    def process_request_params(
        self, params: Sequence[ExtensionParameter], accepted_extensions: Sequence[Extension]
    ) -> tuple[list[ExtensionParameter], PerMessageDeflate]:
        """See ``websockets``: it raises ``NegotiationError`` to decline an offer."""
        answer, extension = super().process_request_params(params, accepted_extensions)
        if extension.local_max_window_bits < WINDOW_BITS:
            raise NegotiationError("a window that is too small")
        return [parameter for parameter in answer if parameter[0] != "client_max_window_bits"], extension


class MessageInflater:
    """The extension of an open connection: it decompresses messages, and takes no memory between two of them."""

    __slots__ = ("_message",)
    name = PerMessageDeflate.name

    def __init__(self) -> None:
        self._message: PerMessageDeflate | None = None

    def decode(self, frame: Frame, *, max_size: int | None = None) -> Frame:
        """See ``websockets``: no more than ``max_size`` bytes are decompressed."""
        if frame.opcode in CTRL_OPCODES:
            return frame
        if frame.rsv1 and frame.opcode is not Opcode.CONT:
            self._message = PerMessageDeflate(True, True, 15, 15)
        message = self._message
        if frame.fin:
            self._message = None
        if message is None:
            return frame
        decoded = message.decode(frame, max_size=max_size)
        if not frame.fin and len(message.decoder.unused_data) > _MAX_UNUSED_BYTES:
            raise ProtocolError("bytes after the end of a compressed message")
        return decoded

    def encode(self, frame: Frame) -> Frame:
        """A connection sends only control frames by itself."""
        return frame


def drop_malformed_offers(request: Request) -> None:
    """Remove a header for which ``websockets`` would refuse the handshake."""
    try:
        for value in request.headers.get_all(_HEADER):
            parse_extension(value)
    except InvalidHeader:
        del request.headers[_HEADER]
