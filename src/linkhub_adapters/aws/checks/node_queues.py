"""The queues through which serving nodes hear the topic: how many nodes live, and what dead ones left behind.

Any serving node takes away what dead ones left, every half minute: something is left over only while none runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum, auto

from attrs import frozen

from linkhub_adapters.aws.checks.aws_command import AwsCommand
from linkhub_adapters.aws.checks.call_failures import unread
from linkhub_adapters.aws.checks.probe import Probe, Refusal, Why
from linkhub_adapters.aws.checks.services import Services
from linkhub_adapters.aws.resources import NODE_QUEUES
from linkhub_adapters.aws.sns.node_queues import DEAD_AFTER_SECONDS, alive_at
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.ports.finding import Finding

__all__ = ["Node", "NodesSeen", "look_at_nodes", "node_findings", "state_of"]

SUBJECT = "node queues"
MOST_QUEUES = 100  # one call each


class Node(Enum):
    """What a queue with the name of a node's is."""

    LIVING = auto()
    DEAD = auto()
    OF_ANOTHER = auto()


@frozen(kw_only=True)
class NodesSeen:
    """What SQS said: the tags of queues by URL, or why it told nothing. ``more`` queues were not asked about."""

    topic_arn: str
    tags: Mapping[str, Mapping[str, str]] | Refusal
    more: bool = False


async def look_at_nodes(inquiry: Probe, services: Services, topic_arn: str) -> NodesSeen:
    """Ask SQS for queues with names of nodes', and for their tags."""
    listed = await inquiry(
        services.sqs.list_queues, QueueNamePrefix=NODE_QUEUES.removesuffix("*"), MaxResults=MOST_QUEUES
    )
    if isinstance(listed, Refusal):
        return NodesSeen(topic_arn=topic_arn, tags=listed)
    tags: dict[str, Mapping[str, str]] = {}
    for url in listed.get("QueueUrls", []):
        told = await inquiry(services.sqs.list_queue_tags, QueueUrl=url)
        if not isinstance(told, Refusal):
            tags[url] = told.get("Tags", {})
        elif told.why is not Why.MISSING:  # a node that just stopped took its queue with it
            return NodesSeen(topic_arn=topic_arn, tags=told)
    return NodesSeen(topic_arn=topic_arn, tags=tags, more="NextToken" in listed)


def state_of(tags: Mapping[str, str], topic_arn: str, now: datetime) -> Node:
    """What the tags of a queue say: a node of this topic says every minute that it lives."""
    said_at = alive_at(tags, topic_arn)
    if said_at is None:
        return Node.OF_ANOTHER
    return Node.DEAD if now.timestamp() - said_at > DEAD_AFTER_SECONDS else Node.LIVING


def node_findings(seen: NodesSeen, now: datetime, aws: AwsCommand, *, is_needed: bool) -> Sequence[Finding]:
    """How many nodes live, and what is left over.

    Args:
        seen: what SQS said.
        now: this moment.
        aws: writes the commands.
        is_needed: whether who asks has to list these queues for its own work, as servers do.
    """
    if isinstance(seen.tags, Refusal):
        return [_unread(seen.tags, is_needed=is_needed)]
    states = {url: state_of(tags, seen.topic_arn, now) for url, tags in seen.tags.items()}
    living = sum(state is Node.LIVING for state in states.values())
    dead = sorted(url for url, state in states.items() if state is Node.DEAD)
    first = f" (of the first {MOST_QUEUES})" if seen.more else ""
    if not dead:
        return [Finding.ok(SUBJECT, f"nodes that listen: {living}{first}; none left over")]
    names = ", ".join(map(name_of, dead[:3])) + (", ..." if len(dead) > 3 else "")
    problem = f"left over by dead nodes: {len(dead)}{first} ({names}); nodes that listen: {living}"
    steps = [aws("sqs", "delete-queue", queue_url=url) for url in dead]
    serve = "linkhub serve (a serving node takes them away within a minute), or:"
    return [Finding.warning(SUBJECT, problem, serve, *steps)]


def _unread(refusal: Refusal, *, is_needed: bool) -> Finding:
    return unread(SUBJECT, refusal, action="sqs:ListQueues", resource="*", is_needed=is_needed)
