"""Both queues on SQS: batches, leases, rejection, the end, and faults."""

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.sqs.event_queue import HEARTBEAT, SqsEventQueue
from linkhub_adapters.runtime import Consumer
from linkhub_core.errors import Fault as Broken
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Delivery, Rejection
from linkhub_core.testing.builders import KEY, an_event, an_outgoing
from linkhub_core.testing.fakes import MemoryJournal
from linkhub_core.wire.codec import decode_event
from tests.adapters.aws.queue_fixture import SAFETY_SECONDS, QueueFixture, blame_the_sender, eventually
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def fixture(make_sqs_client: Callable[[], "SQSClient"]) -> AsyncIterator[QueueFixture]:
    """Two queues, through a client of the test's own."""
    made = QueueFixture.create(make_sqs_client())
    yield made
    await made.close()


@pytest.fixture
async def fifo(make_sqs_client: Callable[[], "SQSClient"]) -> AsyncIterator[QueueFixture]:
    """Two FIFO queues."""
    made = QueueFixture.create(make_sqs_client(), is_fifo=True)
    yield made
    await made.close()


async def _publish(fixture: QueueFixture, count: int, kind: Kind = Kind.CAPTION) -> None:
    await fixture.publisher.publish([an_outgoing(kind, video_id=f"v{number}") for number in range(count)])


def _url(fixture: QueueFixture) -> str:
    return fixture.queues[Kind.CAPTION].url


def _rejections(deliveries: Sequence[Delivery]) -> list[Rejection]:
    return [Rejection(delivery=delivery, faults=[Broken("title", "is missing")]) for delivery in deliveries]


# --- receive


async def test_a_batch_joins_replies_of_both_queues(fixture: QueueFixture) -> None:
    """Replies of ten make one batch, so that the stores are asked less often and halves meet."""
    for kind in Kind:
        await _publish(fixture, 40, kind)
    batch = await fixture.queue(batch_size=80, linger_seconds=SAFETY_SECONDS).receive()
    assert {delivery.kind for delivery in batch} == set(Kind)
    assert len({delivery.message_id for delivery in batch}) == 80


async def test_a_full_batch_lingers_for_a_queue_that_lags_behind(fixture: QueueFixture) -> None:
    """While a queue that has more is late with it, a batch waits for its half, for the other halves are here."""
    for kind in Kind:
        await _publish(fixture, 60, kind)
    comes, late = threading.Event(), fixture.queues[Kind.THUMBNAIL].url
    polls = itertools.count()

    def hold_all_but_the_first(params: dict[str, object], **_: object) -> None:
        if params["QueueUrl"] == late and next(polls):
            comes.wait(SAFETY_SECONDS)

    fixture.sqs.meta.events.register("provide-client-params.sqs.ReceiveMessage", hold_all_but_the_first)
    queue = fixture.queue(batch_size=40, linger_seconds=SAFETY_SECONDS, receive_wait_seconds=SAFETY_SECONDS)
    receiving = asyncio.create_task(queue.receive())

    async def has_enough_of_one_kind() -> bool:
        return queue.buffered(Kind.CAPTION) == 40 and queue.buffered(Kind.THUMBNAIL) == 10

    await eventually(has_enough_of_one_kind)
    assert not receiving.done()
    comes.set()
    assert [delivery.kind for delivery in await receiving].count(Kind.THUMBNAIL) >= 10


async def test_a_batch_is_no_larger_than_asked_and_the_rest_stays(fixture: QueueFixture) -> None:
    """Messages beyond the batch wait in the buffer for the next one."""
    await _publish(fixture, 10)
    queue = fixture.queue(batch_size=4)
    sizes = [len(await queue.receive()) for _ in range(3)]
    assert sizes == [4, 4, 2]
    assert fixture.depth(_url(fixture)) == (0, 10)


async def test_a_message_that_comes_ends_the_wait(fixture: QueueFixture) -> None:
    """A waiting receive returns when a message comes, long before it or its poll would have ended."""
    queue = fixture.queue(receive_wait_seconds=10 * SAFETY_SECONDS, poll_wait_seconds=20)
    receiving = asyncio.create_task(queue.receive())
    await _publish(fixture, 1)
    assert len(await asyncio.wait_for(receiving, SAFETY_SECONDS)) == 1


