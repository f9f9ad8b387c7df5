"""A message can be followed through the logs, from its queue to the announcement of its product."""

from __future__ import annotations

import json

import pytest

from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_event
from tests.e2e.deployment import Deployment

pytestmark = pytest.mark.e2e


def test_the_correlation_id_leads_from_the_queue_to_the_announcement(deployment: Deployment) -> None:
    """The line that staged a half, the one that saved its product and the one that announced it name the messages."""
    first, second = deployment.directory / "first.jsonl", deployment.directory / "second.jsonl"
    first.write_text(json.dumps(an_event(Kind.CAPTION)), encoding="utf-8")
    second.write_text(json.dumps(an_event(Kind.THUMBNAIL)), encoding="utf-8")
    with deployment.consume() as consumer:
        deployment.run("publish", str(first))
        staged = json.loads(consumer.wait_for_line('"event":"half_staged"').string)
        deployment.run("publish", str(second))
        saved = json.loads(consumer.wait_for_line('"event":"product_saved"').string)
        announced = json.loads(consumer.wait_for_line('"event":"product_announced"').string)
    assert staged["correlation_id"] == f"{first}:1"
    assert saved["correlation_ids"] == [f"{first}:1", f"{second}:1"]
    assert announced["correlation_id"] == f"{second}:1"
