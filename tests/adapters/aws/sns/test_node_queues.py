"""The queues of nodes: made, alive, and removed once their node is dead."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.sns.node_queues import ALIVE_TAG, DEAD_AFTER_SECONDS
from linkhub_core.errors import ServiceUnavailable
from tests.adapters.aws.topic_room import TopicRoom
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def room(
    make_sqs_client: Callable[[], "SQSClient"], make_sns_client: Callable[[], "SNSClient"]
) -> AsyncIterator[TopicRoom]:
    """A topic, through clients of the test's own."""
    made = TopicRoom(sqs=make_sqs_client(), sns=make_sns_client())
    yield made
    await made.close()


async def test_each_node_has_its_own_and_takes_it_away(room: TopicRoom) -> None:
    """Two nodes, two subscribed queues; a closed node leaves nothing, and closing twice does no harm."""
    first, second = await room.nodes.open(), await room.nodes.open()
    assert set(room.queue_urls()) == {first.url, second.url}
    assert set(room.endpoints()) == {first.arn, second.arn}
    await room.nodes.close(first)
    await room.nodes.close(first)
    assert (list(room.queue_urls()), list(room.endpoints())) == ([second.url], [second.arn])


async def test_a_node_that_died_is_removed(room: TopicRoom) -> None:
    """Its tag has grown old: queue and subscription go; a living node keeps both."""
    dead = await room.nodes.open()
    living = await room.nodes.open()
    room.clock.advance(DEAD_AFTER_SECONDS)
    await room.nodes.mark_alive(living)
    assert await room.nodes.remove_dead() == 0
    room.clock.advance(1)
    assert await room.nodes.remove_dead() == 1
    assert (list(room.queue_urls()), list(room.endpoints())) == ([living.url], [living.arn])
    assert dead.url not in room.queue_urls()


async def test_a_node_that_just_began_is_left_alone(room: TopicRoom) -> None:
    """Its subscription may be seen before its queue is: it is too young to be an orphan."""
    node = await room.nodes.open()
    room.sqs.delete_queue(QueueUrl=node.url)
    assert await room.nodes.remove_dead() == 0
    assert list(room.endpoints()) == [node.arn]


async def test_a_subscription_whose_queue_is_gone_is_removed(room: TopicRoom) -> None:
    """Once it is older than any start takes."""
    node = await room.nodes.open()
    room.sqs.delete_queue(QueueUrl=node.url)
    room.clock.advance(DEAD_AFTER_SECONDS + 1)
    assert await room.nodes.remove_dead() == 1
    assert list(room.endpoints()) == []


async def test_what_is_not_ours_is_left_alone(room: TopicRoom) -> None:
    """A queue of that name without our tags, one of another topic, and other subscriptions of the topic stay."""
    bare = room.sqs.create_queue(QueueName=f"{room.prefix}-node-somebody")["QueueUrl"]
    broken = room.sqs.create_queue(QueueName=f"{room.prefix}-node-1-broken", tags={ALIVE_TAG: "long ago"})["QueueUrl"]
    other = TopicRoom(sqs=room.sqs, sns=room.sns, prefix=room.prefix)
    other.topic_arn = room.sns.create_topic(Name=f"{room.prefix}-other")["TopicArn"]
    elsewhere = await other.nodes.open()
    stranger = "arn:aws:sqs:us-east-1:000000000000:audit"
    orphan = f"arn:aws:sqs:us-east-1:000000000000:{room.prefix}-node-orphan"
    for endpoint in (stranger, orphan):
        room.sns.subscribe(TopicArn=room.topic_arn, Protocol="sqs", Endpoint=endpoint)
    room.clock.advance(10 * DEAD_AFTER_SECONDS)
    assert await room.nodes.remove_dead() == 0
    assert set(room.queue_urls()) == {bare, broken, elsewhere.url}
    assert set(room.endpoints()) == {stranger, orphan}


async def test_more_subscriptions_than_one_reply_holds_are_all_looked_at(room: TopicRoom) -> None:
    """SNS lists a hundred at a time: a dead node behind others is found."""
    for number in range(100):
        endpoint = f"arn:aws:sqs:us-east-1:000000000000:audit-{number}"
        room.sns.subscribe(TopicArn=room.topic_arn, Protocol="sqs", Endpoint=endpoint)
    await room.nodes.open()
    room.clock.advance(DEAD_AFTER_SECONDS + 1)
    assert await room.nodes.remove_dead() == 1
    found = room.sns.get_topic_attributes(TopicArn=room.topic_arn)["Attributes"]
    assert found["SubscriptionsConfirmed"] == "100"


async def test_a_queue_that_is_closed_meanwhile_is_no_error(room: TopicRoom) -> None:
    """Between the list and the look its node may have closed it."""
    await room.nodes.open()
    room.clock.advance(DEAD_AFTER_SECONDS + 1)
    gone = Fault.client_error(operation="ListQueueTags", code="QueueDoesNotExist")
    with inject(room.sqs, gone):
        assert await room.nodes.remove_dead() == 0


@pytest.mark.parametrize("operation", ["ListQueues", "ListQueueTags", "DeleteQueue"])
async def test_a_sweep_that_fails_is_told_and_the_next_one_goes_on(room: TopicRoom, operation: str) -> None:
    """What is left of the dead is removed then."""
    await room.nodes.open()
    room.clock.advance(DEAD_AFTER_SECONDS + 1)
    with inject(room.sqs, Fault.throttle(operation=operation)), pytest.raises(ServiceUnavailable):
        await room.nodes.remove_dead()
    await room.nodes.remove_dead()
    assert (list(room.queue_urls()), list(room.endpoints())) == ([], [])
