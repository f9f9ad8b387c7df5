"""The lines of recordings."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from linkhub_cli.views.recorded_lines import read_recorded_line, recorded_line
from linkhub_core.ports.event_queue import FIRST_SENT_AT
from linkhub_core.testing.builders import NOON, a_delivery
from linkhub_core.wire.redact import Redaction

LATER = NOON + timedelta(microseconds=1_234_567)


def test_a_message_comes_back_as_it_was_received() -> None:
    """Kind, body and attributes; it carries when it was first sent, so that its event counts as it did then."""
    delivery = a_delivery(receive_count=3)
    line = recorded_line(delivery, LATER)
    assert json.loads(line) == {
        "kind": "caption",
        "body": delivery.body,
        "attributes": {"correlationId": "c-1"},
        "message_id": "m-1",
        "sent_at": "2026-01-15T12:00:00.000000Z",
        "received_at": "2026-01-15T12:00:01.234567Z",
        "receive_count": 3,
    }
    read = read_recorded_line("f:1", line.encode())
    assert read.message is not None
    assert (read.message.kind, read.message.body, read.received_at) == (delivery.kind, delivery.body, LATER)
    assert read.message.attributes == {"correlationId": "c-1", FIRST_SENT_AT: "2026-01-15T12:00:00.000+00:00"}


def test_a_redriven_message_keeps_its_first_time() -> None:
    """The earlier of the carried time and ``sent_at`` counts."""
    delivery = evolve(a_delivery(), attributes={FIRST_SENT_AT: "2026-01-14T00:00:00.000+00:00"})
    read = read_recorded_line("f:1", recorded_line(delivery, LATER).encode())
    assert read.message is not None
    assert read.message.attributes == delivery.attributes


def test_redaction_is_of_bodies_and_attributes() -> None:
    """Everything else is the same."""
    delivery = evolve(a_delivery(title="Summer heels"), attributes={"correlationId": "c-1", "shop": "Nalu"})
    plain, redacted = (json.loads(recorded_line(delivery, LATER, one)) for one in (None, Redaction(b"k")))
    assert "Summer" not in redacted["body"]
    assert redacted["attributes"]["correlationId"] == "c-1"
    assert redacted["attributes"]["shop"] != "Nalu"
    for each in (plain, redacted):
        del each["body"], each["attributes"]
    assert plain == redacted


GOOD = json.loads(recorded_line(a_delivery(), LATER))


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "the body is not JSON"),
        (b"\xff", "invalid start byte"),
        (b"[]", "it is no object"),
        (json.dumps({"video_id": "1", "title": "x"}).encode(), "kind: must be caption or thumbnail"),
        *(
            (json.dumps({**GOOD, name: value}).encode(), f"{name}: must be")
            for name, value in [("kind", 1), ("kind", []), ("body", {}), ("attributes", None), ("attributes", {"a": 1})]
        ),
        *((json.dumps({**GOOD, name: value}).encode(), f"{name}: must be a time")
          for name in ("sent_at", "received_at") for value in (None, 5, "noon")),
    ],
)  # fmt: skip
def test_another_line_is_named_with_the_way_out(line: bytes, problem: str) -> None:
    """The problem, and the command that sends files of events."""
    read: Any = read_recorded_line("f:7", line)
    assert (read.place, read.message) == ("f:7", None)
    assert problem in read.problem
    assert "`linkhub publish FILE`" in read.problem