async def test_an_empty_receive_leaves_its_polls_waiting(fixture: QueueFixture) -> None:
    """Receives that find nothing cost no calls: one long poll of each queue outlasts them."""
    queue = fixture.queue(receive_wait_seconds=0.01, poll_wait_seconds=20)
    for _ in range(5):
        assert await queue.receive() == []
    assert fixture.calls.calls.counts["receive_message"] <= 2


async def test_what_is_leased_is_bounded(fixture: QueueFixture) -> None:
    """However much there is, a queue never leases more than the batch in hand and what the buffer may hold."""
    await _publish(fixture, 100)
    queue = fixture.queue(batch_size=10)
    assert len(await queue.receive()) == 10
    _, leased = fixture.depth(_url(fixture))
    assert leased <= 20


async def test_events_come_raw_or_in_an_sns_envelope(
    fixture: QueueFixture, make_sns_client: Callable[[], "SNSClient"]
) -> None:
    """A worker that publishes to a topic is understood, whether the topic delivers raw or wrapped."""
    sns = make_sns_client()
    for number, is_raw in enumerate(["true", "false"]):
        topic = sns.create_topic(Name=f"{fixture.queues[Kind.CAPTION].name}-{number}")["TopicArn"]
        attributes = {"RawMessageDelivery": is_raw}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=fixture.queues[Kind.CAPTION].arn, Attributes=attributes)
        sns.publish(TopicArn=topic, Message=json.dumps(an_event()))
    deliveries = await fixture.receive(fixture.queue(), 2)
    assert [decode_event(Kind.CAPTION, one.body, one.sent_at).key for one in deliveries] == [KEY, KEY]


# --- leases


async def test_leases_run_for_as_long_as_was_said(fixture: QueueFixture) -> None:
    """SQS counts in whole seconds: a delay is rounded up; an extension is the whole visibility time-out again."""
    await _publish(fixture, 1)
    queue = fixture.queue(visibility_timeout_seconds=45)
    [delivery] = await fixture.receive(queue, 1)
    with inject(fixture.sqs) as watched:
        hidden: list[int] = []

        def look(params: dict[str, list[dict[str, int]]], **_: object) -> None:
            hidden.append(params["Entries"][0]["VisibilityTimeout"])

        watched.hook(fixture.sqs, "provide-client-params", "ChangeMessageVisibilityBatch", look)
        await queue.extend([delivery])
        await queue.release([delivery], 0.2)
        [delivery] = await fixture.receive(queue, 1)
        await queue.release([delivery], 100_000)
    assert hidden == [45, 1, 43_200]


async def test_what_was_released_has_no_say_any_more(fixture: QueueFixture) -> None:
    """A heartbeat does not replace the delay of a message that was given back, nor does anything else touch it."""
    await _publish(fixture, 2)
    queue = fixture.queue()
    gone, kept = await fixture.receive(queue, 2)
    await queue.release([gone], 600)
    before = fixture.calls.calls.counts.copy()
    await queue.extend([gone])
    await queue.acknowledge([gone])
    await queue.reject(_rejections([gone]))
    await queue.release([gone], 0)
    assert fixture.calls.calls.counts == before
    await queue.acknowledge([gone, kept])
    assert (fixture.depth(_url(fixture)), await fixture.letters()) == ((0, 1), [])


async def test_a_release_that_failed_can_be_repeated(fixture: QueueFixture) -> None:
    """It counts as given back only where SQS has done it."""
    await _publish(fixture, 1)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 1)
    with (
        inject(fixture.sqs, Fault.time_out(operation="ChangeMessageVisibilityBatch")),
        pytest.raises(ServiceUnavailable),
    ):
        await queue.release(deliveries, 0)
    await queue.release(deliveries, 0)
    assert [one.receive_count for one in await fixture.receive(queue, 1)] == [2]


