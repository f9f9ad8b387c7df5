"""Figures that only a look can tell: what stands in queues and stores, and what is connected.

They are taken by whoever has the machine at hand and read here; a figure that is not known is left out of the metrics
rather than shown as nought.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

__all__ = ["CloudUsage", "Figures", "HttpFigures", "RealtimeFigures"]


@frozen(kw_only=True)
class Figures:
    """What stands in queues and stores at one moment.

    ``queued`` counts messages by queue (``caption``, ``thumbnail``), ``staged`` the halves that wait,
    ``oldest_staged_at`` since when the oldest of them does, ``dead_letters`` the rejected messages that are kept.
    """

    taken_at: datetime
    queued: Mapping[str, int] = field(factory=dict)
    staged: int | None = None
    oldest_staged_at: datetime | None = None
    dead_letters: int | None = None


@frozen(kw_only=True)
class RealtimeFigures:
    """What is connected, and what has been sent since the process began.

    ``connections`` counts by transport; ``refused`` by reason; the others are totals. ``messages`` are those of
    viewers, ``errors`` the error events that they were answered with; ``broadcasts`` are announcements that went to a
    viewer, ``repeats_dropped`` those that were not newer than the last one of their product.
    """

    connections: Mapping[str, int] = field(factory=dict)
    subscriptions: int = 0
    deliveries: int = 0
    slow_readers_closed: int = 0
    connections_opened: int = 0
    connections_closed: int = 0
    messages: int = 0
    errors: int = 0
    broadcasts: int = 0
    repeats_dropped: int = 0
    refused: Mapping[str, int] = field(factory=dict)


@frozen(kw_only=True)
class HttpFigures:
    """What plain HTTP has answered since the process began.

    ``page_reads`` counts first pages of shops by where they came from: ``kept``, ``joined`` (a read that was under way)
    or ``read``; ``kept_page_bytes`` is what is kept now. ``cut`` counts connections that were cut, by reason;
    ``requests_in_work`` and ``requests_waiting`` are the requests for pages now.
    """

    page_reads: Mapping[str, int] = field(factory=dict)
    kept_page_bytes: int = 0
    cut: Mapping[str, int] = field(factory=dict)
    requests_in_work: int = 0
    requests_waiting: int = 0


@frozen(kw_only=True)
class CloudUsage:
    """What this process has asked of a cloud's services since it began: what the bill is made of.

    ``calls`` and ``retries`` count by service and operation, ``failures`` by service and code; ``units`` are capacity
    units by table and direction (``read``, ``write``).
    """

    calls: Mapping[tuple[str, str], int] = field(factory=dict)
    retries: Mapping[tuple[str, str], int] = field(factory=dict)
    failures: Mapping[tuple[str, str], int] = field(factory=dict)
    units: Mapping[tuple[str, str], float] = field(factory=dict)
