"""The refusals of an Engine.IO server, by their documented codes.

A refused HTTP request, and a refused WebSocket handshake, is answered with `status` and `body`. Clients show the
message.
"""

from typing import Final

import orjson
from attrs import frozen

__all__ = [
    "BAD_HANDSHAKE_METHOD",
    "BAD_REQUEST",
    "FORBIDDEN",
    "PAYLOAD_TOO_LARGE",
    "UNKNOWN_SID",
    "UNKNOWN_TRANSPORT",
    "UNSUPPORTED_PROTOCOL_VERSION",
    "Refusal",
]


@frozen(kw_only=True)
class Refusal:
    """Why a request was refused.

    Attributes:
        code: the code of the reference server.
        message: its text.
        status: the HTTP status of the answer.
    """

    code: int
    message: str
    status: int = 400

    @property
    def body(self) -> bytes:
        """The answer's body, `application/json`."""
        return orjson.dumps({"code": self.code, "message": self.message})


UNKNOWN_TRANSPORT: Final = Refusal(code=0, message="Transport unknown")
UNKNOWN_SID: Final = Refusal(code=1, message="Session ID unknown")
BAD_HANDSHAKE_METHOD: Final = Refusal(code=2, message="Bad handshake method")
BAD_REQUEST: Final = Refusal(code=3, message="Bad request")
FORBIDDEN: Final = Refusal(code=4, message="Forbidden", status=403)
UNSUPPORTED_PROTOCOL_VERSION: Final = Refusal(code=5, message="Unsupported protocol version")
# The reference server answers 413 with no body; a code is added so that a client's log says more.
PAYLOAD_TOO_LARGE: Final = Refusal(code=3, message="Payload too large", status=413)
