"""The topic is made once, and other services are subscribed to it once, to announcements alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from attrs import evolve

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Subscription, Topic
from linkhub_adapters.aws.resources.difference import Remedy
from linkhub_adapters.aws.resources.protection import PUBLISH, TLS_ONLY, with_tls_only
from linkhub_adapters.aws.resources.topics import FoundSubscription, FoundTopic, SnsTopics, topic_differences
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports.provisioned import Status
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

pytestmark = pytest.mark.aws

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:analytics"
EARLIER = ["new_product", "product_updated"]
EVERY_EVENT = [*EARLIER, "product_removed"]
PLAN, TOPIC_ARN = Topic(name="news"), "arn:aws:sns:us-east-1:000000000000:news"
TLS_POLICY = with_tls_only(None, PUBLISH, TOPIC_ARN)
KEY = "arn:aws:kms:us-east-1:000000000000:key/1234abcd"


@pytest.fixture
def sns(make_sns_client: Callable[[], SNSClient]) -> SNSClient:
    """A client of the test server."""
    return make_sns_client()


@pytest.fixture
def topics(sns: SNSClient) -> Iterator[SnsTopics]:
    """Provisions topics there."""
    with ThreadPoolExecutor(2, "topics") as threads:
        yield SnsTopics(sns=sns, calls=AwsCalls(service="SNS", executor=threads))


@pytest.fixture
def topic() -> Topic:
    """A topic of a name of its own."""
    return Topic(name=f"news-{uuid4().hex[:12]}")


async def test_a_topic_is_made_once(topics: SnsTopics, topic: Topic) -> None:
    """The second time it is found, by its name alone or by the ARN that is configured."""
    made = await topics.ensure(topic)
    assert (made.status, made.address.rsplit(":", 1)[-1]) == (Status.MADE, topic.name)
    for arn in (None, made.address):
        again = await topics.ensure(topic, arn)
        assert (again.status, again.address) == (Status.UNCHANGED, made.address)
    assert topics.calls.counts["create_topic"] == 1


async def test_a_configured_topic_that_is_gone_is_made(topics: SnsTopics, topic: Topic) -> None:
    """An ARN at which there is nothing is no error: that is what is to be mended."""
    outcome = await topics.ensure(topic, f"arn:aws:sns:us-east-1:000000000000:{topic.name}")
    assert outcome.status is Status.MADE


async def test_a_topic_that_is_denied_is_an_error(sns: SNSClient, topics: SnsTopics, topic: Topic) -> None:
    """Without the permission to read a topic, none is made."""
    arn = f"arn:aws:sns:us-east-1:000000000000:{topic.name}"
    denied = Fault.client_error(operation="GetTopicAttributes", code="AuthorizationError", status=403)
    with inject(sns, denied), pytest.raises(ServiceUnavailable, match="AuthorizationError"):
        await topics.ensure(topic, arn)
    assert topics.calls.counts["create_topic"] == 0


@pytest.mark.parametrize(
    ("subscription", "raw"),
    [
        (Subscription(protocol="sqs", endpoint=QUEUE_ARN), "true"),
        (Subscription(protocol="email", endpoint="shop@example.com"), "false"),
    ],
    ids=["sqs", "email"],
)
async def test_a_service_is_subscribed_once(
    sns: SNSClient, topics: SnsTopics, topic: Topic, subscription: Subscription, raw: str
) -> None:
    """It hears announcements, not the heartbeats of nodes; the second time nothing is done."""
    topic_arn = (await topics.ensure(topic)).address
    made = await topics.subscribe(topic_arn, subscription)
    again = await topics.subscribe(topic_arn, subscription)
    assert (made.status, again.status) == (Status.MADE, Status.UNCHANGED)
    [found] = sns.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=found["SubscriptionArn"])["Attributes"]
    assert json.loads(attributes["FilterPolicy"]) == {"eventType": EVERY_EVENT}
    assert attributes.get("RawMessageDelivery", "false") == raw


async def test_what_others_have_to_do_is_a_note(sns: SNSClient, topics: SnsTopics, topic: Topic) -> None:
    """A person has to confirm a mail, as SNS says in place of an ARN; a queue has to let the topic in."""
    topic_arn = (await topics.ensure(topic)).address
    to_queue = await topics.subscribe(topic_arn, Subscription(protocol="sqs", endpoint=QUEUE_ARN))
    assert "own policy" in to_queue.notes[0]
    events: Any = sns.meta.events  # its stubs know no hook that takes what was parsed
    events.register("after-call.sns.Subscribe", _leave_pending)
    to_people = await topics.subscribe(topic_arn, Subscription(protocol="email", endpoint="shop@example.com"))
    assert "to be confirmed" in to_people.notes[0]


def _leave_pending(parsed: dict[str, Any], **_: Any) -> None:
    parsed["SubscriptionArn"] = "pending confirmation"


def test_a_pending_subscription_is_a_difference() -> None:
    """It gets nothing until it is confirmed; the problem has both counts."""
    attributes = {"SubscriptionsConfirmed": "3", "SubscriptionsPending": "0", "Policy": TLS_POLICY}
    assert topic_differences(PLAN, FoundTopic(arn=TOPIC_ARN, attributes=attributes)) == []
    (difference,) = topic_differences(
        PLAN, FoundTopic(arn=TOPIC_ARN, attributes={**attributes, "SubscriptionsPending": "2"})
    )
    assert (difference.attribute, difference.found, difference.wanted) == ("SubscriptionsPending", "2", "0")
    assert difference.problem.startswith("2 of its subscriptions wait")


# --- protection


async def test_tls_is_added_to_the_policy_that_is_there(sns: SNSClient, topics: SnsTopics, topic: Topic) -> None:
    """The statements of its owner stay as they are, and the second run changes nothing."""
    topic_arn = sns.create_topic(Name=topic.name)["TopicArn"]
    before = json.loads(sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"]["Policy"])
    outcome = await topics.ensure(topic, topic_arn)
    assert outcome.changes == [f"Policy was without {TLS_ONLY}, is with {TLS_ONLY}"]
    after = json.loads(sns.get_topic_attributes(TopicArn=topic_arn)["Attributes"]["Policy"])
    *others, added = after.pop("Statement")
    assert others == before.pop("Statement")
    assert (added["Sid"], added["Effect"], added["Action"], after) == (TLS_ONLY, "Deny", "sns:Publish", before)
    assert (await topics.ensure(topic, topic_arn)).status is Status.UNCHANGED


async def test_the_key_is_set_once(sns: SNSClient, topics: SnsTopics, topic: Topic) -> None:
    """A topic is made with it, and the second run finds it."""
    encrypted = evolve(topic, kms_key_arn=KEY)
    made = await topics.ensure(encrypted)
    assert sns.get_topic_attributes(TopicArn=made.address)["Attributes"]["KmsMasterKeyId"] == KEY
    assert (await topics.ensure(encrypted)).status is Status.UNCHANGED


def test_the_key_of_another_owner_is_kept() -> None:
    """It is a warning with its call, and a note of provisioning; a topic of any key fits a plan without one."""
    found = FoundTopic(arn=TOPIC_ARN, attributes={"Policy": TLS_POLICY, "KmsMasterKeyId": "alias/theirs"})
    (difference,) = topic_differences(evolve(PLAN, kms_key_arn=KEY), found)
    assert (difference.remedy, difference.found) == (Remedy.DECIDE, "alias/theirs")
    assert topic_differences(PLAN, found) == []


# --- filters that lack removals


def _subscribe(sns: SNSClient, topic_arn: str, name: str, policy: Any) -> str:
    attributes = {} if policy is None else {"FilterPolicy": json.dumps(policy)}
    endpoint = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    reply = sns.subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=endpoint, Attributes=attributes, ReturnSubscriptionArn=True
    )
    return reply["SubscriptionArn"]


def _policy(sns: SNSClient, arn: str) -> Any:
    attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return json.loads(attributes.get("FilterPolicy", "null"))


async def test_the_filter_of_an_earlier_version_is_widened(sns: SNSClient, topics: SnsTopics, topic: Topic) -> None:
    """Once. A filter that another service made is a note; one without updates, none, and a node's are left alone."""
    topic_arn = (await topics.ensure(topic)).address
    policies = {
        "orders": {"eventType": EARLIER},
        "one-shop": {"eventType": EARLIER, "sellerHandle": ["nalu-fashion"]},
        "mails": {"eventType": ["new_product"]},
        "archive": None,
        "linkhub-node-1": {"eventType": EARLIER},
    }
    arns = {name: _subscribe(sns, topic_arn, name, policy) for name, policy in policies.items()}
    outcome = await topics.ensure(topic, topic_arn)
    assert (outcome.status, len(outcome.changes), len(outcome.notes)) == (Status.CHANGED, 1, 1)
    assert "sqs:arn:aws:sqs:us-east-1:000000000000:orders" in outcome.changes[0]
    assert ":one-shop does not get product_removed" in outcome.notes[0]
    widened = {**policies, "orders": {"eventType": EVERY_EVENT}}
    assert {name: _policy(sns, arn) for name, arn in arns.items()} == widened
    again = await topics.ensure(topic, topic_arn)
    assert (again.status, again.notes) == (Status.UNCHANGED, outcome.notes)


