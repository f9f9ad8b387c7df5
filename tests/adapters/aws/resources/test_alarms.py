"""Alarms cover the list of alerts, and look for log lines that linkhub really writes."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from linkhub_adapters.aws.resources.alarms import (
    LOG_METRICS,
    NAMESPACE,
    Alarm,
    log_alarms,
    queue_alarms,
    table_alarm,
    topic_alarm,
)
from linkhub_adapters.observability import Metrics, TelemetryJournal, configure_logs, get_logger
from linkhub_core.errors import Fault
from linkhub_core.model import Kind, Origin, ProductKey
from linkhub_core.model.journal_entries import (
    ActivityFailed,
    Entry,
    HalfExpired,
    HalfStaged,
    HalfWasKnown,
    MessageRejected,
    MessagesReleased,
    ProductSaved,
)

KEY, ORIGIN = ProductKey("nalu-fashion", "v1"), Origin(correlation_id="c1")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What linkhub logs as JSON; logging is put back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def _all_alarms() -> Sequence[Alarm]:
    return [*queue_alarms("Q", "q", "d"), table_alarm("T", "t"), topic_alarm("n"), *log_alarms()]


def test_every_subject_of_the_alerts_has_an_alarm() -> None:
    """Failed processing, error rates, throttling and trouble with viewers."""
    assert {alarm.subject for alarm in _all_alarms()} == {
        "failed event processing",
        "high error rates",
        "DynamoDB throttling",
        "WebSocket connection issues",
    }


def test_an_expression_speaks_of_its_metrics() -> None:
    """Each metric of an alarm stands in its expression, and a logged one is made by a filter."""
    filtered = {metric.name for metric in LOG_METRICS}
    for alarm in _all_alarms():
        words = set(re.findall(r"[a-z]+", alarm.expression))
        assert {metric.id for metric in alarm.metrics} <= words
        assert {metric.name for metric in alarm.metrics if metric.namespace == NAMESPACE} <= filtered


def _matches(pattern: str, line: dict[str, Any]) -> bool:
    """What CloudWatch Logs makes of our patterns: equalities of texts, joined by && or ||."""
    tests = re.sub(r'\$\.(\w+) = "(\w+)"', lambda test: str(line.get(test[1]) == test[2]), pattern.strip("{} "))
    return bool(eval(tests.replace("&&", " and ").replace("||", " or "), {}))  # noqa: S307  made of True and False


def _entry(name: str) -> Entry:
    entries: dict[str, Entry] = {
        "rejected": MessageRejected(
            kind=Kind.CAPTION, message_id="m", faults=[Fault("price", "is text")], receive_count=1, origin=ORIGIN
        ),
        "saved": ProductSaved(key=KEY, revision=1, kinds=[Kind.CAPTION], origins=[ORIGIN]),
        "staged": HalfStaged(key=KEY, kind=Kind.CAPTION, origin=ORIGIN),
        "known": HalfWasKnown(key=KEY, kind=Kind.CAPTION, origin=ORIGIN),
        "released": MessagesReleased(origins=[ORIGIN], problem="away", delay_seconds=1.0, transient=True),
        "expired": HalfExpired(key=KEY, kind=Kind.CAPTION, age=timedelta(days=1), origin=ORIGIN),
        "listen": ActivityFailed(activity="listen", problem="away", transient=True, retry_seconds=1.0),
        "bug": ActivityFailed(activity="assemble", problem="a bug", transient=False, retry_seconds=1.0),
    }
    return entries[name]


@pytest.mark.parametrize(
    ("entry", "counted"),
    [
        ("rejected", {"Rejected", "Processed"}),
        ("saved", {"Processed"}),
        ("staged", {"Processed"}),
        ("known", {"Processed"}),
        ("released", {"Released"}),
        ("expired", {"Expired"}),
        ("listen", {"ViewersCutOff"}),
        ("bug", {"Errors"}),
    ],
)
def test_a_line_that_is_written_is_counted(written: io.StringIO, entry: str, counted: set[str]) -> None:
    """The very line that the journal writes of an entry matches the patterns that are about it, and no others."""
    TelemetryJournal(metrics=Metrics(), log=get_logger("linkhub")).record([_entry(entry)])
    line = json.loads(written.getvalue())
    assert {metric.name for metric in LOG_METRICS if _matches(metric.pattern, line)} == counted


def test_the_docs_show_every_alarm() -> None:
    """The page of the AWS resources has each alarm, when it rings, and what it says."""
    page = (Path(__file__).parents[4] / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    alarms = [
        *queue_alarms("CaptionQueue", "q", "d"),
        table_alarm("StagingTable", "t"),
        topic_alarm("n"),
        *log_alarms(),
    ]
    for alarm in alarms:
        (line,) = [line for line in page.splitlines() if f"`{alarm.name}Alarm`" in line]
        assert f"| {alarm.subject} |" in line
        assert f"`{alarm.expression} > {alarm.threshold:g}`" in line
        assert line.endswith(f"| {alarm.meaning} |")
