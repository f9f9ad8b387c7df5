"""What the realtime room counts: plain integers that only ever grow, for whoever shows figures to read."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from attrs import define, field

__all__ = ["Counters", "RefusalReason"]


class RefusalReason(StrEnum):
    """Why a connection was refused."""

    ORIGIN = "origin"
    PATH = "path"
    HANDSHAKE = "handshake"
    TIMEOUT = "timeout"
    ADDRESS = "too_many_from_address"
    CAPACITY = "too_many"
    DRAINING = "draining"


@define(kw_only=True, eq=False)
class Counters:
    """Totals since the room was made.

    Attributes:
        connections_opened: viewers that were greeted, all transports together.
        connections_closed: viewers that are gone again.
        refused: connections that were refused, by reason.
        messages_in: messages of viewers that were read.
        errors: ``error`` events that viewers were sent, and reads of what viewers missed that failed.
        broadcasts: announcements that went to viewers.
        repeats_dropped: announcements that were not newer than the last one of their product.
        deliveries: events that were written to a viewer.
        slow_readers_closed: viewers that were closed because too much was waiting for them.
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
