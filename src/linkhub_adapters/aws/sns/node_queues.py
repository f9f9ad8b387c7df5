"""The queues through which serving nodes receive announcements: one for each node, from its start to its end.

The name of a queue contains the time of its creation. Its tags contain the topic and the time at which its node last
marked itself as alive (``linkhub:alive-at``, in seconds since 1970). A node that dies leaves its queue and its
subscription; :meth:`NodeQueues.remove_dead` removes them when the tag is 15 minutes old. It removes nothing that may
belong to a living node or to another program: a queue without these tags is not removed; a subscription without a queue
may belong to a node that just starts, so it is removed by the time in the name. A living node whose queue was removed
(it could not reach AWS for so long) notices this at its next receive, and opens another.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources.protection import ALL_OF_SQS, tls_only
from linkhub_adapters.aws.sns.messages import HEARTBEAT
from linkhub_adapters.aws.sqs.messages import typed_attributes
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED
from linkhub_core.ports import Clock

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

ALIVE_TAG = "linkhub:alive-at"
TOPIC_TAG = "linkhub:topic"
RETENTION_SECONDS = 300  # older announcements are not needed: clients that reconnect read the store
DEAD_AFTER_SECONDS = 900.0  # a living node renews its tag every minute


def alive_at(tags: Mapping[str, str], topic_arn: str) -> int | None:
    """When a node last marked itself as alive, in seconds since 1970; none if the queue is of no node of this topic."""
    if tags.get(TOPIC_TAG) != topic_arn or not tags.get(ALIVE_TAG, "").isdecimal():
        return None
    return int(tags[ALIVE_TAG])


@frozen(kw_only=True)
class NodeQueue:
    """The queue of one node, with its subscription."""

    node_id: str
    url: str
    arn: str
    subscription_arn: str


@frozen(kw_only=True)
class NodeQueues:
    """Creates and removes the queues of nodes. Their names begin with ``prefix``, of at most 40 characters.

    Raises:
        ServiceUnavailable: from each method, if a call failed.
    """

    sqs: SQSClient
    sqs_calls: AwsCalls
    sns: SNSClient
    sns_calls: AwsCalls
    topic_arn: str
    clock: Clock
    prefix: str = "linkhub"

    async def open(self) -> NodeQueue:
        """Create a queue and subscribe it."""
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
        """Unsubscribe a queue and delete it with its messages."""
        await self._remove(node.url, [node.subscription_arn])

    async def mark_alive(self, node: NodeQueue) -> None:
        """Renew the tag of the node's queue."""
        await self.sqs_calls(self.sqs.tag_queue, QueueUrl=node.url, Tags={ALIVE_TAG: str(self._now())})

    async def send_heartbeat(self, node: NodeQueue) -> None:
        """Publish a message to this node alone: some 100 bytes, billed as one publication."""
        await self.sns_calls(
            self.sns.publish,
            TopicArn=self.topic_arn,
            Message=json.dumps({"event_type": HEARTBEAT}),
            MessageAttributes=typed_attributes({"eventType": HEARTBEAT, "nodeId": node.node_id}),
        )

    async def remove_dead(self) -> int:
        """Remove queues and subscriptions of nodes that ended without closing theirs.

        Returns:
            The number of dead nodes.
        """
        created_before = self._now() - DEAD_AFTER_SECONDS
        # Subscriptions first: one without a queue below has lost it, or belongs to a node that just starts.
        subscriptions = await self._subscriptions()
        living: set[str] = set()
        dead: set[str] = set()
        async for url, renewed_at in self.found():
            if renewed_at is not None and renewed_at < created_before:
                dead.add(name_of(url))
                await self._remove(url, subscriptions.get(name_of(url), ()))
            else:
                living.add(name_of(url))
        for name, arns in subscriptions.items():
            if name not in living and name not in dead and self._created_at(name) < created_before:
                dead.add(name)
                await self._unsubscribe(arns)
        return len(dead)

    async def found(self) -> AsyncIterator[tuple[str, int | None]]:
        """The URL of each queue with the name of a node's, and when its node last marked itself as alive.

        That is None if the queue is of no node of this topic, or was just deleted.
        """
        urls = self.sqs_calls.items(
            self.sqs.list_queues, "QueueUrls", QueueNamePrefix=self._name_prefix, MaxResults=1000
        )
        async for url in urls:
            found = await self.sqs_calls.unless_missing(self.sqs.list_queue_tags, QueueUrl=url)
            yield url, None if found is None else alive_at(found.get("Tags", {}), self.topic_arn)

    # --- calls

    @property
    def _name_prefix(self) -> str:
        return f"{self.prefix}-node-"

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    def _created_at(self, name: str) -> float:
        """When a queue was created by its name, in seconds since 1970; infinity for another form of name."""
        try:
            return int(name.removeprefix(self._name_prefix).split("-")[0], 16)
        except ValueError:
            return float("inf")

    async def _subscriptions(self) -> Mapping[str, Sequence[str]]:
        """The subscriptions of nodes to the topic, by the names of their queues."""
        found: dict[str, list[str]] = {}
        listed = self.sns_calls.items(self.sns.list_subscriptions_by_topic, "Subscriptions", TopicArn=self.topic_arn)
        async for subscription in listed:
            name = name_of(subscription["Endpoint"])
            if subscription["Protocol"] == "sqs" and name.startswith(self._name_prefix):
                found.setdefault(name, []).append(subscription["SubscriptionArn"])
        return found

    async def _remove(self, url: str, subscription_arns: Sequence[str]) -> None:
        await self._unsubscribe(subscription_arns)
        await self.sqs_calls.unless_missing(self.sqs.delete_queue, QueueUrl=url)

    async def _unsubscribe(self, subscription_arns: Sequence[str]) -> None:
        for arn in subscription_arns:
            await self.sns_calls(self.sns.unsubscribe, SubscriptionArn=arn)


def _policy(topic_arn: str) -> str:
    """The policy that lets this topic send to the queue, and nothing else; requests without TLS are denied."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement, tls_only(ALL_OF_SQS, "*")]})


def _filter(node_id: str) -> str:
    """The filter for announcements and the heartbeats of this node."""
    return json.dumps({"$or": [{"eventType": [NEW_PRODUCT, PRODUCT_UPDATED, PRODUCT_REMOVED]}, {"nodeId": [node_id]}]})
