"""The counters of the realtime room: integers that only grow. Metrics, stats and the operator's page read them."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from attrs import define, field


class RefusalReason(StrEnum):
    """The reason of a refused connection."""

    ORIGIN = "origin"
    PATH = "path"
    HANDSHAKE = "handshake"
    TIMEOUT = "timeout"
    ADDRESS = "too_many_from_address"
    CAPACITY = "too_many"
    DRAINING = "draining"


@define(kw_only=True, eq=False)
class Counters:
    """Totals since the start.

    Attributes:
        connections_opened: subscribers that were connected, of all transports.
        connections_closed: subscribers that were disconnected.
        refused: refused connections, by reason.
        messages_in: received messages of subscribers.
        errors: ``error`` events that were sent, and failed reads for a catch-up.
        broadcasts: announcements that were broadcast to subscribers.
        repeats_dropped: announcements that were not newer than the last one of their product.
        deliveries: events that were written to a connection.
        slow_readers_closed: connections that were closed with too many unsent bytes.
    """

    connections_opened: int = 0
    connections_closed: int = 0
    refused: Counter[RefusalReason] = field(factory=Counter)
    messages_in: int = 0
    errors: int = 0
    broadcasts: int = 0
    repeats_dropped: int = 0
    deliveries: int = 0
    slow_readers_closed: int = 0
