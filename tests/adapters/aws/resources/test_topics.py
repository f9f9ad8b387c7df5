"""The topic is made once, and other services are subscribed to it once, to announcements alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.resources import Subscription, Topic
from linkhub_adapters.aws.resources.topics import SnsTopics, topic_differences
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.ports.provisioned import Status
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

pytestmark = pytest.mark.aws

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:analytics"


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
    assert json.loads(attributes["FilterPolicy"]) == {"eventType": ["new_product", "product_updated"]}
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
    assert topic_differences({"SubscriptionsConfirmed": "3", "SubscriptionsPending": "0"}) == []
    (difference,) = topic_differences({"SubscriptionsConfirmed": "3", "SubscriptionsPending": "2"})
    assert (difference.attribute, difference.found, difference.wanted) == ("SubscriptionsPending", "2", "0")
    assert difference.problem.startswith("2 of its subscriptions wait")
