"""What a session gives to its shell: events, past-tense values in their order, and refusals by their documented codes.

A refused HTTP request, and a refused WebSocket handshake, is answered with the `status` and `body` of its refusal.
Clients show the message.
"""

from enum import StrEnum
from typing import Final

import orjson
from attrs import frozen


class CloseReason(StrEnum):
    """Why a session ended; the wording is the reference server's where it has the case."""

    CLIENT_CLOSE = "client close"
    SERVER_CLOSE = "forced server close"
    PING_TIMEOUT = "ping timeout"
    PARSE_ERROR = "parse error"
    REQUEST_OVERLAP = "overlap from client"
    TRANSPORT_CLOSE = "transport close"
    SLOW_READER = "slow reader"


@frozen(kw_only=True)
class MessageReceived:
    """The client sent a message: text, or `bytes` for a binary one."""

    data: str | bytes


@frozen(kw_only=True)
class Upgraded:
    """The session has moved from polling to the WebSocket; its waiting packets are in `frames_to_send`."""


@frozen(kw_only=True)
class UpgradeFailed:
    """The upgrade's WebSocket must be closed; the session continues by polling."""

    reason: str


@frozen(kw_only=True)
class Closed:
    """The session is over: send the remaining packets, then close its WebSocket, if it has one. No event follows."""

    reason: CloseReason


Event = MessageReceived | Upgraded | UpgradeFailed | Closed


@frozen(kw_only=True)
class Refusal:
    """A refused request, with the code and the text of the reference server."""

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


@frozen(kw_only=True)
class Handled:
    """The result of an HTTP request.

    Attributes:
        events: in order; the shell acts on them even if the request is refused.
        refusal: the request's answer, or `None` if it is taken: a poll hangs, a POST is answered with `ok`.
    """

    events: tuple[Event, ...] = ()
    refusal: Refusal | None = None
