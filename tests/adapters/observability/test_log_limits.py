"""Strangers cannot fill the log: their lines are few a minute, and what is left out is counted."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from linkhub_adapters.observability import configure_logs, get_logger
from linkhub_adapters.observability.log_limits import CAUSED_BY_CLIENTS, MOST_KINDS, LineLimits


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_a_kind_has_so_many_lines_a_minute_and_the_next_minute_counts_the_rest() -> None:
    """Ten of a thousand are admitted; the first of the next minute says that 990 were not."""
    now = [0.0]
    limits = LineLimits(seconds=lambda: now[0])
    admitted = [limits.admit("nonsense", 10) for _ in range(1_000)]
    assert admitted == [0] * 10 + [None] * 990
    now[0] = 60.0
    assert limits.admit("nonsense", 10) == 990
    assert limits.admit("nonsense", 10) == 0


def test_kinds_do_not_share_a_limit_and_are_bounded() -> None:
    """One that is full keeps no other out; a client that makes up kinds takes no memory."""
    limits = LineLimits()
    assert [limits.admit(kind, 1) for kind in ("one", "one", "other")] == [0, None, 0]
    for number in range(3 * MOST_KINDS):
        limits.admit(number, 1)
    assert limits.admit("one", 1) == 0


def test_a_librarys_lines_are_limited_by_message() -> None:
    """A hundred malformed requests are ten lines; another message of the same logger is written."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    for _ in range(100):
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.error").error("another")
    lines = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert lines == ["Invalid HTTP request received."] * 10 + ["another"]


def test_a_logger_has_a_limit_for_all_its_messages() -> None:
    """Messages that a client makes up are limited together."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    for number in range(1_000):
        logging.getLogger("asyncio").warning(f"odd {number}")
    assert len(stream.getvalue().splitlines()) == 100


@pytest.mark.parametrize("event", sorted(CAUSED_BY_CLIENTS))
def test_our_lines_that_clients_cause_are_limited(event: str) -> None:
    """A store that is down makes no line for each request."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    for _ in range(100):
        get_logger("linkhub").warning(event, status=503)
    assert len(stream.getvalue().splitlines()) == 10


def test_lines_about_messages_are_not_limited() -> None:
    """Each rejected message has its line."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    for _ in range(100):
        get_logger("linkhub").warning("message_rejected")
    assert len(stream.getvalue().splitlines()) == 100
