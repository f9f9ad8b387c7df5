"""SNS's topic and the subscriptions of other services: reads what is there, compares it, makes what is absent.

Serving nodes subscribe themselves, with queues of their own (:mod:`~linkhub_adapters.aws.sns.node_queues`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import is_missing
from linkhub_adapters.aws.resources.definitions import Subscription, Topic
from linkhub_adapters.aws.resources.difference import Difference, Remedy
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

__all__ = ["SUBSCRIPTION", "TOPIC", "SnsTopics", "subscriptions_of", "topic_differences"]

TOPIC, SUBSCRIPTION = "topic", "subscription"
_CONFIRM = "it waits to be confirmed: SNS sent its endpoint a link for that"
_ALLOW = "the queue's own policy has to let this topic send to it: linkhub does not change other services' queues"


def subscriptions_of(attributes: Mapping[str, str]) -> tuple[int, int]:
    """How many subscriptions of a topic are confirmed, and how many are pending."""
    return int(attributes.get("SubscriptionsConfirmed", 0)), int(attributes.get("SubscriptionsPending", 0))


def topic_differences(attributes: Mapping[str, str]) -> Sequence[Difference]:
    """Everything in which a topic is not as planned, from its attributes."""
    confirmed, pending = subscriptions_of(attributes)
    if not pending:
        return []
    return [
        Difference(
            attribute="SubscriptionsPending",
            found=str(pending),
            wanted="0",
            problem=f"{pending} of its subscriptions wait to be confirmed and get nothing; confirmed: {confirmed}",
            verdict=Verdict.WARNING,
            remedy=Remedy.DECIDE,
        )
    ]


@frozen(kw_only=True)
class SnsTopics:
    """The topics of one account and region."""

    sns: SNSClient
    calls: AwsCalls

    async def read(self, arn: str) -> Mapping[str, str] | None:
        """The attributes of a topic; none if there is no such topic.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        try:
            return dict((await self.calls(self.sns.get_topic_attributes, TopicArn=arn))["Attributes"])
        except LinkhubError as error:
            if not is_missing(error):
                raise
            return None

    async def ensure(self, topic: Topic, arn: str | None = None) -> Provisioned:
        """Make the topic, unless it is there.

        Args:
            topic: the wanted topic.
            arn: the configured ARN, if there is one; a topic that is made belongs to the caller.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        arn = arn or await self._search(topic.name)
        found = await self.read(arn) if arn else None
        if arn is None or found is None:
            arn = (await self.calls(self.sns.create_topic, Name=topic.name))["TopicArn"]
            return Provisioned(resource=TOPIC, name=topic.name, status=Status.MADE, address=arn)
        notes = [difference.problem for difference in topic_differences(found)]
        return Provisioned(resource=TOPIC, name=topic.name, status=Status.UNCHANGED, address=arn, notes=notes)

    async def subscribe(self, topic_arn: str, subscription: Subscription) -> Provisioned:
        """Subscribe an endpoint to announcements, unless it is subscribed.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        found = await self._subscribed(topic_arn, subscription)
        status = Status.MADE if found is None else Status.UNCHANGED
        arn = found or await self._subscribe(topic_arn, subscription)
        notes = [] if arn.startswith("arn:") else [_CONFIRM]  # SNS gives a text instead of an ARN while it is pending
        if status is Status.MADE and subscription.protocol == "sqs":
            notes.append(_ALLOW)
        return Provisioned(resource=SUBSCRIPTION, name=subscription.name, status=status, address=arn, notes=notes)

    async def _search(self, name: str) -> str | None:
        async for topic in self.calls.items(self.sns.list_topics, "Topics"):
            if name_of(topic["TopicArn"]) == name:
                return str(topic["TopicArn"])
        return None

    async def _subscribed(self, topic_arn: str, wanted: Subscription) -> str | None:
        subscriptions = self.calls.items(self.sns.list_subscriptions_by_topic, "Subscriptions", TopicArn=topic_arn)
        async for one in subscriptions:
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
