"""The queues through which serving nodes receive announcements: how many nodes live, and what dead nodes left.

Each serving node removes the queues of dead nodes every half minute, so they stay only while no node runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.checks.check_result import Advice, CheckResult, ok
from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.resources import NODE_QUEUES
from linkhub_adapters.aws.resources.difference import Call
from linkhub_adapters.aws.sns.node_queues import DEAD_AFTER_SECONDS, alive_at
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.finding import Verdict

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

__all__ = ["Node", "NodeQueuesFound", "node_result", "read_node_queues", "state_of"]

SUBJECT = "node queues"
MAX_QUEUES = 100  # one call each


class Node(Enum):
    """The state of a queue with the name of a node's."""

    LIVING = auto()
    DEAD = auto()
    OF_ANOTHER = auto()


@frozen(kw_only=True)
class NodeQueuesFound:
    """The tags of the queues by URL; with ``has_more`` some queues were not read."""

    topic_arn: str
    tags: Mapping[str, Mapping[str, str]]
    has_more: bool = False


async def read_node_queues(sqs: SQSClient, calls: AwsCalls, topic_arn: str) -> NodeQueuesFound:
    """Read the queues with names of nodes', and their tags.

    Raises:
        ServiceUnavailable: SQS does not answer, or denies it.
    """
    prefix = NODE_QUEUES.removesuffix("*")
    listed = await calls(sqs.list_queues, QueueNamePrefix=prefix, MaxResults=MAX_QUEUES)
    tags: dict[str, Mapping[str, str]] = {}
    for url in listed.get("QueueUrls", []):
        try:
            tags[url] = (await calls(sqs.list_queue_tags, QueueUrl=url)).get("Tags", {})
        except LinkhubError as error:
            if not is_missing(error):  # else its node just stopped
                raise
    return NodeQueuesFound(topic_arn=topic_arn, tags=tags, has_more="NextToken" in listed)


def state_of(tags: Mapping[str, str], topic_arn: str, now: datetime) -> Node:
    """The state of a queue by its tags: a node of this topic renews them every minute."""
    renewed_at = alive_at(tags, topic_arn)
    if renewed_at is None:
        return Node.OF_ANOTHER
    return Node.DEAD if now.timestamp() - renewed_at > DEAD_AFTER_SECONDS else Node.LIVING


def node_result(found: NodeQueuesFound, now: datetime) -> CheckResult:
    """How many nodes live, and which queues are left over."""
    states = {url: state_of(tags, found.topic_arn, now) for url, tags in found.tags.items()}
    living = sum(state is Node.LIVING for state in states.values())
    dead = sorted(url for url, state in states.items() if state is Node.DEAD)
    first = f" (of the first {MAX_QUEUES})" if found.has_more else ""
    if not dead:
        return ok(SUBJECT, f"nodes that listen: {living}{first}; none left over")
    names = ", ".join(map(name_of, dead[:3])) + (", ..." if len(dead) > 3 else "")
    return CheckResult(
        subject=SUBJECT,
        verdict=Verdict.WARNING,
        seen=f"left over by dead nodes: {len(dead)}{first} ({names}); nodes that listen: {living}",
        advice=Advice.START_SERVER,
        calls=[Call(service="sqs", operation="delete_queue", parameters={"QueueUrl": url}) for url in dead],
    )
