"""Readiness of a real process on AWS whose rights are taken away and given back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.aws_resources import aws_settings
from tests.e2e.deployment import Deployment
from tests.e2e.test_file_health import problem_of, readiness, wait_for
from tests.support.denying_sqs import allow, deny
from tests.support.sqs_sns import run_sqs_sns

pytestmark = [pytest.mark.e2e, pytest.mark.aws]


@pytest.fixture(scope="module")
def denying_endpoint() -> Iterator[str]:
    """The endpoint of a server for SQS that can be switched to deny."""
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
    deployment = Deployment(tmp_path, backend="aws", elsewhere=leads)
    deny(denying_endpoint, "ReceiveMessage", code)
    server, url = deployment.serve("--consume")
    with server:
        wait_for(server, url, 503, lambda checks: code in problem_of(checks["receive"]))
        assert readiness(url)[1]["checks"]["queues"]["ok"], "the other calls work"
        allow(denying_endpoint, "ReceiveMessage")
        wait_for(server, url, 200, lambda checks: checks["receive"]["ok"])
        assert server.terminate() == 0


_PROCESS = """
import datetime, json
ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
keys = {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": "test"}
print(json.dumps({"Version": 1, "Expiration": ends.isoformat(), **keys}))
"""


def test_credentials_that_are_gone_for_a_while(
    tmp_path: Path, dynamodb_endpoint: str, denying_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running process is not ready while its credential process prints no JSON, names that, and goes on after it."""
    leads = aws_settings(
        dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=denying_endpoint, is_fifo=False, has_topic=False
    )
    for variable in [name for name in (*leads, *os.environ) if name.startswith(("AWS_ACCESS_", "AWS_SECRET_"))]:
        monkeypatch.delenv(variable, raising=False)
        leads.pop(variable, None)
    program, config = tmp_path / "credentials.py", tmp_path / "config"
    program.write_text(_PROCESS, encoding="utf-8")
    config.write_text(f"[default]\ncredential_process = {sys.executable} {program}\n", encoding="utf-8")
    deployment = Deployment(tmp_path, backend="aws", elsewhere={**leads, "AWS_CONFIG_FILE": str(config)})
    server, url = deployment.serve("--consume")
    with server:
        wait_for(server, url, 200, lambda checks: checks["queues"]["ok"])
        program.write_text("print('please log in')", encoding="utf-8")
        wait_for(server, url, 503, lambda checks: "did not print one JSON object" in problem_of(checks["queues"]))
        program.write_text(_PROCESS, encoding="utf-8")
        wait_for(server, url, 200, lambda checks: checks["receive"]["ok"])
        assert server.terminate() == 0
        assert not any("Traceback" in line for line in server.stderr_lines)
