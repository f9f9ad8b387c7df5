"""What somebody should be told of, as data: failed processing, high error rates, throttling, trouble with viewers.

Three sources: what SQS, DynamoDB and SNS measure of themselves, and linkhub's log lines (JSON, in CloudWatch Logs),
which :data:`LOG_METRICS` turns into metrics. The names of events are those of the telemetry room's journal.

Rule. A quiet service raises no alarm: metrics that are missing are fine. That a consumer does not run shows in the age
of the oldest message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import Factory, frozen

__all__ = [
    "LOG_METRICS",
    "NAMESPACE",
    "PERIOD_SECONDS",
    "Alarm",
    "LogMetric",
    "Metric",
    "log_alarms",
    "queue_alarms",
    "table_alarm",
    "topic_alarm",
]

NAMESPACE = "linkhub"
PERIOD_SECONDS = 300
MAX_AGE_SECONDS = 300
MIN_EVENTS = 20


@frozen
class LogMetric:
    """How many log lines of a minute match a filter pattern of CloudWatch Logs."""

    name: str
    pattern: str


LOG_METRICS = (
    LogMetric("Rejected", '{ $.event = "message_rejected" }'),
    LogMetric(
        "Processed",
        '{ ($.event = "product_saved") || ($.event = "half_staged") || ($.event = "half_was_known")'
        ' || ($.event = "message_rejected") }',
    ),
    LogMetric("Released", '{ $.event = "messages_released" }'),
    LogMetric("Errors", '{ $.level = "error" }'),
    LogMetric("Expired", '{ $.event = "half_expired" }'),
    LogMetric(
        "ViewersCutOff",
        '{ ($.event = "activity_failed") && (($.activity = "listen") || ($.activity = "replay")) }',
    ),
)


@frozen(kw_only=True)
class Metric:
    """One metric that an alarm looks at; ``dimensions`` may be references of CloudFormation's."""

    id: str
    namespace: str
    name: str
    statistic: str = "Sum"
    dimensions: Any = None


@frozen(kw_only=True)
class Alarm:
    """Rings when ``expression`` over the metrics is above ``threshold`` in each of ``periods`` periods.

    Left out, the expression is the first metric as it is. ``subject`` is what it is about, of those in the operator's
    list of alerts. ``meaning`` tells whoever is woken what happened and what to do.
    """

    name: str
    subject: str
    meaning: str
    metrics: Sequence[Metric]
    expression: str = Factory(lambda alarm: alarm.metrics[0].id, takes_self=True)
    threshold: float
    periods: int = 1


def queue_alarms(name: str, queue: Any, dead_letter_queue: Any) -> Sequence[Alarm]:
    """The alarms of a queue: letters in its dead-letter queue, and messages that nobody takes."""
    return [
        Alarm(
            name=f"{name}DeadLetters",
            subject="failed event processing",
            meaning="Messages were rejected or never settled: `linkhub dead-letters list` says which and why",
            metrics=[_sqs("letters", "ApproximateNumberOfMessagesVisible", dead_letter_queue)],
            threshold=0,
        ),
        Alarm(
            name=f"{name}Waiting",
            subject="failed event processing",
            meaning=f"A message has waited {MAX_AGE_SECONDS} s: consumers are missing, too slow, or a store is away",
            metrics=[_sqs("age", "ApproximateAgeOfOldestMessage", queue)],
            threshold=MAX_AGE_SECONDS,
        ),
    ]


def table_alarm(name: str, table: Any) -> Alarm:
    """The alarm of a table; what its local index throttles is counted with the table's own."""
    dimensions = {"TableName": table}
    return Alarm(
        name=f"{name}Throttled",
        subject="DynamoDB throttling",
        meaning="DynamoDB throttles the table or its index: a partition is too hot, or the account is at its limit",
        metrics=[
            Metric(id="reads", namespace="AWS/DynamoDB", name="ReadThrottleEvents", dimensions=dimensions),
            Metric(id="writes", namespace="AWS/DynamoDB", name="WriteThrottleEvents", dimensions=dimensions),
        ],
        expression="FILL(reads, 0) + FILL(writes, 0)",
        threshold=0,
        periods=2,
    )


def topic_alarm(topic: Any) -> Alarm:
    """The alarm of the topic."""
    dimensions = {"TopicName": topic}
    return Alarm(
        name="NewsUndelivered",
        subject="WebSocket connection issues",
        meaning="SNS could not deliver announcements: some server's viewers, or another service, miss products",
        metrics=[
            Metric(id="failed", namespace="AWS/SNS", name="NumberOfNotificationsFailed", dimensions=dimensions),
        ],
        threshold=0,
    )


def log_alarms() -> Sequence[Alarm]:
    """The alarms of what linkhub logs."""
    return [
        Alarm(
            name="RejectionRate",
            subject="high error rates",
            meaning="More than 5 % of the events are rejected: a worker sends something new; the log says which field",
            metrics=[_logged("rejected", "Rejected"), _logged("processed", "Processed")],
            expression=f"IF(processed >= {MIN_EVENTS}, 100 * FILL(rejected, 0) / processed, 0)",
            threshold=5,
        ),
        Alarm(
            name="ErrorLines",
            subject="high error rates",
            meaning="linkhub logs errors that trying again does not mend: see the lines of level error",
            metrics=[_logged("errors", "Errors")],
            threshold=0,
        ),
        Alarm(
            name="Released",
            subject="high error rates",
            meaning="Messages are given back again and again: `problem` in messages_released says what is away",
            metrics=[_logged("released", "Released")],
            threshold=5,
            periods=2,
        ),
        Alarm(
            name="HalvesExpired",
            subject="failed event processing",
            meaning="Halves were removed for want of their partner: one of the two workers is silent",
            metrics=[_logged("expired", "Expired")],
            threshold=0,
        ),
        Alarm(
            name="ViewersCutOff",
            subject="WebSocket connection issues",
            meaning="Servers do not hear announcements, or cannot read what viewers missed: pages stay old",
            metrics=[_logged("failures", "ViewersCutOff")],
            threshold=2,
        ),
    ]


def _sqs(metric_id: str, name: str, queue: Any) -> Metric:
    return Metric(id=metric_id, namespace="AWS/SQS", name=name, statistic="Maximum", dimensions={"QueueName": queue})


def _logged(metric_id: str, name: str) -> Metric:
    return Metric(id=metric_id, namespace=NAMESPACE, name=name)
