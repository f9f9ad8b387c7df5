"""Doctor sees that the packages of the aws backend are missing, whatever else is."""

from __future__ import annotations

import json
import sys

import pytest

from tests.cli.conftest import Terminal


@pytest.mark.parametrize("has_queues", [True, False])
def test_a_missing_boto3_is_a_fault(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, has_queues: bool) -> None:
    """Also before the queues are named: `linkhub init`, which would name them, needs it as well."""
    monkeypatch.setitem(sys.modules, "boto3", None)  # as if it were not installed
    urls = {"SQS_CAPTION_QUEUE_URL": "http://q/1/c", "SQS_THUMBNAIL_QUEUE_URL": "http://q/1/t"} if has_queues else {}
    result = terminal.run("doctor", "--json", LINKHUB_BACKEND="aws", LINKHUB_PORT="0", AWS_REGION="us-east-1", **urls)
    found = {finding["subject"]: finding for finding in map(json.loads, result.stdout.splitlines())}
    assert found["packages"]["verdict"] == "fault"
    assert "boto3" in found["packages"]["seen"]
    assert found["packages"]["mend"][0].startswith("pip install ")
