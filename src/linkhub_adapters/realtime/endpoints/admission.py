"""Who may connect: one decision for WebSockets, polling sessions and event streams.

The checks, in this order; the first that fails refuses the client:

| reason   | status | when                                                                           |
|----------|--------|--------------------------------------------------------------------------------|
| DRAINING | 503    | the process stops                                                              |
| CAPACITY | 503    | ``max_connections`` of the transport are open                                  |
| ORIGIN   | 403    | pages of this origin may not connect; see :mod:`linkhub_core.access`           |
| ADDRESS  | 429    | ``max_connections_per_address`` of the transport are open from this address    |

Each refusal is counted by its reason. Only refused origins are logged: the operator can allow them by a setting.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from attrs import Factory, define, field

from linkhub_adapters.realtime.counters import Counters, RefusalReason
from linkhub_adapters.realtime.settings import RealtimeSettings
from linkhub_core.access import Caller, RefusedCaller

REFUSAL_STATUS: Final[Mapping[RefusalReason, HTTPStatus]] = {
    RefusalReason.DRAINING: HTTPStatus.SERVICE_UNAVAILABLE,
    RefusalReason.CAPACITY: HTTPStatus.SERVICE_UNAVAILABLE,
    RefusalReason.ORIGIN: HTTPStatus.FORBIDDEN,
    RefusalReason.ADDRESS: HTTPStatus.TOO_MANY_REQUESTS,
    RefusalReason.PATH: HTTPStatus.NOT_FOUND,
}
"""The HTTP status of each refusal, also of a path without an endpoint."""


class TransportKind(StrEnum):
    """The transports, each with its own count of connections; the values are those of the log."""

    WEBSOCKET = "websocket"
    POLLING = "polling"
    EVENT_STREAM = "event stream"


@define(eq=False, kw_only=True)
class Admission:
    """Admits clients for all transports of a process.

    Args:
        settings: the limits and the access policy.
        counters: where refusals are counted; the hub's.
        refused: called for each client whose origin is refused.

    Attributes:
        is_draining: set when the first transport closes; all of them refuse from then on.
        by_address: the open connections of each transport and address.
    """

    settings: RealtimeSettings = Factory(RealtimeSettings)
    counters: Counters = Factory(Counters)
    refused: Callable[[RefusedCaller], None] = lambda _: None
    is_draining: bool = field(default=False, init=False)
    by_address: Counter[tuple[TransportKind, str]] = field(factory=Counter, init=False)

    def decide(self, kind: TransportKind, caller: Caller, open_count: int) -> RefusalReason | None:
        """Decide on a client and count a refusal.

        Args:
            kind: the transport.
            caller: the client.
            open_count: the open connections of this transport, without this one.

        Returns:
            The reason of a refusal; None if the client is admitted.
        """
        if self.is_draining:
            return self._refuse(RefusalReason.DRAINING)
        if open_count >= self.settings.max_connections:
            return self._refuse(RefusalReason.CAPACITY)
        if (reason := self.decide_origin(kind, caller)) is not None:
            return reason
        if self.by_address[kind, caller.address] >= self.settings.max_connections_per_address:
            return self._refuse(RefusalReason.ADDRESS)
        return None

    def decide_origin(self, kind: TransportKind, caller: Caller) -> RefusalReason | None:
        """Decide on the origin alone: each request of a polling session has one."""
        if caller.is_allowed:
            return None
        self.refused(RefusedCaller(caller=caller, asked_for=kind))
        return self._refuse(RefusalReason.ORIGIN)

    def _refuse(self, reason: RefusalReason) -> RefusalReason:
        self.counters.refused[reason] += 1
        return reason

    def enter(self, kind: TransportKind, address: str) -> None:
        """Count a connection for its address; an empty address is not counted."""
        if address:
            self.by_address[kind, address] += 1

    def leave(self, kind: TransportKind, address: str) -> None:
        """The counterpart of :meth:`enter`."""
        if address:
            self.by_address[kind, address] -= 1
            if not self.by_address[kind, address]:
                del self.by_address[kind, address]
