"""What a request to the Engine.IO path wants, read from its method and its query alone.

The checks, in this order; the first that fails refuses the request:

| the request                                                | otherwise                       |
|------------------------------------------------------------|---------------------------------|
| has `transport` = `polling` or `websocket`                 | 0 unknown transport             |
| has `EIO` = `4`                                            | 5 unsupported protocol version  |
| has no `sid`, or that of a session which is not over       | 1 unknown sid                   |
| without `sid`: is a GET                                    | 2 bad handshake method          |
| is a WebSocket handshake exactly if `transport` says so    | 3 bad request                   |
| with `sid`, by polling: is a GET or a POST                 | 3 bad request                   |

The session itself refuses a second poll, a poll after the upgrade, and a second upgrade.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum

from attrs import frozen

from linkhub_adapters.realtime.engineio.refusal import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    UNKNOWN_SID,
    UNKNOWN_TRANSPORT,
    UNSUPPORTED_PROTOCOL_VERSION,
    Refusal,
)
from linkhub_adapters.realtime.engineio.session import EngineSession
from linkhub_adapters.realtime.engineio.settings import Transport

__all__ = ["Intent", "SessionRequest", "read_request"]


class Intent(StrEnum):
    """What the shell does with an accepted request."""

    OPEN = "open"  # make a session, and let it speak
    POLL = "poll"
    POST = "post"
    UPGRADE = "upgrade"


@frozen(kw_only=True)
class SessionRequest:
    """An accepted request; `session` is `None` exactly if it opens one."""

    intent: Intent
    transport: Transport
    session: EngineSession | None = None


def read_request(
    method: str,
    query: Mapping[str, str],
    *,
    is_websocket: bool,
    find_session: Callable[[str], EngineSession | None],
) -> SessionRequest | Refusal:
    """Read what a request wants, or why it is refused.

    Args:
        method: the HTTP method, in capitals.
        query: the decoded query; of a repeated parameter, any one value.
        is_websocket: whether the request is a WebSocket handshake.
        find_session: the session of a sid, `None` if there is none.
    """
    transport = _transport(query)
    if isinstance(transport, Refusal):
        return transport
    is_mismatched = is_websocket is not (transport is Transport.WEBSOCKET)
    sid = query.get("sid")
    if not sid:
        return _read_new(method, transport, is_mismatched=is_mismatched)
    session = find_session(sid)
    if session is None or session.is_finished:
        return UNKNOWN_SID
    if is_mismatched:
        return BAD_REQUEST
    return _read_known(method, transport, session)


def _transport(query: Mapping[str, str]) -> Transport | Refusal:
    name = query.get("transport")
    if name not in set(Transport):
        return UNKNOWN_TRANSPORT
    return Transport(name) if query.get("EIO") == "4" else UNSUPPORTED_PROTOCOL_VERSION


def _read_new(method: str, transport: Transport, *, is_mismatched: bool) -> SessionRequest | Refusal:
    if method != "GET":
        return BAD_HANDSHAKE_METHOD
    return BAD_REQUEST if is_mismatched else SessionRequest(intent=Intent.OPEN, transport=transport)


def _read_known(method: str, transport: Transport, session: EngineSession) -> SessionRequest | Refusal:
    match transport, method:
        case Transport.WEBSOCKET, "GET":
            intent = Intent.UPGRADE
        case Transport.POLLING, "GET":
            intent = Intent.POLL
        case Transport.POLLING, "POST":
            intent = Intent.POST
        case _:
            return BAD_REQUEST
    return SessionRequest(intent=intent, transport=transport, session=session)