async def test_subscriptions_that_may_not_be_read_are_a_note(sns: SNSClient, topics: SnsTopics, topic: Topic) -> None:
    """The topic is there all the same."""
    topic_arn = (await topics.ensure(topic)).address
    denied = Fault.client_error(operation="ListSubscriptionsByTopic", code="AuthorizationError", status=403)
    with inject(sns, denied):
        outcome = await topics.ensure(topic, topic_arn)
    assert (outcome.status, outcome.address) == (Status.UNCHANGED, topic_arn)
    assert "AuthorizationError" in outcome.notes[0]


@pytest.mark.parametrize(
    ("policy", "widened"),
    [
        ({"eventType": EARLIER}, {"eventType": EVERY_EVENT}),
        ({"event_type": ["product_updated"]}, {"event_type": ["product_updated", "product_removed"]}),
        ({"eventType": EVERY_EVENT}, None),
        ({"eventType": [{"anything-but": ["heartbeat"]}]}, None),
        ({"$or": [{"eventType": EARLIER}, {"nodeId": ["1"]}]}, None),
        ({"product": {"title": [{"prefix": "product_updated"}]}}, None),
        ({}, None),
    ],
)
def test_a_filter_with_updates_and_without_removals_is_narrow(policy: Any, widened: Any) -> None:
    """Of attributes or of the body; every other filter is the choice of its service."""
    found = FoundTopic(
        arn=TOPIC_ARN,
        attributes={"Policy": TLS_POLICY},
        subscriptions=[FoundSubscription(name="sqs:q", arn="arn:s", filter_policy=policy)],
    )
    differences = topic_differences(PLAN, found)
    assert [json.loads(difference.wanted) for difference in differences] == ([] if widened is None else [widened])
