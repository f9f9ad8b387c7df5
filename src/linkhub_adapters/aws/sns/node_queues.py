"""The short-lived queues through which serving nodes hear the topic: one a node, made at its start, gone at its end.

A queue's name tells when it was born; its tags tell which topic it is for and when its node last said that it lives
(``linkhub:alive-at``, in seconds since 1970). A node that dies leaves its queue and its subscription behind;
:meth:`NodeQueues.remove_dead` takes them away once the tag is a quarter of an hour old. It never removes what it cannot
be sure of: a queue without these tags is somebody else's, and a subscription without a queue may be of a node that is
just starting, so it goes by the birth in the name. A living node whose queue was removed all the same (it could not
reach AWS for so long) finds that out at its next receive, and opens another.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.sns.messages import HEARTBEAT
from linkhub_adapters.aws.sqs.messages import typed_attributes
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_UPDATED
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

__all__ = ["RETENTION_SECONDS", "NodeQueue", "NodeQueues", "alive_at"]

ALIVE_TAG = "linkhub:alive-at"
TOPIC_TAG = "linkhub:topic"
RETENTION_SECONDS = 300  # older news is for nobody: viewers who were away ask with `since`
DEAD_AFTER_SECONDS = 900.0  # living ones speak every minute


def alive_at(tags: Mapping[str, str], topic_arn: str) -> int | None:
    """When a node said last that it lives, in seconds since 1970; none where the queue is no node's of this topic."""
    if tags.get(TOPIC_TAG) != topic_arn or not tags.get(ALIVE_TAG, "").isdecimal():
        return None
    return int(tags[ALIVE_TAG])


@frozen(kw_only=True)
class NodeQueue:
    """A node's own queue on the topic."""

    node_id: str
    url: str
    arn: str
    subscription_arn: str