async def test_what_waits_in_the_buffer_is_kept_alive(fixture: QueueFixture) -> None:
    """A heartbeat extends the leases of messages that no batch has taken, as long as there are any."""
    await _publish(fixture, 6)
    queue = fixture.queue(batch_size=1, visibility_timeout_seconds=3)
    await fixture.receive(queue, 1)

    async def beats() -> int:
        return fixture.calls.calls.counts["change_message_visibility_batch"]

    await eventually(beats)
    assert {delivery.receive_count for delivery in await fixture.receive(queue, 5)} == {1}


async def test_the_heartbeat_ends_with_the_buffer_and_begins_again(fixture: QueueFixture) -> None:
    """Nothing is extended while nothing waits; what waits later is."""
    await _publish(fixture, 2)
    queue = fixture.queue(batch_size=1, visibility_timeout_seconds=3)
    await fixture.receive(queue, 2)

    async def ended() -> bool:
        return HEARTBEAT not in {task.get_name() for task in asyncio.all_tasks()}

    await eventually(ended)
    assert fixture.calls.calls.counts["change_message_visibility_batch"] == 0
    await _publish(fixture, 2, Kind.THUMBNAIL)
    await fixture.receive(queue, 1)

    async def beats() -> int:
        return fixture.calls.calls.counts["change_message_visibility_batch"]

    await eventually(beats)


async def test_a_failed_heartbeat_is_raised_by_the_next_receive(fixture: QueueFixture) -> None:
    """The receive after that goes on as before."""
    await _publish(fixture, 2)
    queue = fixture.queue(batch_size=1, visibility_timeout_seconds=3)
    await fixture.receive(queue, 1)
    with inject(fixture.sqs, Fault.server_error(operation="ChangeMessageVisibilityBatch")) as injection:

        async def hits() -> int:
            return injection.hits

        await eventually(hits)
        errors, deliveries = await _receive_all(queue, 1)
    assert (errors, len(deliveries)) == (1, 1)


# --- reject


async def test_a_rejected_message_is_deleted_when_it_is_among_the_dead_letters(fixture: QueueFixture) -> None:
    """The queue is empty, the dead letters hold body, reason and origin."""
    await _publish(fixture, 3)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 3)
    await queue.reject(_rejections(deliveries))
    letters = await fixture.letters()
    assert sorted(letter.message_id for letter in letters) == sorted(one.message_id for one in deliveries)
    assert {letter.faults for letter in letters} == {(Broken("title", "is missing"),)}
    assert fixture.depth(_url(fixture)) == (0, 0)


async def test_what_could_not_be_buried_is_not_deleted(fixture: QueueFixture) -> None:
    """If the dead-letter queue does not answer, the message stays leased, and is delivered again."""
    await _publish(fixture, 2)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 2)
    with (
        inject(fixture.sqs, Fault.server_error(operation="SendMessageBatch")),
        pytest.raises(ServiceUnavailable),
    ):
        await queue.reject(_rejections(deliveries))
    assert (await fixture.letters(), fixture.depth(_url(fixture))) == ([], (0, 2))


async def test_burying_in_part_deletes_in_part(fixture: QueueFixture) -> None:
    """A message that cannot be dead-lettered is an error, and the others are deleted."""
    await _publish(fixture, 3)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 3)
    with (
        inject(fixture.sqs, Fault.unserved(operation="SendMessageBatch", parts=(0,), times=5)),
        pytest.raises(ServiceUnavailable, match="ThrottlingError"),
    ):
        await queue.reject(_rejections(deliveries))
    assert (len(await fixture.letters()), fixture.depth(_url(fixture))) == (2, (0, 1))


async def test_a_rejection_that_the_dead_letters_refuse_is_an_error(fixture: QueueFixture) -> None:
    """A dead-letter queue that takes only smaller messages by now: nothing is deleted."""
    await _publish(fixture, 1)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 1)
    url = fixture.queues[Kind.CAPTION].dead_letter_url
    with inject(fixture.sqs, Fault.unserved(operation="SendMessageBatch", parts=(0,), code="InvalidParameterValue")):
        fixture.sqs.meta.events.register("after-call.sqs.SendMessageBatch", blame_the_sender)
        with pytest.raises(ServiceUnavailable, match="a dead letter was refused: InvalidParameterValue"):
            await queue.reject(_rejections(deliveries))
    assert (fixture.depth(url), fixture.depth(_url(fixture))) == ((0, 0), (0, 1))


