"""Logs: one line an event, as JSON for machines or coloured for people, from structlog and from the libraries alike.

Lines go to standard error, so that what a command prints stays clean. The libraries' own loggers (uvicorn, websockets,
botocore) speak through the same renderer, from warnings upwards.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

__all__ = ["LogFormat", "configure_logs", "get_logger"]

LogFormat = Literal["console", "json"]

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_SECRET_NAMES = frozenset({"authorization", "token", "admin_token", "password", "secret", "cookie"})


def get_logger(name: str) -> FilteringBoundLogger:
    """The logger of one part of linkhub, as set up by now; ``name`` is bound to each line as ``part``."""
    return cast(FilteringBoundLogger, structlog.get_logger().bind(part=name))


def configure_logs(*, level: str, log_format: LogFormat, stream: TextIO | None = None) -> None:
    """Set logging up for this process; calling it again replaces what was set up.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        log_format: ``console`` for people, ``json`` for machines.
        stream: where lines go; standard error unless given.
    """
    target = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _mask_secrets,
        structlog.processors.format_exc_info if log_format == "json" else _pass,
    ]
    renderer = _renderer(log_format, target)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    _configure_libraries(max(LEVELS[level], logging.WARNING), [*shared], renderer, target)


def _renderer(log_format: LogFormat, target: TextIO) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(serializer=_dump)
    return structlog.dev.ConsoleRenderer(colors=target.isatty())


def _dump(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def _configure_libraries(level: int, shared: list[Processor], renderer: Processor, target: TextIO) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


def _mask_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    for name in _SECRET_NAMES & event.keys():
        event[name] = "***"
    return event


def _pass(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return event
