"""The events of a session for its shell: past-tense values, in their order."""

from enum import StrEnum

from attrs import frozen

__all__ = ["CloseReason", "Closed", "Event", "MessageReceived", "UpgradeFailed", "Upgraded"]


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
