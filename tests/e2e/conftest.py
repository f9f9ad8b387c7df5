"""A linkhub of its own for each test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.aws_resources import aws_settings
from tests.e2e.deployment import Deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A linkhub on a fresh embedded file."""
    return Deployment(tmp_path)


@pytest.fixture
def make_deployment(
    tmp_path: Path, dynamodb_endpoint: str, sqs_sns_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Deployment]:
    """Makes a linkhub on queues, tables and a topic of its own: ``make_deployment(is_fifo=..., has_topic=...)``."""

    def make(*, is_fifo: bool, has_topic: bool) -> Deployment:
        leads = aws_settings(
            dynamodb_endpoint=dynamodb_endpoint,
            sqs_sns_endpoint=sqs_sns_endpoint,
            is_fifo=is_fifo,
            has_topic=has_topic,
        )
        for variable, value in leads.items():
            monkeypatch.setenv(variable, value)
        return Deployment(tmp_path, backend="aws", elsewhere=leads)

    return make
