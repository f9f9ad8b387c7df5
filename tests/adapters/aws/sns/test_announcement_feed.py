"""The feed of one node: announcements, its own heartbeat, and a silence that is too long."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.sns.node_queues import RETENTION_SECONDS
from linkhub_adapters.runtime import Listener
from linkhub_core.errors import AnnouncementsLost, LinkhubError, MalformedEvent, ServiceUnavailable
from linkhub_core.model import Availability, Listing
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.wire.announcements import announce
from tests.adapters.aws.queue_fixture import SAFETY_SECONDS, eventually
from tests.adapters.aws.topic_fixture import TopicFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

    from linkhub_adapters.aws.sns.announcement_feed import SnsAnnouncementFeed

pytestmark = pytest.mark.aws


@pytest.fixture
async def topic(
    make_sqs_client: Callable[[], "SQSClient"], make_sns_client: Callable[[], "SNSClient"]
) -> AsyncIterator[TopicFixture]:
    """A topic, through clients of the test's own."""
    made = TopicFixture(sqs=make_sqs_client(), sns=make_sns_client())
    yield made
    await made.close()


def _announcement(number: int = 0) -> Announcement:
    return announce(a_record(a_key(number)), NOON, "c-1")


async def _error_of(feed: "SnsAnnouncementFeed") -> LinkhubError:
    """The error that a receive raises, soon."""
    async with asyncio.timeout(SAFETY_SECONDS):
        while True:
            try:
                await feed.receive()
            except LinkhubError as error:
                return error


# --- receive


async def test_every_node_hears_what_is_announced(topic: TopicFixture) -> None:
    """The same bytes reach two nodes, with the correlation id, and are deleted there."""
    feeds = [await topic.open_feed(), await topic.open_feed()]
    await topic.notifier.notify([_announcement()])
    assert [await topic.hear(feed, 1) for feed in feeds] == [[_announcement()], [_announcement()]]
    for url in topic.queue_urls():
        found = topic.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert found["ApproximateNumberOfMessagesNotVisible"] == found["ApproximateNumberOfMessages"] == "0"


async def test_a_node_hears_nothing_from_before_it_opened(topic: TopicFixture) -> None:
    """Clients that come later read the store."""
    await topic.notifier.notify([_announcement(1)])
    feed = await topic.open_feed()
    await topic.notifier.notify([_announcement(2)])
    assert await topic.hear(feed, 1) == [_announcement(2)]


async def test_an_announcement_ends_the_wait(topic: TopicFixture) -> None:
    """A waiting receive returns long before it or its poll would have ended."""
    feed = await topic.open_feed(receive_wait_seconds=10 * SAFETY_SECONDS, poll_wait_seconds=20)
    receiving = asyncio.create_task(feed.receive())
    await topic.notifier.notify([_announcement()])
    assert await asyncio.wait_for(receiving, SAFETY_SECONDS) == [_announcement()]


async def test_silence_is_an_empty_answer_and_costs_one_poll(topic: TopicFixture) -> None:
    """Receives that find nothing leave one long poll waiting."""
    feed = await topic.open_feed(receive_wait_seconds=0.01, poll_wait_seconds=20)
    assert [await feed.receive() for _ in range(5)] == [[], [], [], [], []]
    assert topic.sqs_calls.counts["receive_message"] <= 1


async def test_what_cannot_be_read_holds_up_nothing(topic: TopicFixture) -> None:
    """The message of another program is raised by the next receive, and the others are received."""
    feed = await topic.open_feed()
    topic.sns.publish(
        TopicArn=topic.topic_arn,
        Message="not an event",
        MessageAttributes={"eventType": {"DataType": "String", "StringValue": "new_product"}},
    )
    await topic.notifier.notify([_announcement()])
    errors: list[LinkhubError] = []
    heard: list[Announcement] = []
    async with asyncio.timeout(SAFETY_SECONDS):
        while not errors or not heard:
            try:
                heard += await feed.receive()
            except LinkhubError as error:
                errors.append(error)
    assert heard == [_announcement()]
    assert [type(error) for error in errors] == [MalformedEvent]


async def test_a_removal_is_heard_and_an_event_of_a_later_linkhub_is_ignored(topic: TopicFixture) -> None:
    """The unknown type passes the filter by its attribute, is dropped without an error, and is deleted."""
    feed = await topic.open_feed()
    removal = announce(a_record(revision=2, listing=Listing(availability=Availability.WITHDRAWN)), NOON)
    topic.sns.publish(
        TopicArn=topic.topic_arn,
        Message='{"event_type": "product_praised"}',
        MessageAttributes={"eventType": {"DataType": "String", "StringValue": "product_updated"}},
    )
    await topic.notifier.notify([removal])
    assert await topic.hear(feed, 1) == [removal]
    assert await feed.receive() == []


