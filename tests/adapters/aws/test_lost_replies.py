"""Lost replies of SQS: after each no message is lost, and repeating the call is safe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest

from linkhub_core.errors import Fault as Broken
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery, Rejection
from linkhub_core.testing.builders import NOON, a_record, an_outgoing
from linkhub_core.wire.announcements import announce
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.adapters.aws.topic_fixture import TopicFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture(params=[False, True], ids=["standard", "fifo"])
async def fixture(
    make_sqs_client: Callable[[], SQSClient], request: pytest.FixtureRequest
) -> AsyncIterator[QueueFixture]:
    """Two queues of one sort, through a client of the test's own."""
    made = QueueFixture.create(make_sqs_client(), is_fifo=request.param)
    yield made
    await made.close()


def _rejection(delivery: Delivery) -> Rejection:
    return Rejection(delivery=delivery, faults=[Broken("title", "is missing")])


def _is_fifo(fixture: QueueFixture) -> bool:
    return fixture.queues[Kind.CAPTION].is_fifo


async def test_a_message_that_was_deleted_unheard_is_gone(fixture: QueueFixture) -> None:
    """Acknowledging again does nothing, and giving it back after all, as a consumer does, brings nothing back."""
    await fixture.publisher.publish([an_outgoing()])
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 1)
    with inject(fixture.sqs, Fault.lose_reply(operation="DeleteMessageBatch")), pytest.raises(ServiceUnavailable):
        await queue.acknowledge(deliveries)
    await queue.release(deliveries, 0)
    await queue.acknowledge(deliveries)
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (0, 0)


async def test_a_message_that_was_given_back_unheard_can_be_given_back_again(fixture: QueueFixture) -> None:
    """It comes again, once."""
    await fixture.publisher.publish([an_outgoing()])
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 1)
    lost = Fault.lose_reply(operation="ChangeMessageVisibilityBatch")
    with inject(fixture.sqs, lost), pytest.raises(ServiceUnavailable):
        await queue.release(deliveries, 0)
    await queue.release(deliveries, 0)
    assert [one.receive_count for one in await fixture.receive(queue, 1)] == [2]


async def test_a_message_that_was_buried_unheard_is_not_deleted(fixture: QueueFixture) -> None:
    """Rejecting it again is safe: a FIFO queue knows the letter, a standard one has it twice, and neither has none."""
    await fixture.publisher.publish([an_outgoing()])
    queue = fixture.queue()
    [delivery] = await fixture.receive(queue, 1)
    with inject(fixture.sqs, Fault.lose_reply(operation="SendMessageBatch")), pytest.raises(ServiceUnavailable):
        await queue.reject([_rejection(delivery)])
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (0, 1)
    await queue.reject([_rejection(delivery)])
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (0, 0)
    assert len(await fixture.letters()) == (1 if _is_fifo(fixture) else 2)


async def test_a_letter_that_went_back_unheard_stays(fixture: QueueFixture) -> None:
    """Redriving it again is safe: the message comes once from a FIFO queue, twice from another, and then is gone."""
    await fixture.publisher.publish([an_outgoing()])
    queue = fixture.queue()
    [delivery] = await fixture.receive(queue, 1)
    await queue.reject([_rejection(delivery)])
    letters = await fixture.letters()
    with inject(fixture.sqs, Fault.lose_reply(operation="SendMessageBatch")), pytest.raises(ServiceUnavailable):
        await fixture.dead_letters.redrive(letters)
    assert len(await fixture.letters()) == 1
    assert await fixture.dead_letters.redrive(letters) == 1
    assert (await fixture.letters(), sum(fixture.depth(fixture.queues[Kind.CAPTION].url))) == (
        [],
        1 if _is_fifo(fixture) else 2,
    )


async def test_a_letter_that_was_purged_unheard_is_gone(fixture: QueueFixture) -> None:
    """Purging it again finds none."""
    await fixture.publisher.publish([an_outgoing()])
    queue = fixture.queue()
    [delivery] = await fixture.receive(queue, 1)
    await queue.reject([_rejection(delivery)])
    letters = await fixture.letters()
    with inject(fixture.sqs, Fault.lose_reply(operation="DeleteMessageBatch")), pytest.raises(ServiceUnavailable):
        await fixture.dead_letters.purge(letters)
    assert await fixture.dead_letters.purge(letters) == 0


async def test_a_queue_of_a_node_that_was_made_unheard_is_found_dead(
    make_sqs_client: Callable[[], SQSClient], make_sns_client: Callable[[], SNSClient]
) -> None:
    """The node could not start, and its queue is removed like that of a dead node."""
    fixture = TopicFixture(sqs=make_sqs_client(), sns=make_sns_client())
    with inject(fixture.sqs, Fault.lose_reply(operation="CreateQueue")), pytest.raises(ServiceUnavailable):
        await fixture.open_feed()
    assert len(fixture.queue_urls()) == 1
    fixture.clock.advance(3600)
    assert await fixture.nodes.remove_dead() == 1
    assert fixture.queue_urls() == []


async def test_news_of_a_node_whose_deletion_was_not_heard_came_once(
    make_sqs_client: Callable[[], SQSClient], make_sns_client: Callable[[], SNSClient]
) -> None:
    """Clients get it, the next receive raises the error, and the node's queue is empty."""
    fixture = TopicFixture(sqs=make_sqs_client(), sns=make_sns_client())
    feed = await fixture.open_feed()
    await fixture.notifier.notify([announce(a_record(), NOON)])
    with inject(fixture.sqs, Fault.lose_reply(operation="DeleteMessageBatch")):
        assert len(await fixture.hear(feed, 1)) == 1
        with pytest.raises(ServiceUnavailable):
            await feed.receive()
    assert list(await feed.receive()) == []
    await fixture.close()
