"""Makes sure that the topic is there, and that other services are subscribed to it; tells what was done.

Serving nodes subscribe themselves, with queues of their own (:mod:`.node_queues`): what is made here is what stays.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.resources import Subscription, Topic
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

__all__ = ["SUBSCRIPTION", "TOPIC", "SnsProvisioning"]

TOPIC, SUBSCRIPTION = "topic", "subscription"
_CONFIRM = "it waits to be confirmed: SNS sent its endpoint a link for that"
_ALLOW = "the queue's own policy has to let this topic send to it: linkhub does not touch other services' queues"


@frozen(kw_only=True)
class SnsProvisioning:
    """Provisions the topic."""

    sns: SNSClient
    calls: AwsCalls

    async def ensure(self, topic: Topic, arn: str | None = None) -> Provisioned:
        """Make the topic, unless it is there.

        Args:
            topic: what it is called.
            arn: where it should be, if that is known; one that is made is always our own.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        found = await (self._look(arn) if arn else self._search(topic.name))
        if found is not None:
            return Provisioned(resource=TOPIC, name=topic.name, status=Status.UNCHANGED, address=found)
        made = (await self.calls(self.sns.create_topic, Name=topic.name))["TopicArn"]
        return Provisioned(resource=TOPIC, name=topic.name, status=Status.MADE, address=made)

    async def subscribe(self, topic_arn: str, subscription: Subscription) -> Provisioned:
        """Subscribe an endpoint to announcements, unless it is subscribed.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        found = await self._subscribed(topic_arn, subscription)
        status = Status.MADE if found is None else Status.UNCHANGED
        arn = found or await self._subscribe(topic_arn, subscription)
        notes = [] if arn.startswith("arn:") else [_CONFIRM]  # SNS says in its place that it is pending
        if status is Status.MADE and subscription.protocol == "sqs":
            notes.append(_ALLOW)
        return Provisioned(resource=SUBSCRIPTION, name=subscription.name, status=status, address=arn, notes=notes)

    # --- calls

    async def _look(self, arn: str) -> str | None:
        try:
            await self.calls(self.sns.get_topic_attributes, TopicArn=arn)
        except LinkhubError as error:
            if not is_missing(error):
                raise
            return None
        return arn

    async def _search(self, name: str) -> str | None:
        async for page in self._pages(self.sns.list_topics, "Topics"):
            if name_of(page["TopicArn"]) == name:
                return str(page["TopicArn"])
        return None

    async def _subscribed(self, topic_arn: str, wanted: Subscription) -> str | None:
        async for one in self._pages(self.sns.list_subscriptions_by_topic, "Subscriptions", TopicArn=topic_arn):
            if (one["Protocol"], one["Endpoint"]) == (wanted.protocol, wanted.endpoint):
                return str(one["SubscriptionArn"])
        return None

    async def _subscribe(self, topic_arn: str, wanted: Subscription) -> str:
        attributes = {"FilterPolicy": json.dumps(wanted.filter_policy)}
        if wanted.is_raw:
            attributes["RawMessageDelivery"] = "true"
        reply = await self.calls(
            self.sns.subscribe,
            TopicArn=topic_arn,
            Protocol=wanted.protocol,
            Endpoint=wanted.endpoint,
            Attributes=attributes,
        )
        return reply["SubscriptionArn"]

    async def _pages(self, operation: Any, field: str, **asked: str) -> AsyncIterator[Mapping[str, Any]]:
        token: str | None = ""
        while token is not None:
            reply = await self.calls(operation, **asked, **({"NextToken": token} if token else {}))
            for one in reply.get(field, []):
                yield one
            token = reply.get("NextToken")
