"""The queues of serving nodes: living nodes are counted, dead ones come with the calls that delete their queues."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks.node_queues import MAX_QUEUES, node_result
from linkhub_core.ports.finding import Verdict
from linkhub_core.testing.fakes import FakeClock

NOW = FakeClock().now()
NOW_SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("renewed_at", "seen"),
    [
        (NOW_SECONDS - 60, "nodes that listen: 1; none left over"),
        (NOW_SECONDS - 899, "nodes that listen: 1; none left over"),
        (NOW_SECONDS - 1_000, "left over by dead nodes: 1 (n); nodes that listen: 0"),
        (None, "nodes that listen: 0; none left over"),
    ],
)
def test_a_node_is_dead_after_fifteen_minutes(renewed_at: int | None, seen: str) -> None:
    """The queue of another program counts for nothing."""
    assert node_result({"http://x/1/n": renewed_at}, NOW).seen == seen


def test_each_queue_that_is_left_over_comes_with_its_call() -> None:
    """Only so many queues are read."""
    urls = [f"http://x/1/n{number:03}" for number in range(MAX_QUEUES + 1)]
    result = node_result(dict.fromkeys(urls, NOW_SECONDS - 2_000), NOW)
    assert result.verdict is Verdict.WARNING
    assert result.seen == (
        "left over by dead nodes: 100 (of the first 100) (n000, n001, n002, ...); nodes that listen: 0"
    )
    assert [call.parameters for call in result.calls] == [{"QueueUrl": url} for url in urls[:MAX_QUEUES]]
