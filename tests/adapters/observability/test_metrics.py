"""Gauges are what the figures say at the moment of the scrape; what is not known is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from linkhub_adapters.observability import CloudUsage, Figures, Metrics
from linkhub_core.wire.intake import DEVIATIONS

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def exposed(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample that a scrape would get, by name and labels."""
    text = metrics.expose()[0].decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_standing_figures_are_exposed_as_they_are_at_the_scrape() -> None:
    """Queues, staging and dead letters show the figures of this moment, the age of the oldest half included."""
    staged = [2]
    metrics = Metrics(
        take_figures=lambda: Figures(
            taken_at=NOON,
            queued={"caption": 3, "thumbnail": 0},
            staged=staged[0],
            oldest_staged_at=NOON - timedelta(minutes=5),
            dead_letters=7,
        )
    )
    assert exposed(metrics)["linkhub_staging_halves", ()] == 2
    staged[0] = 5
    samples = exposed(metrics)
    assert samples["linkhub_staging_halves", ()] == 5
    assert samples["linkhub_staging_oldest_age_seconds", ()] == 300
    assert samples["linkhub_dead_letters", ()] == 7
    assert samples["linkhub_queue_messages", (("queue", "caption"),)] == 3
    assert samples["linkhub_queue_messages", (("queue", "thumbnail"),)] == 0


def test_an_empty_staging_has_no_age() -> None:
    """With nothing staged, the oldest age is nought."""
    metrics = Metrics(take_figures=lambda: Figures(taken_at=NOON, staged=0))
    assert exposed(metrics)["linkhub_staging_oldest_age_seconds", ()] == 0


@pytest.mark.parametrize("name", ["linkhub_staging_halves", "linkhub_dead_letters", "linkhub_connections"])
def test_an_unknown_figure_is_left_out(name: str) -> None:
    """A figure that was not read is missing, not 0."""
    assert not [sample for sample, _ in exposed(Metrics()) if sample == name]


def test_realtime_figures_are_exposed() -> None:
    """Connections by transport, subscriptions, deliveries, slow readers and refusals by reason are there."""
    metrics = Metrics(
        take_realtime=lambda: {
            "connections": {"websocket": 4, "polling": 1},
            "subscriptions": 9,
            "deliveries": 100,
            "slow_readers_closed": 2,
            "connections_opened": 8,
            "connections_closed": 3,
            "messages_in": 40,
            "errors": 6,
            "broadcasts": 25,
            "repeats_dropped": 7,
            "refused": {"origin": 3},
        }
    )
    samples = exposed(metrics)
    assert samples["linkhub_connections", (("transport", "websocket"),)] == 4
    assert samples["linkhub_connections", (("transport", "polling"),)] == 1
    assert samples["linkhub_subscriptions", ()] == 9
    assert samples["linkhub_deliveries_total", ()] == 100
    assert samples["linkhub_slow_readers_closed_total", ()] == 2
    assert samples["linkhub_connections_opened_total", ()] == 8
    assert samples["linkhub_connections_closed_total", ()] == 3
    assert samples["linkhub_viewer_messages_total", ()] == 40
    assert samples["linkhub_viewer_errors_total", ()] == 6
    assert samples["linkhub_broadcasts_total", ()] == 25
    assert samples["linkhub_repeats_dropped_total", ()] == 7
    assert samples["linkhub_connections_refused_total", (("reason", "origin"),)] == 3


def test_what_plain_http_did_is_exposed() -> None:
    """First pages by source, what is kept, connections that were cut by reason, and requests now."""
    readings = {
        "page_reads": {"kept": 5, "read": 2},
        "kept_page_bytes": 47_000,
        "cut": {"stalled": 3},
        "requests": {"in_work": 4, "waiting": 9},
    }
    samples = exposed(Metrics(take_http=lambda: readings))
    assert samples["linkhub_page_reads_total", (("source", "kept"),)] == 5
    assert samples["linkhub_kept_page_bytes", ()] == 47_000
    assert samples["linkhub_http_connections_cut_total", (("reason", "stalled"),)] == 3
    assert samples["linkhub_http_requests", (("state", "in_work"),)] == 4
    assert samples["linkhub_http_requests", (("state", "waiting"),)] == 9


def test_what_a_cloud_was_asked_for_is_exposed() -> None:
    """Calls, repeated attempts and failures by service, and capacity units by table."""
    usage = CloudUsage(
        calls={("DynamoDB", "batch_get_item"): 12},
        retries={("SQS", "receive_message"): 3},
        failures={("DynamoDB", "ThrottlingError"): 2},
        units={("linkhub-products", "write"): 7.5},
    )
    samples = exposed(Metrics(take_usage=lambda: usage))
    assert samples["linkhub_aws_calls_total", (("operation", "batch_get_item"), ("service", "DynamoDB"))] == 12
    assert samples["linkhub_aws_retries_total", (("operation", "receive_message"), ("service", "SQS"))] == 3
    assert samples["linkhub_aws_failures_total", (("code", "ThrottlingError"), ("service", "DynamoDB"))] == 2
    assert samples["linkhub_dynamodb_units_total", (("direction", "write"), ("table", "linkhub-products"))] == 7.5


def test_deviations_begin_at_nought() -> None:
    """One series for every queue and rule, from the start: the first deviation is an increase."""
    text = Metrics().expose()[0].decode()
    series = {line for line in text.splitlines() if line.startswith("linkhub_intake_notes_total{")}
    expected = {
        f'linkhub_intake_notes_total{{queue="{kind}",rule="{deviation.rule}"}} 0.0'
        for kind in ("caption", "thumbnail")
        for deviation in DEVIATIONS
    }
    assert series == expected