@frozen(kw_only=True)
class NodeQueues:
    """Makes and removes the queues of nodes. ``prefix`` begins their names; it has 40 characters at most.

    Raises:
        ServiceUnavailable: from each method, when SQS or SNS did not do it.
    """

    sqs: SQSClient
    sqs_calls: AwsCalls
    sns: SNSClient
    sns_calls: AwsCalls
    topic_arn: str
    clock: Clock
    prefix: str = "linkhub"

    async def open(self) -> NodeQueue:
        """Make a queue and subscribe it: what is announced from now on comes to it."""
        node_id = f"{self._now():x}-{uuid4().hex[:12]}"
        created = await self.sqs_calls(
            self.sqs.create_queue,
            QueueName=f"{self._name_prefix}{node_id}",
            Attributes={"MessageRetentionPeriod": str(RETENTION_SECONDS), "Policy": _policy(self.topic_arn)},
            tags={ALIVE_TAG: str(self._now()), TOPIC_TAG: self.topic_arn},
        )
        url = created["QueueUrl"]
        try:
            return await self._subscribe(node_id, url)
        except LinkhubError:
            await self._remove(url, ())
            raise

    async def _subscribe(self, node_id: str, url: str) -> NodeQueue:
        found = await self.sqs_calls(self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        subscribed = await self.sns_calls(
            self.sns.subscribe,
            TopicArn=self.topic_arn,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true", "FilterPolicy": _filter(node_id)},
            ReturnSubscriptionArn=True,
        )
        return NodeQueue(node_id=node_id, url=url, arn=arn, subscription_arn=subscribed["SubscriptionArn"])

    async def close(self, node: NodeQueue) -> None:
        """Unsubscribe a queue and delete it, with what is in it."""
        await self._remove(node.url, [node.subscription_arn])

    async def mark_alive(self, node: NodeQueue) -> None:
        """Say that the node lives."""
        await self.sqs_calls(self.sqs.tag_queue, QueueUrl=node.url, Tags={ALIVE_TAG: str(self._now())})

    async def send_heartbeat(self, node: NodeQueue) -> None:
        """Publish a message that comes back to this node alone: some 100 bytes, billed as one publication."""
        await self.sns_calls(
            self.sns.publish,
            TopicArn=self.topic_arn,
            Message=json.dumps({"event_type": HEARTBEAT}),
            MessageAttributes=typed_attributes({"eventType": HEARTBEAT, "nodeId": node.node_id}),
        )

    async def remove_dead(self) -> int:
        """Remove queues and subscriptions of nodes that ended without closing theirs.

        Returns:
            How many nodes were dead.
        """
        born_before = self._now() - DEAD_AFTER_SECONDS
        # Subscriptions first: one that is here and has no queue below has none any more, or its node is just starting.
        subscriptions = await self._subscriptions()
        living: set[str] = set()
        dead: set[str] = set()
        async for url in self._urls():
            if await self._is_dead(url, born_before):
                dead.add(name_of(url))
                await self._remove(url, subscriptions.get(name_of(url), ()))
            else:
                living.add(name_of(url))
        for name, arns in subscriptions.items():
            if name not in living and name not in dead and self._birth(name) < born_before:
                dead.add(name)
                await self._unsubscribe(arns)
        return len(dead)

    # --- how

    @property
    def _name_prefix(self) -> str:
        return f"{self.prefix}-node-"

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    def _birth(self, name: str) -> float:
        """When the node of a queue began, in seconds since 1970; for a name that does not tell, never."""
        try:
            return int(name.removeprefix(self._name_prefix).split("-")[0], 16)
        except ValueError:
            return float("inf")

    async def _subscriptions(self) -> Mapping[str, Sequence[str]]:
        """The subscriptions of nodes to the topic, by the names of their queues."""
        found: dict[str, list[str]] = {}
        token: str | None = ""
        while token is not None:
            reply = await self.sns_calls(
                self.sns.list_subscriptions_by_topic, TopicArn=self.topic_arn, **({"NextToken": token} if token else {})
            )
            for subscription in reply.get("Subscriptions", []):
                name = name_of(subscription["Endpoint"])
                if subscription["Protocol"] == "sqs" and name.startswith(self._name_prefix):
                    found.setdefault(name, []).append(subscription["SubscriptionArn"])
            token = reply.get("NextToken")
        return found

    async def _urls(self) -> AsyncIterator[str]:
        token: str | None = ""
        while token is not None:
            reply = await self.sqs_calls(
                self.sqs.list_queues,
                QueueNamePrefix=self._name_prefix,
                MaxResults=1000,
                **({"NextToken": token} if token else {}),
            )
            for url in reply.get("QueueUrls", []):
                yield url
            token = reply.get("NextToken")

    async def _is_dead(self, url: str, born_before: float) -> bool:
        try:
            tags = (await self.sqs_calls(self.sqs.list_queue_tags, QueueUrl=url)).get("Tags", {})
        except LinkhubError as error:
            if is_missing(error):
                return False  # its node closed it meanwhile
            raise
        said_at = alive_at(tags, self.topic_arn)
        return said_at is not None and said_at < born_before

    async def _remove(self, url: str, subscription_arns: Sequence[str]) -> None:
        await self._unsubscribe(subscription_arns)
        try:
            await self.sqs_calls(self.sqs.delete_queue, QueueUrl=url)
        except LinkhubError as error:
            if not is_missing(error):
                raise

    async def _unsubscribe(self, subscription_arns: Sequence[str]) -> None:
        for arn in subscription_arns:
            await self.sns_calls(self.sns.unsubscribe, SubscriptionArn=arn)


def _policy(topic_arn: str) -> str:
    """Only this topic may send to the queue."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _filter(node_id: str) -> str:
    """Announcements, and the heartbeats of this node alone."""
    return json.dumps({"$or": [{"eventType": [NEW_PRODUCT, PRODUCT_UPDATED]}, {"nodeId": [node_id]}]})
