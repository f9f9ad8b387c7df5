"""Who is told at start-up that viewers will only poll."""

from __future__ import annotations

import pytest
import structlog

from linkhub_cli.processes.realtime_scope import tell_reach
from linkhub_cli.settings import load_settings

_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012"
_AWS = {
    "LINKHUB_BACKEND": "aws",
    "SQS_CAPTION_QUEUE_URL": f"{_QUEUE}/caption",
    "SQS_THUMBNAIL_QUEUE_URL": f"{_QUEUE}/thumbnail",
}
_TOPIC = {"SNS_NEW_PRODUCT_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:news"}


def _told(environment: dict[str, str], *, serves: bool, consumes: bool) -> list[str]:
    """The settings that a start-up names in warnings."""
    settings = load_settings(environment=environment).settings
    with structlog.testing.capture_logs() as lines:
        tell_reach(settings, structlog.get_logger(), serves=serves, consumes=consumes)
    assert all(line["log_level"] == "warning" and line["setting"] in line["problem"] for line in lines)
    return [line["setting"] for line in lines]


@pytest.mark.parametrize(("serves", "consumes"), [(True, False), (False, True)])
def test_one_of_two_processes_without_a_topic_says_so(serves: bool, consumes: bool) -> None:
    """One line that names the setting, from the server and from the consumer."""
    assert _told(_AWS, serves=serves, consumes=consumes) == ["SNS_NEW_PRODUCT_TOPIC_ARN"]


def test_one_process_that_does_both_says_nothing() -> None:
    """It announces directly."""
    assert _told(_AWS, serves=True, consumes=True) == []


@pytest.mark.parametrize("environment", [_AWS | _TOPIC, {"LINKHUB_BACKEND": "embedded"}], ids=["topic", "embedded"])
def test_where_news_travels_nothing_is_said(environment: dict[str, str]) -> None:
    """With a topic, or one file, every process hears of everything."""
    for serves, consumes in [(True, False), (False, True), (True, True)]:
        assert _told(environment, serves=serves, consumes=consumes) == []
