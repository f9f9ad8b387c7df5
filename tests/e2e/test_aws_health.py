"""Readiness of a real process on AWS whose rights are taken away and given back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.aws_resources import aws_settings
from tests.e2e.hub import Hub
from tests.e2e.test_file_health import problem_of, readiness, wait_for
from tests.support.denying_sqs import allow, deny
from tests.support.sqs_sns import run_sqs_sns

pytestmark = [pytest.mark.e2e, pytest.mark.aws]


@pytest.fixture(scope="module")
def denying_endpoint() -> Iterator[str]:
    """The endpoint of a server for SQS that can be told to deny."""
    with run_sqs_sns("tests.support.denying_sqs:app") as endpoint_url:
        yield endpoint_url


@pytest.mark.parametrize("code", ["OverLimit", "KmsAccessDenied"])
def test_a_queue_that_may_not_be_received_from(
    tmp_path: Path, dynamodb_endpoint: str, denying_endpoint: str, code: str
) -> None:
    """The process that consumes is not ready while receiving is denied, and names the code; then it is again."""
    leads = aws_settings(
        dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=denying_endpoint, is_fifo=False, has_topic=False
    )
    hub = Hub(tmp_path, backend="aws", elsewhere=leads)
    deny(denying_endpoint, "ReceiveMessage", code)
    server, url = hub.serve("--consume")
    with server:
        wait_for(server, url, 503, lambda checks: code in problem_of(checks["receive"]))
        assert readiness(url)[1]["checks"]["queues"]["ok"], "the other calls work"
        allow(denying_endpoint, "ReceiveMessage")
        wait_for(server, url, 200, lambda checks: checks["receive"]["ok"])
        assert server.terminate() == 0
