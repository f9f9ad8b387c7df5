"""What the tags of node queues say."""

from __future__ import annotations

import pytest

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.node_queues import Node, NodesSeen, node_findings, state_of
from linkhub_adapters.aws.checks.probe import Refusal, Why
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


def test_each_queue_that_is_left_over_is_told() -> None:
    """Each comes with its own command, and only so many were asked about."""
    seen = NodesSeen(topic_arn=TOPIC, tags={f"http://x/1/n{number}": tags(2_000) for number in range(5)}, more=True)
    (finding,) = node_findings(seen, NOW, AwsCommand(), is_needed=False)
    assert finding.verdict is Verdict.WARNING
    assert finding.seen == "left over by dead nodes: 5 (of the first 100) (n0, n1, n2, ...); nodes that listen: 0"
    assert [step for step in finding.mend if "delete-queue" in step] == [
        f"aws sqs delete-queue --queue-url http://x/1/n{number}" for number in range(5)
    ]


@pytest.mark.parametrize(("is_needed", "verdict"), [(True, Verdict.FAULT), (False, Verdict.NOT_CHECKED)])
def test_queues_that_may_not_be_listed(is_needed: bool, verdict: Verdict) -> None:
    """A server has to list them, a consumer has not."""
    seen = NodesSeen(topic_arn=TOPIC, tags=Refusal(why=Why.DENIED))
    (finding,) = node_findings(seen, NOW, AwsCommand(), is_needed=is_needed)
    assert finding.verdict is verdict
