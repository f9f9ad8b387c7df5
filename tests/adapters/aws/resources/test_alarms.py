"""The alarms of the template cover the list of alerts, and count log lines that linkhub writes."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

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
from tests.support.template import resources_of

NAMESPACE = "linkhub"
ALARMS = resources_of("AWS::CloudWatch::Alarm")
PATTERNS = {
    properties["MetricTransformations"][0]["MetricName"]: properties["FilterPattern"]
    for properties in resources_of("AWS::Logs::MetricFilter").values()
}
KEY, ORIGIN = ProductKey("nalu-fashion", "v1"), Origin(correlation_id="c1")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The JSON log of linkhub; logging is restored afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs(level="info", log_format="json", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def _metrics(alarm: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The metrics of an alarm, as namespace and name, by their ids; one metric alone has its name as its id."""
    if "Metrics" not in alarm:
        return {alarm["MetricName"]: (alarm["Namespace"], alarm["MetricName"])}
    terms = [(term["Id"], term["MetricStat"]["Metric"]) for term in alarm["Metrics"] if "MetricStat" in term]
    return {name: (metric["Namespace"], metric["MetricName"]) for name, metric in terms}


def _expression(alarm: Mapping[str, Any]) -> str:
    [expression] = [term["Expression"] for term in alarm.get("Metrics", []) if "Expression" in term] or [
        alarm.get("MetricName", "")
    ]
    return str(expression)


def test_every_subject_of_the_alerts_has_an_alarm() -> None:
    """Failed processing, error rates, throttling and trouble with clients."""
    assert {alarm["AlarmDescription"].partition(":")[0] for alarm in ALARMS.values()} == {
        "failed event processing",
        "high error rates",
        "DynamoDB throttling",
        "WebSocket connection issues",
    }


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS)
def test_an_expression_uses_its_metrics(alarm: Mapping[str, Any]) -> None:
    """Each metric of an alarm is in its expression, and a metric of linkhub's has a filter."""
    metrics = _metrics(alarm)
    assert metrics.keys() <= set(re.findall(r"[A-Za-z_]+", _expression(alarm)))
    assert {name for namespace, name in metrics.values() if namespace == NAMESPACE} <= PATTERNS.keys()


def _matches(pattern: str, line: dict[str, Any]) -> bool:
    """CloudWatch Logs' reading of our patterns: equalities of texts, joined by && or ||."""
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
        ("listen", {"ClientsCutOff"}),
        ("bug", {"Errors"}),
    ],
)
def test_a_line_that_is_written_is_counted(written: io.StringIO, entry: str, counted: set[str]) -> None:
    """The very line that the journal writes of an entry matches the patterns that are about it, and no others."""
    TelemetryJournal(metrics=Metrics(), log=get_logger("linkhub")).record([_entry(entry)])
    line = json.loads(written.getvalue())
    assert {name for name, pattern in PATTERNS.items() if _matches(pattern, line)} == counted


def test_the_docs_show_every_alarm() -> None:
    """The page of the AWS resources has each alarm, when it rings, and what it says."""
    page = (Path(__file__).parents[4] / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    for name, alarm in ALARMS.items():
        (line,) = [line for line in page.splitlines() if f"`{name}`" in line]
        subject, _, meaning = alarm["AlarmDescription"].partition(": ")
        assert f"| {subject} |" in line
        assert f"`{_expression(alarm)} > {alarm['Threshold']:g}`" in line
        assert line.endswith(f"| {meaning} |")
