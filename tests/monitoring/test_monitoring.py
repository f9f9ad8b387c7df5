"""Alerts, dashboard and runbook: each names metrics that exist, and each alert is known to fire and to be silent."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict

from linkhub_adapters.observability import CloudUsage, Figures, Metrics
from linkhub_adapters.observability.metrics import ACTIVITIES
from linkhub_adapters.realtime import Counters
from linkhub_core.testing.builders import NOON
from tests.support.requirement import PROMTOOL, require

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MONITORING = ROOT / "docs" / "monitoring"
RULES = (MONITORING / "linkhub.rules.yml").read_text("utf-8")
CASES = (HERE / "linkhub.rules.test.yml").read_text("utf-8")
ALERTS = re.findall(r"- alert: (\w+)", RULES)
METRIC = re.compile(r"\blinkhub_[a-z_]+\b")


def dashboard() -> dict[str, Any]:
    """The dashboard, as Grafana reads it."""
    document: dict[str, Any] = json.loads((MONITORING / "linkhub-dashboard.json").read_text("utf-8"))
    return document


def queries() -> list[str]:
    """Every query of the dashboard."""
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def exposed_names() -> set[str]:
    """The names of all samples that a process can expose."""
    metrics = Metrics(
        take_figures=lambda: Figures(taken_at=NOON, queued={"caption": 0}, staged=0, dead_letters=0),
        take_realtime=lambda: {
            **asdict(Counters()),
            "refused": {"origin": 0},
            "connections": {"websocket": 0},
            "subscriptions": 0,
        },
        take_usage=lambda: CloudUsage(
            calls={("SQS", "x"): 0}, retries={("SQS", "x"): 0}, failures={("SQS", "x"): 0}, units={("t", "read"): 0}
        ),
    )
    metrics.rejections.labels("caption", "price").inc()
    metrics.saved.labels("new").inc()
    metrics.duplicates.labels("caption").inc()
    metrics.store_calls.labels("products", "find", "ok").inc()
    metrics.store_call_seconds.labels("products", "find").observe(1)
    return {sample.name for family in metrics.registry.collect() for sample in family.samples}


@pytest.mark.parametrize("arguments", [("check", "rules", "linkhub.rules.yml"), ("test", "rules", "tests")])
def test_prometheus_takes_the_rules(arguments: tuple[str, ...]) -> None:
    """Its own tool finds them well-formed, and finds that each alert does what it should in good and in bad times."""
    promtool = require(PROMTOOL)
    names = {"linkhub.rules.yml": str(MONITORING / "linkhub.rules.yml"), "tests": str(HERE / "linkhub.rules.test.yml")}
    command = [str(promtool), *(names.get(argument, argument) for argument in arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_seen_to_fire(alert: str) -> None:
    """There is a case in which it does."""
    fired = re.findall(r"alertname: (\w+)\s+exp_alerts:\s+- exp_labels", CASES)
    assert alert in fired


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_is_in_the_runbook(alert: str) -> None:
    """Under its own heading, which the alert names, with what it means, how to look and what to do."""
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    assert f"runbook: docs/runbook.md#{alert.lower()}\n" in RULES
    entry = runbook.partition(f"\n### {alert}\n")[2].partition("\n##")[0]
    for part in ("**Means**:", "**Look**:", "**Do**:"):
        assert part in entry, f"{alert} has no {part} in the runbook"


def test_the_runbook_has_no_other_alerts() -> None:
    """An entry without its alert would never be read."""
    runbook = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    assert sorted(re.findall(r"^### (\w+)$", runbook, re.MULTILINE)) == sorted(ALERTS)


@pytest.mark.parametrize(
    "expression", [*re.findall(r"expr: (?:\|\n)?((?:.+\n)+?)(?: +for:| +labels:)", RULES), *queries()]
)
def test_what_is_asked_for_is_exposed(expression: str) -> None:
    """Every metric that an alert or a panel names is one that linkhub exposes."""
    assert set(METRIC.findall(expression)) <= exposed_names()


def test_everything_that_is_exposed_is_drawn() -> None:
    """The dashboard draws each metric."""
    drawn = {name for query in queries() for name in METRIC.findall(query)}
    ends = ("_created", "_sum", "_count")
    assert {name for name in exposed_names() if not name.endswith(ends)} <= drawn


def test_the_dashboard_can_be_laid_out() -> None:
    """Panels have ids of their own, stand within 24 columns, and none covers another."""
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: list[tuple[int, int]] = []
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        columns, rows = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        cells += itertools.product(columns, rows)
    assert len(set(cells)) == len(cells)


def test_what_alerts_count_is_there_from_the_start() -> None:
    """A first failure is an increase from nought: Prometheus sees none in a series that begins at one."""
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in Metrics().registry.collect()
        for sample in family.samples
    }
    for activity in ACTIVITIES:
        assert samples["linkhub_failures_total", activity, "false"] == 0
    for kind in ("caption", "thumbnail"):
        assert samples["linkhub_halves_expired_total", kind] == 0
        assert samples["linkhub_halves_stalled_total", kind] == 0
        assert samples["linkhub_events_total", kind, "rejected"] == 0


def test_no_activity_is_forgotten() -> None:
    """Each activity that the source names begins at nought."""
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    assert {name for text in sources for name in re.findall(r'activity="(\w+)"', text)} <= set(ACTIVITIES)
