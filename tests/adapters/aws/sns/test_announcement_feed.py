"""What one node hears: announcements, its own heartbeat, and nothing for too long."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.sns.node_queues import RETENTION_SECONDS
from linkhub_adapters.runtime import Listener
from linkhub_core.errors import AnnouncementsLost, LinkhubError, MalformedEvent, ServiceUnavailable
from linkhub_core.model.announcement import Announcement
from linkhub_core.model.journal_entries import ActivityFailed
from linkhub_core.testing.builders import NOON, a_key, a_record
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.wire.codec import announce
from tests.adapters.aws.queue_room import SAFETY_SECONDS, eventually
from tests.adapters.aws.topic_room import TopicRoom
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

    from linkhub_adapters.aws.sns.announcement_feed import SnsAnnouncementFeed

pytestmark = pytest.mark.aws


@pytest.fixture
async def room(
    make_sqs_client: Callable[[], "SQSClient"], make_sns_client: Callable[[], "SNSClient"]
) -> AsyncIterator[TopicRoom]:
    """A topic, through clients of the test's own."""
    made = TopicRoom(sqs=make_sqs_client(), sns=make_sns_client())
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


async def test_every_node_hears_what_is_announced(room: TopicRoom) -> None:
    """The same bytes reach two nodes, with the correlation id, and are deleted there."""
    feeds = [await room.open_feed(), await room.open_feed()]
    await room.notifier.notify([_announcement()])
    assert [await room.hear(feed, 1) for feed in feeds] == [[_announcement()], [_announcement()]]
    for url in room.queue_urls():
        found = room.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert found["ApproximateNumberOfMessagesNotVisible"] == found["ApproximateNumberOfMessages"] == "0"


async def test_a_node_hears_nothing_from_before_it_opened(room: TopicRoom) -> None:
    """Viewers that come later read the store."""
    await room.notifier.notify([_announcement(1)])
    feed = await room.open_feed()
    await room.notifier.notify([_announcement(2)])
    assert await room.hear(feed, 1) == [_announcement(2)]


async def test_an_announcement_ends_the_wait(room: TopicRoom) -> None:
    """A waiting receive returns long before it or its poll would have ended."""
    feed = await room.open_feed(receive_wait_seconds=10 * SAFETY_SECONDS, poll_wait_seconds=20)
    receiving = asyncio.create_task(feed.receive())
    await room.notifier.notify([_announcement()])
    assert await asyncio.wait_for(receiving, SAFETY_SECONDS) == [_announcement()]


async def test_silence_is_an_empty_answer_and_costs_one_poll(room: TopicRoom) -> None:
    """Receives that find nothing leave one long poll waiting."""
    feed = await room.open_feed(receive_wait_seconds=0.01, poll_wait_seconds=20)
    assert [await feed.receive() for _ in range(5)] == [[], [], [], [], []]
    assert room.sqs_calls.counts["receive_message"] <= 1


async def test_what_cannot_be_read_holds_up_nothing(room: TopicRoom) -> None:
    """Somebody else's message on the topic is told by the next receive, and its mates are heard."""
    feed = await room.open_feed()
    room.sns.publish(
        TopicArn=room.topic_arn,
        Message="not an event",
        MessageAttributes={"eventType": {"DataType": "String", "StringValue": "new_product"}},
    )
    await room.notifier.notify([_announcement()])
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


async def test_messages_of_other_types_do_not_come(room: TopicRoom) -> None:
    """The subscription filters: other services may use the topic for their own."""
    feed = await room.open_feed()
    room.sns.publish(
        TopicArn=room.topic_arn,
        Message="{}",
        MessageAttributes={"eventType": {"DataType": "String", "StringValue": "stock_changed"}},
    )
    await room.notifier.notify([_announcement()])
    assert await room.hear(feed, 1) == [_announcement()]


