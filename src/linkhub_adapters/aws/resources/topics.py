"""SNS's topic and the subscriptions of other services: reads what is there, compares it, makes what is absent.

    found                                     difference
    ----------------------------------------  ----------------------------------------------------------------------
    pending subscriptions                     warning: they get nothing until they are confirmed
    a filter that lacks ``product_removed``   warning: its service keeps withdrawn products. Provisioning widens the
                                              filter that an earlier version of linkhub made, not those of others
    messages without TLS are accepted         warning. Provisioning adds a statement to the topic's policy
    not the key of the plan                   warning, if the plan has one. Provisioning sets it where there is none

Serving nodes subscribe themselves, with queues of their own (:mod:`~linkhub_adapters.aws.sns.node_queues`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources.definitions import NODE_QUEUES, Subscription, Topic, tag_list
from linkhub_adapters.aws.resources.difference import Call, Difference, Remedy, apply
from linkhub_adapters.aws.resources.protection import PUBLISH, TLS_ONLY, is_tls_only, uses_key, with_tls_only
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.errors import LinkhubError
from linkhub_core.model.announcement import NEW_PRODUCT, PRODUCT_REMOVED, PRODUCT_UPDATED
from linkhub_core.ports.finding import Verdict
from linkhub_core.ports.provisioned import Provisioned, Status

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

TOPIC, SUBSCRIPTION = "topic", "subscription"
MAX_SUBSCRIPTIONS = 100  # whose filters are read, one call each
_CONFIRM = "it waits to be confirmed: SNS sent its endpoint a link for that"
_ALLOW = "the queue's own policy has to let this topic send to it: linkhub does not change other services' queues"
_EARLIER_FILTER = {"eventType": [NEW_PRODUCT, PRODUCT_UPDATED]}
_NODE_PREFIX = NODE_QUEUES.removesuffix("*")


@frozen(kw_only=True)
class FoundSubscription:
    """A confirmed subscription of another service, with its filter policy; empty: it gets all messages."""

    name: str
    arn: str
    filter_policy: Mapping[str, Any]

    @property
    def widened(self) -> Mapping[str, Any]:
        """The filter policy with removals, if it has updates; else as it is."""
        return {
            name: [*values, PRODUCT_REMOVED] if PRODUCT_UPDATED in values and PRODUCT_REMOVED not in values else values
            for name, values in self.filter_policy.items()
        }


@frozen(kw_only=True)
class FoundTopic:
    """What SNS reports of a topic.

    Args:
        arn: its ARN.
        attributes: of GetTopicAttributes.
        subscriptions: of other services, the first 100.
        unread: why subscriptions could not be read.
    """

    arn: str
    attributes: Mapping[str, str]
    subscriptions: Sequence[FoundSubscription] = ()
    unread: LinkhubError | None = None

    @property
    def confirmed(self) -> int:
        """The number of confirmed subscriptions, with those of serving nodes."""
        return int(self.attributes.get("SubscriptionsConfirmed", 0))

    @property
    def pending(self) -> int:
        """The number of subscriptions that wait to be confirmed."""
        return int(self.attributes.get("SubscriptionsPending", 0))


def topic_differences(topic: Topic, found: FoundTopic) -> Sequence[Difference]:
    """Everything in which a topic and its subscriptions are not as planned."""
    return [*_transport(found), *_encryption(topic, found), *_pending(found), *_narrow(found)]


def _transport(found: FoundTopic) -> Iterator[Difference]:
    policy = found.attributes.get("Policy")
    if not is_tls_only(policy):
        yield Difference(
            attribute="Policy",
            found=f"without {TLS_ONLY}",
            wanted=f"with {TLS_ONLY}",
            problem="it accepts messages without TLS",
            verdict=Verdict.WARNING,
            calls=[_set(found, "Policy", with_tls_only(policy, PUBLISH, found.arn))],
        )


def _encryption(topic: Topic, found: FoundTopic) -> Iterator[Difference]:
    key = found.attributes.get("KmsMasterKeyId")
    if topic.kms_key_arn is not None and not uses_key(key, topic.kms_key_arn):
        yield Difference(
            attribute="KmsMasterKeyId",
            found=key or "absent",
            wanted=topic.kms_key_arn,
            problem=f"it does not use the key that is configured: its key is {key or 'none'}",
            verdict=Verdict.WARNING,
            remedy=Remedy.DECIDE if key else Remedy.APPLY,
            calls=[_set(found, "KmsMasterKeyId", topic.kms_key_arn)],
        )


def _set(found: FoundTopic, attribute: str, value: str) -> Call:
    parameters = {"TopicArn": found.arn, "AttributeName": attribute, "AttributeValue": value}
    return Call(service="sns", operation="set_topic_attributes", parameters=parameters)


def _pending(found: FoundTopic) -> Iterator[Difference]:
    if found.pending:
        yield Difference(
            attribute="SubscriptionsPending",
            found=str(found.pending),
            wanted="0",
            problem=(
                f"{found.pending} of its subscriptions wait to be confirmed and get nothing;"
                f" confirmed: {found.confirmed}"
            ),
            verdict=Verdict.WARNING,
            remedy=Remedy.DECIDE,
        )


def _narrow(found: FoundTopic) -> Iterator[Difference]:
    for subscription in found.subscriptions:
        policy, widened = json.dumps(subscription.filter_policy), json.dumps(subscription.widened)
        if widened == policy:
            continue
        parameters = {
            "SubscriptionArn": subscription.arn,
            "AttributeName": "FilterPolicy",
            "AttributeValue": widened,
        }
        yield Difference(
            attribute=f"FilterPolicy of {subscription.name}",
            found=policy,
            wanted=widened,
            problem=f"its subscription {subscription.name} does not get {PRODUCT_REMOVED}: its filter is {policy}",
            verdict=Verdict.WARNING,
            remedy=Remedy.APPLY if subscription.filter_policy == _EARLIER_FILTER else Remedy.DECIDE,
            calls=[Call(service="sns", operation="set_subscription_attributes", parameters=parameters)],
        )


@frozen(kw_only=True)
class SnsTopics:
    """The topics of one account and region."""

    sns: SNSClient
    calls: AwsCalls

    async def read(self, arn: str) -> FoundTopic | None:
        """What is there under an ARN; none if there is no such topic.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        reply = await self.calls.unless_missing(self.sns.get_topic_attributes, TopicArn=arn)
        if reply is None:
            return None
        attributes = reply["Attributes"]
        try:
            return FoundTopic(arn=arn, attributes=attributes, subscriptions=await self._subscriptions(arn))
        except LinkhubError as error:
            return FoundTopic(arn=arn, attributes=attributes, unread=error)

    async def _subscriptions(self, topic_arn: str) -> Sequence[FoundSubscription]:
        found: list[FoundSubscription] = []
        listed = self.calls.items(self.sns.list_subscriptions_by_topic, "Subscriptions", TopicArn=topic_arn)
        async for one in listed:
            arn, endpoint = one["SubscriptionArn"], one["Endpoint"]
            if not arn.startswith("arn:") or name_of(endpoint).startswith(_NODE_PREFIX):
                continue
            reply = await self.calls.unless_missing(self.sns.get_subscription_attributes, SubscriptionArn=arn)
            if reply is None:
                continue
            policy = json.loads(reply["Attributes"].get("FilterPolicy") or "{}")
            found.append(FoundSubscription(name=f"{one['Protocol']}:{endpoint}", arn=arn, filter_policy=policy))
            if len(found) == MAX_SUBSCRIPTIONS:
                break
        return found

    async def ensure(self, topic: Topic, arn: str | None = None) -> Provisioned:
        """Make the topic, unless it is there; protect it, and widen the filters that an earlier version made.

        Args:
            topic: the wanted topic.
            arn: the configured ARN, if there is one; a topic that is made belongs to the caller.

        Raises:
            ServiceUnavailable: SNS does not answer, or denies it.
        """
        arn = arn or await self._search(topic.name)
        found = await self.read(arn) if arn else None
        is_made = arn is None or found is None
        if arn is None or found is None:
            tags = {"Tags": tag_list(topic.tags)} if topic.tags else {}
            arn = (await self.calls(self.sns.create_topic, Name=topic.name, **tags))["TopicArn"]
            attributes = (await self.calls(self.sns.get_topic_attributes, TopicArn=arn))["Attributes"]
            found = FoundTopic(arn=arn, attributes=attributes)
        outcome = await apply(TOPIC, topic.name, arn, topic_differences(topic, found), self._make)
        if is_made:
            outcome = evolve(outcome, status=Status.MADE, changes=())
        unread = [] if found.unread is None else [f"its subscriptions could not be read: {found.unread}"]
        return evolve(outcome, notes=[*outcome.notes, *unread])

    async def _make(self, call: Call) -> None:
        await self.calls(getattr(self.sns, call.operation), **call.parameters)

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
