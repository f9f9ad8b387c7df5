"""What the tags of node queues say."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks.node_queues import Node, NodeQueuesFound, node_result, state_of
from linkhub_adapters.aws.sns.node_queues import ALIVE_TAG, TOPIC_TAG
from linkhub_core.ports.finding import Verdict
from linkhub_core.testing.fakes import FakeClock

TOPIC = "arn:aws:sns:eu-west-1:1:news"
NOW = FakeClock().now()


def tags(silent_seconds: int, topic: str = TOPIC) -> dict[str, str]:
    """The tags of a queue whose node spoke so long ago."""
    return {ALIVE_TAG: str(int(NOW.timestamp()) - silent_seconds), TOPIC_TAG: topic}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (tags(60), Node.LIVING),
        (tags(899), Node.LIVING),
        (tags(1_000), Node.DEAD),
        (tags(1_000, "arn:other"), Node.OF_ANOTHER),
        ({TOPIC_TAG: TOPIC}, Node.OF_ANOTHER),
        ({ALIVE_TAG: "yesterday", TOPIC_TAG: TOPIC}, Node.OF_ANOTHER),
    ],
)
def test_a_node_is_dead_when_it_was_silent_for_long(told: dict[str, str], state: Node) -> None:
    """What does not bear this topic's tags is somebody else's."""
    assert state_of(told, TOPIC, NOW) is state


def test_each_queue_that_is_left_over_comes_with_its_call() -> None:
    """Only so many queues are read."""
    urls = [f"http://x/1/n{number}" for number in range(5)]
    found = NodeQueuesFound(topic_arn=TOPIC, tags={url: tags(2_000) for url in urls}, has_more=True)
    result = node_result(found, NOW)
    assert result.verdict is Verdict.WARNING
    assert result.seen == "left over by dead nodes: 5 (of the first 100) (n0, n1, n2, ...); nodes that listen: 0"
    assert [call.parameters for call in result.calls] == [{"QueueUrl": url} for url in urls]
