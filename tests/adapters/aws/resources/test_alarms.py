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
    HalfStalled,
    HalfWasKnown,
    MessageRejected,
    MessagesReleased,
    ProductSaved,
    RowSkipped,
    Swept,
)
from tests.support.template import parameters, resources_of

ROOT = Path(__file__).parents[4]
NAMESPACE = "linkhub"
ALARMS = resources_of("AWS::CloudWatch::Alarm")
FILTERS = resources_of("AWS::Logs::MetricFilter")
PATTERNS = {
    properties["MetricTransformations"][0]["MetricName"]: properties["FilterPattern"]
    for properties in FILTERS.values()
    if properties["LogGroupName"] == {"Ref": "LogGroup"}
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
    tests = re.sub(
        r'\$\.(\w+) (!?=) "(\w+)"',
        lambda test: str((line.get(test[1]) == test[3]) is (test[2] == "=")),
        pattern.strip("{} "),
    )
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
        "lost": MessagesReleased(origins=[ORIGIN], problem="a bug", delay_seconds=1.0, transient=False),
        "expired": HalfExpired(key=KEY, kind=Kind.CAPTION, age=timedelta(days=1), origin=ORIGIN),
        "stalled": HalfStalled(key=KEY, kind=Kind.CAPTION, age=timedelta(hours=1), origin=ORIGIN),
        "unreadable": RowSkipped(store="products", seller_handle="nalu-fashion", video_id="v1", problem="is no map"),
        "swept": Swept(seen=9, folded=0, expired=0, announced=0, skipped=1),
        "listen": ActivityFailed(activity="listen", problem="away", transient=True, retry_seconds=1.0),
        **{
            activity: ActivityFailed(activity=activity, problem="a bug", transient=False, retry_seconds=1.0)
            for activity in ("receive", "extend", "assemble", "sweep", "report", "look", "meet")
        },
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
        ("lost", {"Released", "Errors"}),
        ("expired", {"Expired"}),
        ("stalled", {"Stalled"}),
        ("unreadable", set()),
        ("swept", {"UnreadableRows"}),
        ("listen", {"ClientsCutOff"}),
        ("receive", {"FailedConsuming"}),
        ("extend", {"FailedConsuming"}),
        ("assemble", {"FailedConsuming"}),
        ("sweep", {"FailedSweeps"}),
        ("report", {"FailedSweeps"}),
        ("look", {"FailedActivities"}),
        ("meet", {"FailedActivities"}),
    ],
)
def test_a_line_that_is_written_is_counted(written: io.StringIO, entry: str, counted: set[str]) -> None:
    """The very line that the journal writes of an entry matches the patterns that are about it, and no others."""
    TelemetryJournal(metrics=Metrics(), log=get_logger("linkhub")).record([_entry(entry)])
    line = json.loads(written.getvalue())
    assert {name for name, pattern in PATTERNS.items() if _matches(pattern, line)} == counted


def test_a_request_that_fails_is_counted_apart(written: io.StringIO) -> None:
    """A new kind of failure starts an alarm of its own, while another one goes on."""
    get_logger("linkhub").error("request_failed", method="GET", path="/", status=500, problem="a bug")
    line = json.loads(written.getvalue())
    assert {name for name, pattern in PATTERNS.items() if _matches(pattern, line)} == {"FailedRequests"}


def test_unreadable_rows_are_counted_by_the_line_of_a_sweep(written: io.StringIO) -> None:
    """The metric is the number in the line, so a row that stays unreadable adds nothing to it."""
    TelemetryJournal(metrics=Metrics(), log=get_logger("linkhub")).record([_entry("swept")])
    [transformation] = FILTERS["UnreadableRowsLines"]["MetricTransformations"]
    assert json.loads(written.getvalue())[transformation["MetricValue"].removeprefix("$.")] == 1


def test_the_log_of_a_lambda_function_is_counted_by_the_same_patterns() -> None:
    """A function writes the lines of consumers that do not sweep, to the log group that a parameter names."""
    of_lambda = {name: one for name, one in FILTERS.items() if one["LogGroupName"] == {"Ref": "LambdaLogGroupName"}}
    assert of_lambda.keys() == {f"Lambda{name}Lines" for name in ("Rejected", "Processed", "Released", "Errors")}
    for name, properties in of_lambda.items():
        assert properties == {**FILTERS[name.removeprefix("Lambda")], "LogGroupName": {"Ref": "LambdaLogGroupName"}}


def test_every_threshold_is_a_parameter() -> None:
    """Each alarm has one, and each is described on the page of the AWS resources with its default."""
    thresholds = {alarm["Threshold"]["Ref"] for alarm in ALARMS.values()}
    assert thresholds == {name for name in parameters() if name.startswith("Max")}
    page = (ROOT / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    for name, parameter in parameters().items():
        default = parameter["Default"] if parameter["Default"] != "" else "none"
        text = f"`{default}`" if str(default).startswith("/") else default
        assert f"| `{name}` | {text} |" in page


def _row_of(name: str) -> str:
    page = (ROOT / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith("|") and f"`{name}`" in line]
    return row


def test_the_docs_show_every_alarm() -> None:
    """The page of the AWS resources has each alarm, when it rings, and what it says."""
    page = (ROOT / "docs/reference/aws-resources.md").read_text(encoding="utf-8")
    for name, alarm in ALARMS.items():
        (line,) = [line for line in page.splitlines() if line.startswith("|") and f"`{name}`" in line]
        subject, _, meaning = alarm["AlarmDescription"].partition(". Runbook: ")[0].partition(": ")
        assert f"| {subject} |" in line
        assert f"`{_expression(alarm)} > {alarm['Threshold']['Ref']}`" in line
        assert line.endswith(f"| {meaning} |")


@pytest.mark.parametrize("name", ALARMS)
def test_every_alarm_has_its_entry_in_the_runbook(name: str) -> None:
    """The description, which is in the message of the alarm, ends with its heading; the entry names the alarm."""
    heading = ALARMS[name]["AlarmDescription"].partition(". Runbook: ")[2]
    runbook = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    entry = runbook.partition(f"\n### {heading}\n")[2].partition("\n##")[0]
    (alarms,) = re.findall(r"^\*\*Alarms?\*\*: (.*)\.$", entry, re.MULTILINE)
    assert f"`{name}`" in alarms
    for part in ("**Means**:", "**Look**:", "**Do**:"):
        assert part in entry, f"{heading} has no {part}"
    assert f"(../runbook.md#{heading.lower().replace(' ', '-')})" in _row_of(name)