async def test_messages_of_other_types_do_not_come(topic: TopicFixture) -> None:
    """The subscription filters: other services may use the topic for their own."""
    feed = await topic.open_feed()
    topic.sns.publish(
        TopicArn=topic.topic_arn,
        Message="{}",
        MessageAttributes={"eventType": {"DataType": "String", "StringValue": "stock_changed"}},
    )
    await topic.notifier.notify([_announcement()])
    assert await topic.hear(feed, 1) == [_announcement()]


async def test_a_failed_deletion_is_raised_after_what_was_received(topic: TopicFixture) -> None:
    """Clients see the product all the same; the copy that comes again is dropped by them."""
    feed = await topic.open_feed()
    await topic.notifier.notify([_announcement()])
    with inject(topic.sqs, Fault.server_error(operation="DeleteMessageBatch")):
        assert await topic.hear(feed, 1) == [_announcement()]
        with pytest.raises(ServiceUnavailable, match="InternalFailure"):
            await feed.receive()


async def test_a_failed_poll_is_raised_and_listening_continues(topic: TopicFixture) -> None:
    """An error of SQS is no silence."""
    feed = await topic.open_feed()
    with inject(topic.sqs, Fault.throttle(operation="ReceiveMessage")):
        assert isinstance(await _error_of(feed), ServiceUnavailable)
    await topic.notifier.notify([_announcement()])
    assert await topic.hear(feed, 1) == [_announcement()]


async def test_a_node_whose_queue_was_removed_opens_another(topic: TopicFixture) -> None:
    """It raises the loss, and receives what is announced from then on."""
    feed = await topic.open_feed()
    [lost] = topic.queue_urls()
    topic.sqs.delete_queue(QueueUrl=lost)
    assert "NonExistentQueue" in str(await _error_of(feed))
    assert isinstance(await _error_of(feed), AnnouncementsLost)
    [another] = topic.queue_urls()
    assert another != lost
    await topic.notifier.notify([_announcement()])
    assert await topic.hear(feed, 1) == [_announcement()]


async def test_a_node_that_cannot_open_another_queue_tries_again(topic: TopicFixture) -> None:
    """However often that fails, it does not end up with no queue and no complaint."""
    feed = await topic.open_feed()
    topic.sqs.delete_queue(QueueUrl=topic.queue_urls()[0])
    with inject(topic.sqs, Fault.throttle(operation="CreateQueue", times=2)) as injection:
        while not injection.is_spent:
            assert isinstance(await _error_of(feed), ServiceUnavailable)

    async def listens() -> bool:
        """Whether it reports the new queue and the loss; the error of the old queue may come before."""
        return isinstance(await _error_of(feed), AnnouncementsLost)

    await eventually(listens)
    assert topic.queue_urls()
    await topic.notifier.notify([_announcement()])
    assert await topic.hear(feed, 1) == [_announcement()]


async def test_a_listener_survives_all_of_it(topic: TopicFixture) -> None:
    """The loop that serves clients delivers what comes after an error, and ends when it is stopped."""
    feed, journal, stop = await topic.open_feed(), MemoryJournal(), asyncio.Event()
    delivered: list[Announcement] = []

    def deliver(announcements: Sequence[Announcement]) -> None:
        delivered.extend(announcements)
        if delivered:
            stop.set()

    listener = Listener(feed=feed, deliver=deliver, recover=print, clock=topic.clock, journal=journal)
    with inject(topic.sqs, Fault.server_error(operation="ReceiveMessage")) as injection:
        listening = asyncio.create_task(listener.run(stop))

        async def hits() -> int:
            return injection.hits

        await eventually(hits)
        await topic.notifier.notify([_announcement()])
        await asyncio.wait_for(listening, SAFETY_SECONDS)
    assert delivered == [_announcement()]
    assert [entry.activity for entry in journal.of(ActivityFailed)] == ["listen"]


# --- the end


async def test_closing_ends_a_receive_and_removes_the_queue(topic: TopicFixture) -> None:
    """No poll is waited for; the node leaves nothing behind, and a second time does nothing."""
    feed = await topic.open_feed(receive_wait_seconds=10 * SAFETY_SECONDS, poll_wait_seconds=20)
    receiving = asyncio.create_task(feed.receive())

    async def polls() -> int:
        return topic.sqs_calls.counts["receive_message"]

    await eventually(polls)
    async with asyncio.timeout(SAFETY_SECONDS):
        await feed.close()
        assert await receiving == []
        await feed.close()
    assert (list(topic.queue_urls()), list(topic.endpoints())) == ([], [])


