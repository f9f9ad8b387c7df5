"""Limits of log lines that clients can cause, so that no client can fill the log.

    limited                                      at most            by
    -------------------------------------------  -----------------  --------------------------------------------------
    lines of libraries (uvicorn, asyncio ...)    10 a minute        logger and message, before its arguments are put in
    all lines of one library's logger            100 a minute       logger
    our own lines that any client can cause      10 a minute        event and status: see ``CAUSED_BY_CLIENTS``

The next line of the same kind says how many were left out: ``suppressed``. Lines about messages and products are not
limited.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Hashable

import structlog
from attrs import define, field
from structlog.typing import EventDict, WrappedLogger

MINUTE_SECONDS = 60.0
PER_KIND, PER_LOGGER = 10, 100
MOST_KINDS = 1_000
CAUSED_BY_CLIENTS = frozenset({"request_failed"})


@define(eq=False)
class _Minute:
    """The written lines of one kind in its current minute, and the suppressed ones since the last line."""

    began_at: float
    written: int = 0
    suppressed: int = 0


@define(kw_only=True, eq=False)
class LineLimits:
    """Counts lines by kind, minute by minute. ``seconds`` is a monotonic clock."""

    seconds: Callable[[], float] = time.monotonic
    _minutes: dict[Hashable, _Minute] = field(factory=dict, init=False)

    def admit(self, kind: Hashable, most: int) -> int | None:
        """Count a line of this kind.

        Returns:
            How many lines were suppressed since the last written one; None if this one is suppressed, too.
        """
        now = self.seconds()
        minute = self._minutes.pop(kind) if kind in self._minutes else _Minute(now)
        self._minutes[kind] = minute
        if len(self._minutes) > MOST_KINDS:
            del self._minutes[next(iter(self._minutes))]  # the least recent one
        if now - minute.began_at >= MINUTE_SECONDS:
            minute.began_at, minute.written = now, 0
        if minute.written >= most:
            minute.suppressed += 1
            return None
        minute.written += 1
        suppressed, minute.suppressed = minute.suppressed, 0
        return suppressed


@define(eq=False)
class LibraryLimit(logging.Filter):
    """A filter of the handler that writes the lines of libraries."""

    limits: LineLimits

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written; note how many were suppressed before it."""
        of_kind = self.limits.admit((record.name, str(record.msg)[:200]), PER_KIND)
        of_logger = None if of_kind is None else self.limits.admit(record.name, PER_LOGGER)
        if of_kind is None or of_logger is None:
            return False
        record.suppressed = of_kind + of_logger
        return True


def note_suppressed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add the number of suppressed lines to a library's line."""
    if suppressed := getattr(event.get("_record"), "suppressed", 0):
        event["suppressed"] = suppressed
    return event


def limit_clients(limits: LineLimits) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    """A processor that suppresses linkhub's own lines that clients cause, past their limit."""

    def limit(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        if event["event"] not in CAUSED_BY_CLIENTS:
            return event
        suppressed = limits.admit(("linkhub", event["event"], event.get("status")), PER_KIND)
        if suppressed is None:
            raise structlog.DropEvent
        return {**event, "suppressed": suppressed} if suppressed else event

    return limit
