"""The queues of nodes: made, alive, and removed once their node is dead."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.sns.node_queues import ALIVE_TAG, DEAD_AFTER_SECONDS, TOPIC_TAG, alive_at
from linkhub_core.errors import ServiceUnavailable
from tests.adapters.aws.topic_fixture import TopicFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def topic(
    make_sqs_client: Callable[[], "SQSClient"], make_sns_client: Callable[[], "SNSClient"]
) -> AsyncIterator[TopicFixture]:
    """A topic, through clients of the test's own."""
    made = TopicFixture(sqs=make_sqs_client(), sns=make_sns_client())
    yield made
    await made.close()


async def test_each_node_has_its_own_and_takes_it_away(topic: TopicFixture) -> None:
    """Two nodes, two subscribed queues; a closed node leaves nothing, and closing twice does no harm."""
    first, second = await topic.nodes.open(), await topic.nodes.open()
    assert set(topic.queue_urls()) == {first.url, second.url}
    assert set(topic.endpoints()) == {first.arn, second.arn}
    await topic.nodes.close(first)
    await topic.nodes.close(first)
    assert (list(topic.queue_urls()), list(topic.endpoints())) == ([second.url], [second.arn])


async def test_a_node_that_died_is_removed(topic: TopicFixture) -> None:
    """Its tag has grown old: queue and subscription go; a living node keeps both."""
    dead = await topic.nodes.open()
    living = await topic.nodes.open()
    topic.clock.advance(DEAD_AFTER_SECONDS)
    await topic.nodes.mark_alive(living)
    assert await topic.nodes.remove_dead() == 0
    topic.clock.advance(1)
    assert await topic.nodes.remove_dead() == 1
    assert (list(topic.queue_urls()), list(topic.endpoints())) == ([living.url], [living.arn])
    assert dead.url not in topic.queue_urls()


async def test_a_node_that_just_began_is_left_alone(topic: TopicFixture) -> None:
    """Its subscription may be seen before its queue is: it is too young to be an orphan."""
    node = await topic.nodes.open()
    topic.sqs.delete_queue(QueueUrl=node.url)
    assert await topic.nodes.remove_dead() == 0
    assert list(topic.endpoints()) == [node.arn]


async def test_a_subscription_whose_queue_is_gone_is_removed(topic: TopicFixture) -> None:
    """Once it is older than any start takes."""
    node = await topic.nodes.open()
    topic.sqs.delete_queue(QueueUrl=node.url)
    topic.clock.advance(DEAD_AFTER_SECONDS + 1)
    assert await topic.nodes.remove_dead() == 1
    assert list(topic.endpoints()) == []


async def test_what_is_not_ours_is_left_alone(topic: TopicFixture) -> None:
    """A queue of that name without our tags, one of another topic, and other subscriptions of the topic stay."""
    bare = topic.sqs.create_queue(QueueName=f"{topic.prefix}-node-somebody")["QueueUrl"]
    broken = topic.sqs.create_queue(QueueName=f"{topic.prefix}-node-1-broken", tags={ALIVE_TAG: "long ago"})["QueueUrl"]
    other = TopicFixture(sqs=topic.sqs, sns=topic.sns, prefix=topic.prefix)
    other.topic_arn = topic.sns.create_topic(Name=f"{topic.prefix}-other")["TopicArn"]
    elsewhere = await other.nodes.open()
    stranger = "arn:aws:sqs:us-east-1:000000000000:audit"
    orphan = f"arn:aws:sqs:us-east-1:000000000000:{topic.prefix}-node-orphan"
    for endpoint in (stranger, orphan):
        topic.sns.subscribe(TopicArn=topic.topic_arn, Protocol="sqs", Endpoint=endpoint)
    topic.clock.advance(10 * DEAD_AFTER_SECONDS)
    assert await topic.nodes.remove_dead() == 0
    assert set(topic.queue_urls()) == {bare, broken, elsewhere.url}
    assert set(topic.endpoints()) == {stranger, orphan}


async def test_more_subscriptions_than_one_reply_holds_are_all_looked_at(topic: TopicFixture) -> None:
    """SNS lists a hundred at a time: a dead node behind others is found."""
    for number in range(100):
        endpoint = f"arn:aws:sqs:us-east-1:000000000000:audit-{number}"
        topic.sns.subscribe(TopicArn=topic.topic_arn, Protocol="sqs", Endpoint=endpoint)
    await topic.nodes.open()
    topic.clock.advance(DEAD_AFTER_SECONDS + 1)
    assert await topic.nodes.remove_dead() == 1
    found = topic.sns.get_topic_attributes(TopicArn=topic.topic_arn)["Attributes"]
    assert found["SubscriptionsConfirmed"] == "100"


async def test_a_queue_that_is_closed_meanwhile_is_no_error(topic: TopicFixture) -> None:
    """Between the list and the look its node may have closed it."""
    await topic.nodes.open()
    topic.clock.advance(DEAD_AFTER_SECONDS + 1)
    gone = Fault.client_error(operation="ListQueueTags", code="QueueDoesNotExist")
    with inject(topic.sqs, gone):
        assert await topic.nodes.remove_dead() == 0


@pytest.mark.parametrize("operation", ["ListQueues", "ListQueueTags", "DeleteQueue"])
async def test_a_failed_sweep_is_reported_and_the_next_one_continues(topic: TopicFixture, operation: str) -> None:
    """The next sweep removes the queues of dead nodes."""
    await topic.nodes.open()
    topic.clock.advance(DEAD_AFTER_SECONDS + 1)
    with inject(topic.sqs, Fault.throttle(operation=operation)), pytest.raises(ServiceUnavailable):
        await topic.nodes.remove_dead()
    await topic.nodes.remove_dead()
    assert (list(topic.queue_urls()), list(topic.endpoints())) == ([], [])


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({ALIVE_TAG: "1780000000", TOPIC_TAG: "arn:news"}, 1_780_000_000),
        ({ALIVE_TAG: "1780000000", TOPIC_TAG: "arn:other"}, None),
        ({ALIVE_TAG: "1780000000"}, None),
        ({TOPIC_TAG: "arn:news"}, None),
        ({ALIVE_TAG: "yesterday", TOPIC_TAG: "arn:news"}, None),
    ],
)
def test_only_the_tags_of_this_topic_say_when_a_node_lived(tags: dict[str, str], expected: int | None) -> None:
    """A queue without both tags belongs to another program."""
    assert alive_at(tags, "arn:news") == expected
