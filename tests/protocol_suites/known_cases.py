"""The runs, and for each the cases that do not pass there, by title, with the reason: data.

| kind           | the case                                                          |
|----------------|-------------------------------------------------------------------|
| not supported  | uses a part of the protocol that linkhub does not have            |
| not applicable | expects an application that sends back what it gets               |

A case that is listed and passes all the same fails the run, as does one that the suite no longer has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs

from tests.protocol_suites.server import EngineEcho, MakeClient, SocketEcho
from tests.protocol_suites.suites import ENGINE_IO, SOCKET_IO, Suite
from tests.protocol_suites.verdict import NOT_APPLICABLE, NOT_SUPPORTED, Reason


@attrs.frozen(kw_only=True)
class Run:
    """One suite against one server.

    Attributes:
        suite: which suite.
        against: the server, in words.
        make_client: see :func:`~.server.running`.
        reasons: by title, why a case does not pass.
    """

    suite: Suite
    against: str
    make_client: MakeClient | None
    reasons: Mapping[str, Reason]


_NO_ECHO = Reason(
    NOT_APPLICABLE, "linkhub has its own events, and closes a connection whose messages are not Socket.IO"
)
_NAMESPACE = Reason(NOT_SUPPORTED, "linkhub has one namespace, /products; a client of another one is refused")
_NO_BINARY = Reason(NOT_SUPPORTED, "linkhub has no binary events: an error answers them, and the connection goes on")

_ECHOED_ENGINE_IO = {
    "message HTTP long-polling sends and receives a payload containing one plain text packet": _NO_ECHO,
    "message HTTP long-polling sends and receives a payload containing several plain text packets": _NO_ECHO,
    "message HTTP long-polling sends and receives a payload containing plain text and binary packets": _NO_ECHO,
    "message WebSocket sends and receives a plain text packet": _NO_ECHO,
    "message WebSocket sends and receives a binary packet": _NO_ECHO,
    "upgrade successfully upgrades from HTTP long-polling to WebSocket": _NO_ECHO,
    "upgrade ignores HTTP requests with same sid after upgrade": _NO_ECHO,
    "upgrade ignores WebSocket connection with same sid after upgrade": _NO_ECHO,
}
_BINARY_SOCKET_IO = {
    "message should send a packet with binary attachments": _NO_BINARY,
    "message should send a packet with binary attachments and an ack": _NO_BINARY,
}
_OTHER_SOCKET_IO = {
    "connect should allow connection to the main namespace": _NAMESPACE,
    "connect should allow connection to the main namespace with a payload": _NAMESPACE,
    "connect should allow connection to a custom namespace": _NAMESPACE,
    "connect should allow connection to a custom namespace with a payload": _NAMESPACE,
    "disconnect should disconnect from the main namespace": _NAMESPACE,
    "disconnect should connect then disconnect from a custom namespace": _NAMESPACE,
    "message should send a plain-text packet": _NAMESPACE,
    "message should send a plain-text packet with an ack": _NAMESPACE,
}


def _of(group: str, reasons: Mapping[str, Reason]) -> Mapping[str, Reason]:
    return {f"{group} {title}": reason for title, reason in reasons.items()}


RUNS: Sequence[Run] = (
    Run(
        suite=ENGINE_IO,
        against="linkhub as it serves",
        make_client=None,
        reasons=_of("Engine.IO protocol", _ECHOED_ENGINE_IO),
    ),
    Run(suite=ENGINE_IO, against="linkhub's transports under an echo", make_client=EngineEcho, reasons={}),
    Run(
        suite=SOCKET_IO,
        against="linkhub as it serves",
        make_client=None,
        reasons=_of("Socket.IO protocol", {**_OTHER_SOCKET_IO, **_BINARY_SOCKET_IO}),
    ),
    Run(
        suite=SOCKET_IO,
        against="linkhub's transports under an echo",
        make_client=SocketEcho,
        reasons=_of("Socket.IO protocol", _BINARY_SOCKET_IO),
    ),
)
