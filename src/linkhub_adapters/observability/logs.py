"""Logs: one line an event, as JSON for machines or with colours for people.

Lines go to standard error, so that the output of a command stays clean. If it cannot be written to, the process goes on
(:mod:`.log_stream`). The loggers of libraries (uvicorn, websockets, botocore) use the same renderer, from warnings up.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from linkhub_adapters.observability.log_limits import LibraryLimit, LineLimits, limit_clients, note_suppressed
from linkhub_adapters.observability.log_stream import LogStream

LogFormat = Literal["console", "json"]

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# botocore also logs a traceback of the errors that it raises; linkhub reports those in one line.
_REPORTED_BY_US = ("botocore.credentials", "botocore.tokens")
_SECRET_NAMES = frozenset({"authorization", "token", "admin_token", "password", "secret", "cookie"})


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger of one part of linkhub; each of its lines has ``part`` = ``name``."""
    return cast(FilteringBoundLogger, structlog.get_logger().bind(part=name))


_configured: list[LogStream] = []  # of this process, like structlog's configuration


def dropped_lines() -> int:
    """The number of log lines that this process could not write."""
    return sum(lines.dropped_total for lines in _configured)


def drain_logs(seconds: float) -> None:
    """Wait until all log lines of this process are written, for at most ``seconds``."""
    for lines in _configured:
        lines.drain(seconds)


def configure_logs(
    *,
    level: str,
    log_format: LogFormat,
    stream: TextIO | None = None,
    has_thread: bool = False,
    has_colours: bool = True,
) -> None:
    """Set up logging for this process; a repeated call replaces the earlier set-up.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: ``console`` for people, ``json`` for machines.
        stream: where lines go; standard error unless given.
        has_thread: whether a thread writes the lines, so that a reader that does not read blocks nothing.
        has_colours: whether a terminal gets colours.
    """
    lines = LogStream(stream or sys.stderr, _resumed(log_format), has_thread=has_thread)
    _configured[:] = [lines]
    target = cast(TextIO, lines)
    limits = LineLimits()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_secrets,
        structlog.processors.format_exc_info if log_format == "json" else _show_escapes,
    ]
    renderer = _renderer(log_format, has_colours=has_colours and target.isatty())
    structlog.configure(
        processors=[limit_clients(limits), *shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    _configure_libraries(max(LEVELS[level], logging.WARNING), [note_suppressed, *shared], renderer, target, limits)


def _resumed(log_format: LogFormat) -> Callable[[int], str]:
    """Makes the first line after a failure of the stream."""

    def line(dropped: int) -> str:
        if log_format == "json":
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            return _dump({"dropped": dropped, "event": "log_resumed", "level": "warning", "timestamp": now})
        return f"[warning] log_resumed: {dropped} lines were dropped, because they could not be written"

    return line


def _renderer(log_format: LogFormat, *, has_colours: bool) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(serializer=_dump)
    return structlog.dev.ConsoleRenderer(colors=has_colours)


def _dump(event: Any, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # half a surrogate pair, as in a file name that is not UTF-8
        return json.dumps(event, default=str)


def _configure_libraries(
    level: int, shared: list[Processor], renderer: Processor, target: TextIO, limits: LineLimits
) -> None:
    handler = logging.StreamHandler(target)
    handler.addFilter(LibraryLimit(limits))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _REPORTED_BY_US:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name in _SECRET_NAMES & event.keys():
        event[name] = "***"
    return event


def _show_escapes(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape control characters: texts of sellers and clients must not control a terminal."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in value)
    return event