async def test_a_crash_between_burying_and_deleting_leaves_both(fixture: QueueFixture) -> None:
    """Twice is better than never: the message is still leased, and its letter is there."""
    await _publish(fixture, 1)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 1)
    with (
        inject(fixture.sqs, Fault.time_out(operation="DeleteMessageBatch")),
        pytest.raises(ServiceUnavailable),
    ):
        await queue.reject(_rejections(deliveries))
    assert (len(await fixture.letters()), fixture.depth(_url(fixture))) == (1, (0, 1))


async def test_rejecting_what_is_settled_buries_nothing(fixture: QueueFixture) -> None:
    """A lease that is over is ignored: the consumer that leases the message now decides."""
    await _publish(fixture, 1)
    queue = fixture.queue()
    deliveries = await fixture.receive(queue, 1)
    await queue.acknowledge(deliveries)
    await queue.reject(_rejections(deliveries))
    assert await fixture.letters() == []


# --- the end


async def test_closing_ends_a_receive_and_waits_for_no_poll(fixture: QueueFixture) -> None:
    """A waiting receive brings nothing at once, and so does every later one; closing again does nothing."""
    queue = fixture.queue(receive_wait_seconds=10 * SAFETY_SECONDS, poll_wait_seconds=20)
    receiving = asyncio.create_task(queue.receive())

    async def polls() -> bool:
        return fixture.calls.calls.counts["receive_message"] == 2

    await eventually(polls)
    async with asyncio.timeout(SAFETY_SECONDS):
        await queue.close()
        assert await receiving == []
        await queue.close()


async def test_a_closed_queue_brings_nothing(fixture: QueueFixture) -> None:
    """Messages that are there stay there."""
    await _publish(fixture, 1)
    queue = fixture.queue(receive_wait_seconds=0.01)
    await queue.close()
    assert await queue.receive() == []
    assert fixture.depth(_url(fixture)) == (1, 0)


async def test_closing_gives_back_what_no_batch_has_taken(fixture: QueueFixture) -> None:
    """The buffer is visible to others at once; what is in hand is not, and can still be settled."""
    await _publish(fixture, 10)
    queue = fixture.queue(batch_size=4)
    in_hand = await fixture.receive(queue, 4)
    await queue.close()
    assert await fixture.settles_at(_url(fixture), (6, 4))
    await queue.acknowledge(in_hand)
    assert await fixture.settles_at(_url(fixture), (6, 0))


async def test_a_poll_that_was_abandoned_gives_back_what_it_brings(fixture: QueueFixture) -> None:
    """A message that comes to a poll after the end is soon there for others, not hidden for its whole lease."""
    queue = fixture.queue(receive_wait_seconds=0.01, poll_wait_seconds=20, visibility_timeout_seconds=600)
    assert await queue.receive() == []
    await queue.close()
    await _publish(fixture, 1)

    async def others() -> Sequence[object]:
        return fixture.lease(_url(fixture))

    assert len(await eventually(others)) == 1


async def test_a_consumer_that_stops_drains(fixture: QueueFixture) -> None:
    """Work in hand is finished, nothing is left leased, and no poll is waited for."""
    await _publish(fixture, 30)
    queue = fixture.queue(batch_size=10, poll_wait_seconds=20)
    stop, seen = asyncio.Event(), list[Delivery]()

    async def assemble(deliveries: Sequence[Delivery]) -> None:
        seen.extend(deliveries)
        stop.set()
        await queue.acknowledge(deliveries)

    consumer = Consumer(queue=queue, assemble=assemble, journal=MemoryJournal(), heartbeat_seconds=10)
    async with asyncio.timeout(SAFETY_SECONDS):
        await consumer.run(stop)
        await queue.close()
    assert seen
    assert await fixture.settles_at(_url(fixture), (30 - len(seen), 0))