async def test_a_deletion_that_failed_is_told_after_what_was_heard(room: TopicRoom) -> None:
    """Viewers see the product all the same; the copy that comes again is dropped by them."""
    feed = await room.open_feed()
    await room.notifier.notify([_announcement()])
    with inject(room.sqs, Fault.server_error(operation="DeleteMessageBatch")):
        assert await room.hear(feed, 1) == [_announcement()]
        with pytest.raises(ServiceUnavailable, match="InternalFailure"):
            await feed.receive()


async def test_a_poll_that_failed_is_told_and_listening_goes_on(room: TopicRoom) -> None:
    """An error of SQS is no silence."""
    feed = await room.open_feed()
    with inject(room.sqs, Fault.throttle(operation="ReceiveMessage")):
        assert isinstance(await _error_of(feed), ServiceUnavailable)
    await room.notifier.notify([_announcement()])
    assert await room.hear(feed, 1) == [_announcement()]


async def test_a_node_whose_queue_was_removed_opens_another(room: TopicRoom) -> None:
    """It tells of it, and hears again what is announced from then on."""
    feed = await room.open_feed()
    [lost] = room.queue_urls()
    room.sqs.delete_queue(QueueUrl=lost)
    assert "NonExistentQueue" in str(await _error_of(feed))
    assert isinstance(await _error_of(feed), AnnouncementsLost)
    [another] = room.queue_urls()
    assert another != lost
    await room.notifier.notify([_announcement()])
    assert await room.hear(feed, 1) == [_announcement()]


async def test_a_node_that_cannot_open_another_queue_tries_again(room: TopicRoom) -> None:
    """However often that fails, it does not end up with no queue and no complaint."""
    feed = await room.open_feed()
    room.sqs.delete_queue(QueueUrl=room.queue_urls()[0])
    with inject(room.sqs, Fault.throttle(operation="CreateQueue", times=2)) as injection:
        while not injection.is_spent:
            assert isinstance(await _error_of(feed), ServiceUnavailable)

    async def listens() -> bool:
        """Whether it says that it listens anew, and lost what came meanwhile; the old queue's error may come before."""
        return isinstance(await _error_of(feed), AnnouncementsLost)

    await eventually(listens)
    assert room.queue_urls()
    await room.notifier.notify([_announcement()])
    assert await room.hear(feed, 1) == [_announcement()]


async def test_a_listener_survives_all_of_it(room: TopicRoom) -> None:
    """The loop that serves viewers delivers what comes after an error, and ends when it is stopped."""
    feed, journal, stop = await room.open_feed(), MemoryJournal(), asyncio.Event()
    delivered: list[Announcement] = []

    def deliver(announcements: Sequence[Announcement]) -> None:
        delivered.extend(announcements)
        if delivered:
            stop.set()

    listener = Listener(feed=feed, deliver=deliver, recover=print, clock=room.clock, journal=journal)
    with inject(room.sqs, Fault.server_error(operation="ReceiveMessage")) as injection:
        listening = asyncio.create_task(listener.run(stop))

        async def hits() -> int:
            return injection.hits

        await eventually(hits)
        await room.notifier.notify([_announcement()])
        await asyncio.wait_for(listening, SAFETY_SECONDS)
    assert delivered == [_announcement()]
    assert [entry.activity for entry in journal.of(ActivityFailed)] == ["listen"]


# --- the end


async def test_closing_ends_a_receive_and_removes_the_queue(room: TopicRoom) -> None:
    """No poll is waited for; the node leaves nothing behind, and a second time does nothing."""
    feed = await room.open_feed(receive_wait_seconds=10 * SAFETY_SECONDS, poll_wait_seconds=20)
    receiving = asyncio.create_task(feed.receive())

    async def polls() -> int:
        return room.sqs_calls.counts["receive_message"]

    await eventually(polls)
    async with asyncio.timeout(SAFETY_SECONDS):
        await feed.close()
        assert await receiving == []
        await feed.close()
    assert (list(room.queue_urls()), list(room.endpoints())) == ([], [])


async def test_a_feed_that_is_closed_while_it_opens_leaves_nothing(room: TopicRoom) -> None:
    """Whoever stops in the middle of a start does not leave a queue behind."""
    feed = await room.open_feed(receive_wait_seconds=0.01)
    await feed.close()
    opening = asyncio.create_task(feed.open())
    await asyncio.sleep(0)  # it has begun
    await feed.close()
    await opening
    assert (list(room.queue_urls()), list(room.endpoints())) == ([], [])


