"""The intent of a request to the Engine.IO path, read from its method and its query alone.

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
from typing import Final

from attrs import frozen

from linkhub_adapters.realtime.engineio.events import (
    BAD_HANDSHAKE_METHOD,
    BAD_REQUEST,
    UNKNOWN_SID,
    UNKNOWN_TRANSPORT,
    UNSUPPORTED_PROTOCOL_VERSION,
    Refusal,
)
from linkhub_adapters.realtime.engineio.session import EngineSession
from linkhub_adapters.realtime.engineio.settings import Transport


class Intent(StrEnum):
    """What the shell does with an accepted request."""

    OPEN = "open"  # make a session, and let it speak
    POLL = "poll"
    POST = "post"
    UPGRADE = "upgrade"


# By whether the request has a session, its transport, and its method.
_INTENTS: Final[Mapping[tuple[bool, Transport, str], Intent]] = {
    (False, Transport.POLLING, "GET"): Intent.OPEN,
    (False, Transport.WEBSOCKET, "GET"): Intent.OPEN,
    (True, Transport.POLLING, "GET"): Intent.POLL,
    (True, Transport.POLLING, "POST"): Intent.POST,
    (True, Transport.WEBSOCKET, "GET"): Intent.UPGRADE,
}


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
    """Read an accepted request, or its refusal.

    Args:
        method: the HTTP method, in capitals.
        query: the decoded query; of a repeated parameter, any one value.
        is_websocket: whether the request is a WebSocket handshake.
        find_session: the session of a sid, `None` if there is none.
    """
    name = query.get("transport")
    if name not in set(Transport):
        return UNKNOWN_TRANSPORT
    if query.get("EIO") != "4":
        return UNSUPPORTED_PROTOCOL_VERSION
    transport, session = Transport(name), None
    if sid := query.get("sid"):
        session = find_session(sid)
        if session is None or session.is_finished:
            return UNKNOWN_SID
    elif method != "GET":
        return BAD_HANDSHAKE_METHOD
    intent = _INTENTS.get((session is not None, transport, method))
    if intent is None or is_websocket is not (transport is Transport.WEBSOCKET):
        return BAD_REQUEST
    return SessionRequest(intent=intent, transport=transport, session=session)