# --- faults


@pytest.mark.parametrize(
    "fault",
    [
        Fault.throttle(operation="ReceiveMessage", code="RequestThrottled"),
        Fault.server_error(operation="ReceiveMessage"),
        Fault.time_out(operation="ReceiveMessage"),
    ],
    ids=["throttled", "500", "timed-out"],
)
async def test_a_failed_poll_is_raised_once_and_no_message_is_lost(fixture: QueueFixture, fault: Fault) -> None:
    """One receive raises, and the next ones bring all that is there."""
    await _publish(fixture, 3)
    await _publish(fixture, 3, Kind.THUMBNAIL)
    queue = fixture.queue()
    with inject(fixture.sqs, fault):
        errors, deliveries = await _receive_all(queue, 6)
    assert errors == 1
    assert len({delivery.message_id for delivery in deliveries}) == 6


async def test_messages_of_a_lost_reply_come_again(fixture: QueueFixture) -> None:
    """Their leases have no owner: they are delivered again when these run out."""
    await _publish(fixture, 2)
    queue = fixture.queue(visibility_timeout_seconds=1)
    with inject(fixture.sqs, Fault.lose_reply(operation="ReceiveMessage", times=2)):
        _, deliveries = await _receive_all(queue, 2)
    assert {delivery.receive_count for delivery in deliveries} == {2}


async def test_one_queue_that_fails_does_not_silence_the_other(fixture: QueueFixture) -> None:
    """While access to a queue is denied, messages of the other one come, and each receive raises the error."""
    fixture.sqs.delete_queue(QueueUrl=fixture.queues[Kind.THUMBNAIL].url)
    await _publish(fixture, 25)
    errors, deliveries = await _receive_all(fixture.queue(batch_size=10), 25)
    assert (errors >= 1, len(deliveries)) == (True, 25)


async def _receive_all(queue: SqsEventQueue, count: int) -> tuple[int, list[Delivery]]:
    """Receive through errors, as a consumer does; gives their number, and the deliveries."""
    errors, deliveries = 0, list[Delivery]()
    async with asyncio.timeout(SAFETY_SECONDS):
        while len(deliveries) < count or errors == 0:
            try:
                deliveries += await queue.receive()
            except ServiceUnavailable:
                errors += 1
    return errors, deliveries


# --- FIFO


async def test_a_fifo_queue_holds_up_a_released_video_and_no_other(fifo: QueueFixture) -> None:
    """While a message of a video is leased or delayed, the others of that video wait; other videos come."""
    titles = ["first", "second"]
    await fifo.publisher.publish([an_outgoing(video_id="a", title=title) for title in titles])
    await fifo.publisher.publish([an_outgoing(video_id="b")])
    queue = fifo.queue(batch_size=1)
    [first, *_] = await fifo.receive(queue, 1)
    await queue.close()
    await queue.release([first], 600)
    await fifo.publisher.publish([an_outgoing(video_id="c")])
    videos: set[str] = set()

    async def others() -> bool:
        videos.update(json.loads(message["Body"])["video_id"] for message in fifo.lease(_url(fifo)))
        return len(videos) >= 2

    await eventually(others)
    held = json.loads(first.body)["video_id"]
    assert videos == {"a", "b", "c"} - {held}


async def test_a_fifo_queue_buries_and_settles_like_any_other(fifo: QueueFixture) -> None:
    """Receive, reject, acknowledge and redrive work on .fifo queues, and leave nothing behind."""
    await _publish(fifo, 4)
    queue = fifo.queue()
    deliveries = await fifo.receive(queue, 4)
    await queue.reject(_rejections(deliveries[:2]))
    await queue.acknowledge(deliveries[2:])
    assert fifo.depth(_url(fifo)) == (0, 0)
    assert await fifo.dead_letters.redrive(await fifo.letters()) == 2
    await queue.acknowledge(await fifo.receive(queue, 2))
    assert (fifo.depth(_url(fifo)), await fifo.letters()) == ((0, 0), [])
