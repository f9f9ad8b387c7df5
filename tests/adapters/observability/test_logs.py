"""Lines come out as they were configured, with secrets masked and the libraries' own lines among them."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator

import pytest
import structlog

from linkhub_adapters.observability import configure_logs, get_logger


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_a_json_line_holds_the_event_its_fields_and_a_time_in_utc() -> None:
    """A line of the JSON format is one object with the event, its fields, its level and a UTC time."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    get_logger("consumer").info("half_staged", seller_handle="nalu-fashion", text="فستان 👗")
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "half_staged",
        "level": "info",
        "part": "consumer",
        "seller_handle": "nalu-fashion",
        "text": "فستان 👗",
    }


def test_a_console_line_names_the_event_without_colours_where_there_is_no_terminal() -> None:
    """The console format writes plain text into a stream that is no terminal."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="console", stream=stream)
    get_logger("serve").info("listening", port=3002)
    assert "listening" in stream.getvalue()
    assert "port=3002" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_console_line_shows_what_a_terminal_would_act_upon() -> None:
    """Control and bidirectional characters of a client's text are escapes, with spaces around them or not."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="console", stream=stream)
    get_logger("serve").info("odd", title="\x9b31m\u202egnp", path="/a\x1b[2J b")
    assert not re.search("[\x1b\x9b\u202e]", stream.getvalue())
    assert "\\u202egnp" in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    """At level warning, info is silent and warning is not."""
    stream = io.StringIO()
    configure_logs(level="warning", log_format="json", stream=stream)
    log = get_logger("consumer")
    log.info("quiet")
    log.warning("loud")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["loud"]


@pytest.mark.parametrize("name", ["token", "admin_token", "authorization", "password", "secret", "cookie"])
def test_a_secret_is_masked(name: str) -> None:
    """A field that is named like a secret never shows its value."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    get_logger("serve").info("configured", **{name: "hunter2"})
    assert "hunter2" not in stream.getvalue()
    assert json.loads(stream.getvalue())[name] == "***"


def test_a_librarys_warning_comes_out_in_the_same_format() -> None:
    """Logs of a library through the standard module have the same format, with the name of its logger."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    logging.getLogger("uvicorn.error").warning("odd request")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("odd request", "warning", "uvicorn.error")


def test_a_librarys_chatter_is_left_out() -> None:
    """Info lines of libraries are not ours to repeat."""
    stream = io.StringIO()
    configure_logs(level="debug", log_format="json", stream=stream)
    logging.getLogger("websockets.server").info("connection open")
    assert stream.getvalue() == ""


def test_an_exception_is_written_into_its_json_line() -> None:
    """exc_info becomes text inside the one JSON line."""
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    try:
        int("the cause")
    except ValueError:
        get_logger("consumer").error("failed", exc_info=True)
    assert "the cause" in json.loads(stream.getvalue())["exception"]
