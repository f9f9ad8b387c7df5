"""Failures of a consumer's calls stand until the same call succeeds, and for a minute at most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from linkhub_adapters.aws.client.recent_failures import RecentFailures
from linkhub_core.errors import ServiceUnavailable

DENIED = ServiceUnavailable("DynamoDB", "denied")


def statements(table: str) -> Mapping[str, Any]:
    """The parameters of a call that writes to ``table``."""
    return {"Statements": [{"Statement": f'INSERT INTO "{table}" VALUE {{}}'}]}


async def test_a_failure_counts_until_the_same_call_succeeds() -> None:
    """A success at another table, or of a read, does not end it."""
    recent = RecentFailures()
    recent.failed("batch_execute_statement", statements("products"), DENIED)
    recent.succeeded("batch_execute_statement", statements("staging"))
    recent.succeeded("batch_get_item", {"RequestItems": {"products": {}}})
    with pytest.raises(ServiceUnavailable, match="denied"):
        await recent.check()
    recent.succeeded("batch_execute_statement", statements("products"))
    await recent.check()


async def test_a_failure_of_another_minute_is_forgotten() -> None:
    """A process without work makes no call that could succeed."""
    now = [0.0]
    recent = RecentFailures(seconds=lambda: now[0])
    recent.failed("publish", {"TopicArn": "arn"}, DENIED)
    now[0] = 59.0
    with pytest.raises(ServiceUnavailable):
        await recent.check()
    now[0] = 60.0
    await recent.check()


async def test_probes_and_upkeep_are_not_judged_here() -> None:
    """A right that only the removal of dead queues needs keeps no process from being ready."""
    recent = RecentFailures()
    recent.failed("list_queues", {}, DENIED)
    await recent.check()
