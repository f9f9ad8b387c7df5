"""Figures that are read at each scrape: queues and stores, and the usage of a cloud.

An unknown figure is None, and is left out of the metrics.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import field, frozen

__all__ = ["CloudUsage", "Figures", "Readings"]

Readings = Mapping[str, Any]
"""Numbers by name; one with labels is a mapping from the label's value to a number. Their owner counts them."""


@frozen(kw_only=True)
class Figures:
    """The contents of queues and stores at one moment.

    Attributes:
        taken_at: that moment.
        queued: messages by queue (``caption``, ``thumbnail``).
        staged: halves that wait for their partner.
        oldest_staged_at: since when the oldest of them waits.
        dead_letters: rejected messages that are kept.
    """

    taken_at: datetime
    queued: Mapping[str, int] = field(factory=dict)
    staged: int | None = None
    oldest_staged_at: datetime | None = None
    dead_letters: int | None = None


@frozen(kw_only=True)
class CloudUsage:
    """The calls of this process to a cloud's services since its start, which the bill is made of.

    Attributes:
        calls: by service and operation.
        retries: repeated attempts, likewise.
        failures: by service and code.
        units: capacity units by table and direction (``read``, ``write``).
    """

    calls: Mapping[tuple[str, str], int] = field(factory=dict)
    retries: Mapping[tuple[str, str], int] = field(factory=dict)
    failures: Mapping[tuple[str, str], int] = field(factory=dict)
    units: Mapping[tuple[str, str], float] = field(factory=dict)
