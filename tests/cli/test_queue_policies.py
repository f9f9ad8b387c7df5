"""A queue without a redrive policy: a mistake where rejected messages need it, and nothing to those who only look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.cli.conftest import Terminal
from tests.e2e.aws_resources import aws_settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
def settings(dynamodb_endpoint: str, sqs_sns_endpoint: str, make_sqs_client: Callable[[], SQSClient]) -> dict[str, str]:
    """Tables and queues, the caption queue without a redrive policy."""
    leads = aws_settings(
        dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint, is_fifo=False, has_topic=False
    )
    bare = make_sqs_client().create_queue(QueueName=f"bare-{uuid4().hex[:12]}")["QueueUrl"]
    return {**leads, "LINKHUB_BACKEND": "aws", "SQS_CAPTION_QUEUE_URL": bare}


@pytest.mark.parametrize("command", ["export", "staging list", "staging stats", "sweep"])
def test_who_only_looks_needs_no_queue(terminal: Terminal, settings: dict[str, str], command: str) -> None:
    """The stores are read, and no queue is asked."""
    assert terminal.run(*command.split(), **settings).exit_code == 0


@pytest.mark.parametrize("command", ["consume", "publish -", "dead-letters list"])
def test_its_lack_is_a_mistake_and_no_outage(terminal: Terminal, settings: dict[str, str], command: str) -> None:
    """The setting is named, with what mends it; the exit code is that of a mistake."""
    result = terminal.run(*command.split(), stdin="{}", **settings)
    assert result.exit_code == 2
    assert "SQS_CAPTION_QUEUE_URL" in result.stderr
    assert "no redrive policy" in result.stderr
    assert "unavailable" not in result.stderr