async def test_a_closed_feed_brings_nothing(room: TopicRoom) -> None:
    """Nor does it say that it hears."""
    feed = await room.open_feed(receive_wait_seconds=0.01)
    await feed.close()
    await feed.beat()
    assert await feed.receive() == []
    with pytest.raises(ServiceUnavailable):
        await feed.check()


async def test_a_queue_that_was_removed_took_news_with_it(room: TopicRoom) -> None:
    """Another one is opened, and the listener is told since when it may have missed some."""
    feed = await room.open_feed(receive_wait_seconds=0.01)
    (url,) = room.queue_urls()
    room.sqs.delete_queue(QueueUrl=url)
    room.seconds.now += 40
    assert isinstance(await _error_of(feed), ServiceUnavailable)
    error = await _error_of(feed)
    assert isinstance(error, AnnouncementsLost)
    assert error.seconds == 40
    assert list(room.queue_urls()) not in ([], [url])


async def test_a_silence_longer_than_a_queue_keeps_news_is_a_loss(room: TopicRoom) -> None:
    """When something is heard again; after a shorter one all is still there."""
    feed = await room.open_feed()
    for silent_seconds, is_lost in ((RETENTION_SECONDS - 1, False), (RETENTION_SECONDS, True)):
        room.seconds.now += silent_seconds
        await room.notifier.notify([_announcement(silent_seconds)])
        assert await feed.receive() == [_announcement(silent_seconds)]
        if is_lost:
            with pytest.raises(AnnouncementsLost):
                await feed.receive()


# --- is the way open?


async def test_a_quiet_node_hears_its_own_heartbeat(room: TopicRoom) -> None:
    """It comes back to this node alone, counts as heard, and is no announcement."""
    feed, other = await room.open_feed(), await room.open_feed(receive_wait_seconds=0.01)
    room.seconds.now += 91
    with pytest.raises(ServiceUnavailable, match="nothing was heard for 91 s, not even this node's own heartbeat"):
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


async def test_a_node_that_hears_sends_no_heartbeat(room: TopicRoom) -> None:
    """Only after half a minute of silence is one published."""
    feed = await room.open_feed()
    room.seconds.now += 29
    await feed.beat()
    assert room.sns_calls.counts["publish"] == 0
    room.seconds.now += 1
    await feed.beat()
    assert room.sns_calls.counts["publish"] == 1


async def test_a_living_node_is_never_removed(room: TopicRoom) -> None:
    """As long as it beats, its tag stays young, however long it lives."""
    feed = await room.open_feed()
    for _ in range(40):
        room.seconds.now += 30
        room.clock.advance(30)
        await feed.beat()
        assert await room.nodes.remove_dead() == 0
    assert len(room.queue_urls()) == 1
    assert room.sqs_calls.counts["tag_queue"] == 20


@pytest.mark.parametrize(("service", "operation"), [("sns", "Publish"), ("sqs", "TagQueue")])
async def test_a_heartbeat_that_failed_is_told(room: TopicRoom, service: str, operation: str) -> None:
    """Whoever repeats it tells the journal, and tries again."""
    feed = await room.open_feed()
    room.seconds.now += 60
    with inject(getattr(room, service), Fault.server_error(operation=operation)), pytest.raises(ServiceUnavailable):
        await feed.beat()


async def test_a_feed_that_cannot_open_is_told(room: TopicRoom) -> None:
    """A node does not serve without hearing; what it had made by then is gone."""
    faults = [(room.sqs, "CreateQueue"), (room.sqs, "GetQueueAttributes"), (room.sns, "Subscribe")]
    for client, operation in faults:
        with inject(client, Fault.throttle(operation=operation)), pytest.raises(ServiceUnavailable):
            await room.open_feed()
    assert (list(room.queue_urls()), list(room.endpoints())) == ([], [])
