"""The Lambda function of the guide runs without changes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.aws_resources import aws_settings

pytestmark = pytest.mark.aws

ROOT = Path(__file__).parents[3]

_INVOKE = """
import asyncio, json, sys
import function
from linkhub_core.model import Kind, ProductKey

def record(kind, number, body):
    return {
        "messageId": number, "receiptHandle": number, "body": body, "messageAttributes": {},
        "eventSourceARN": function.queues[kind].arn,
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1780000000000"},
    }

caption, thumbnails, key = json.load(sys.stdin)
replies = [
    function.handler({"Records": [record(Kind.CAPTION, "1", caption), record(Kind.CAPTION, "2", "rubbish")]}, None),
    function.handler({"Records": [record(Kind.THUMBNAIL, "3", thumbnails)]}, None),
]
try:
    function.handler({"key1": "value1", "key2": "value2", "key3": "value3"}, None)
except Exception as error:
    replies.append(f"{type(error).__name__}: {error}")
products = asyncio.run(function.products.find([ProductKey(*key)]))
function.clients.close()
print(json.dumps([replies, len(products)]))
"""


def test_the_function_of_the_guide_joins_two_halves(
    dynamodb_endpoint: str, sqs_sns_endpoint: str, tmp_path: Path
) -> None:
    """Two invocations make a product; no reply names a message, not even the one that went to the dead letters.

    The console's test event, which has no records, is answered with an error that says so.
    """
    (function,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/guide/aws.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "function.py").write_text(function, encoding="utf-8")
    caption, thumbnails = ((ROOT / f"tests/data/{kind}.json").read_text("utf-8") for kind in ("caption", "thumbnail"))
    event = json.loads(caption)
    leads = aws_settings(
        dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint, is_fifo=False, has_topic=True
    )
    run = subprocess.run(
        [sys.executable, "-c", _INVOKE],
        input=json.dumps([caption, thumbnails, [event["seller_handle"], event["video_id"]]]),
        env={**os.environ, **leads},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    replies, products = json.loads(run.stdout.splitlines()[-1])
    *answers, refused = replies
    assert answers == [{"batchItemFailures": []}] * 2
    assert refused.startswith("MalformedEvent: Records: is missing")
    assert products == 1