async def test_a_feed_that_is_closed_while_it_opens_leaves_nothing(topic: TopicFixture) -> None:
    """A process that stops during its start leaves no queue."""
    feed = await topic.open_feed(receive_wait_seconds=0.01)
    await feed.close()
    opening = asyncio.create_task(feed.open())
    await asyncio.sleep(0)  # it has begun
    await feed.close()
    await opening
    assert (list(topic.queue_urls()), list(topic.endpoints())) == ([], [])


async def test_a_closed_feed_brings_nothing(topic: TopicFixture) -> None:
    """Nor does it say that it hears."""
    feed = await topic.open_feed(receive_wait_seconds=0.01)
    await feed.close()
    await feed.beat()
    assert await feed.receive() == []
    with pytest.raises(ServiceUnavailable):
        await feed.check()


async def test_a_queue_that_was_removed_took_news_with_it(topic: TopicFixture) -> None:
    """Another one is opened, and the listener gets the time since which announcements may be lost."""
    feed = await topic.open_feed(receive_wait_seconds=0.01)
    (url,) = topic.queue_urls()
    topic.sqs.delete_queue(QueueUrl=url)
    topic.seconds.now += 40
    assert isinstance(await _error_of(feed), ServiceUnavailable)
    error = await _error_of(feed)
    assert isinstance(error, AnnouncementsLost)
    assert error.seconds == 40
    assert list(topic.queue_urls()) not in ([], [url])


async def test_a_silence_longer_than_a_queue_keeps_news_is_a_loss(topic: TopicFixture) -> None:
    """It is raised before the announcements that came after it; after a shorter silence nothing is lost."""
    feed = await topic.open_feed()
    for silent_seconds, is_lost in ((RETENTION_SECONDS - 1, False), (RETENTION_SECONDS, True)):
        topic.seconds.now += silent_seconds
        await topic.notifier.notify([_announcement(silent_seconds)])
        if is_lost:
            with pytest.raises(AnnouncementsLost):
                await feed.receive()
        assert await feed.receive() == [_announcement(silent_seconds)]


# --- is the way open?


async def test_a_quiet_node_hears_its_own_heartbeat(topic: TopicFixture) -> None:
    """It comes back to this node alone, counts as heard, and is no announcement."""
    feed, other = await topic.open_feed(), await topic.open_feed(receive_wait_seconds=0.01)
    topic.seconds.now += 91
    with pytest.raises(ServiceUnavailable, match="no message came for 91 s, not even this node's own heartbeat"):
        await feed.check()
    await feed.beat()

    async def heard() -> bool:
        assert await feed.receive() == []
        return await _is_well(feed)

    await eventually(heard)
    assert await other.receive() == []
    assert not await _is_well(other)


async def _is_well(feed: "SnsAnnouncementFeed") -> bool:
    try:
        await feed.check()
    except ServiceUnavailable:
        return False
    return True


async def test_a_node_that_hears_sends_no_heartbeat(topic: TopicFixture) -> None:
    """Only after half a minute of silence is one published."""
    feed = await topic.open_feed()
    topic.seconds.now += 29
    await feed.beat()
    assert topic.sns_calls.counts["publish"] == 0
    topic.seconds.now += 1
    await feed.beat()
    assert topic.sns_calls.counts["publish"] == 1


async def test_a_living_node_is_never_removed(topic: TopicFixture) -> None:
    """As long as it beats, its tag stays young, however long it lives."""
    feed = await topic.open_feed()
    for _ in range(40):
        topic.seconds.now += 30
        topic.clock.advance(30)
        await feed.beat()
        assert await topic.nodes.remove_dead() == 0
    assert len(topic.queue_urls()) == 1
    assert topic.sqs_calls.counts["tag_queue"] == 20


@pytest.mark.parametrize(("service", "operation"), [("sns", "Publish"), ("sqs", "TagQueue")])
async def test_a_failed_heartbeat_is_raised(topic: TopicFixture, service: str, operation: str) -> None:
    """The caller writes a journal entry, and tries again."""
    feed = await topic.open_feed()
    topic.seconds.now += 60
    with inject(getattr(topic, service), Fault.server_error(operation=operation)), pytest.raises(ServiceUnavailable):
        await feed.beat()


async def test_a_feed_that_cannot_open_is_an_error(topic: TopicFixture) -> None:
    """A node does not serve without hearing; what it had made by then is gone."""
    faults = [(topic.sqs, "CreateQueue"), (topic.sqs, "GetQueueAttributes"), (topic.sns, "Subscribe")]
    for client, operation in faults:
        with inject(client, Fault.throttle(operation=operation)), pytest.raises(ServiceUnavailable):
            await topic.open_feed()
    assert (list(topic.queue_urls()), list(topic.endpoints())) == ([], [])
