"""Events to the queues: batches, what cannot be sent, and faults."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import OutgoingMessage, Refusal
from linkhub_core.testing.builders import an_outgoing
from tests.adapters.aws.queue_fixture import QueueFixture
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def fixture(make_sqs_client: Callable[[], "SQSClient"]) -> AsyncIterator[QueueFixture]:
    """Two queues, through a client of the test's own."""
    made = QueueFixture.create(make_sqs_client())
    yield made
    await made.close()


async def test_many_messages_go_in_tens_to_their_queues(fixture: QueueFixture) -> None:
    """Nothing is lost, and ten messages cost one call."""
    messages = [an_outgoing(kind, video_id=str(number)) for number in range(25) for kind in Kind]
    assert await fixture.publisher.publish(messages) == []
    assert [fixture.depth(queue.url) for queue in fixture.queues.values()] == [(25, 0), (25, 0)]
    assert fixture.calls.calls.counts["send_message_batch"] == 6


async def test_large_messages_share_a_call_only_as_far_as_they_fit(fixture: QueueFixture) -> None:
    """The limit is that of the whole call: three messages of 100 kB need two."""
    messages = [an_outgoing(body=character * 100_000) for character in "abc"]
    assert await fixture.publisher.publish(messages) == []
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (3, 0)
    assert fixture.calls.calls.counts["send_message_batch"] == 2


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (an_outgoing(body=""), "an empty message cannot be sent"),
        (an_outgoing(body="a\x00"), "character U+0000 at position 1 cannot be sent"),
        (an_outgoing(body="\ud800"), "character U+D800 at position 0 cannot be sent"),
        (an_outgoing(body="x" * 262_144), "it has 262,166 bytes, the queue takes 262,144"),
        (evolve(an_outgoing(), attributes={"a": ""}), "attribute a: an empty message cannot be sent"),
        (evolve(an_outgoing(), attributes={"a": "\x07"}), "attribute a: character U+0007 at position 0 cannot be sent"),
        (evolve(an_outgoing(), attributes={"a b": "c"}), "'a b' is no name for an attribute"),
        (evolve(an_outgoing(), attributes={"AWS.x": "c"}), "'AWS.x' is no name for an attribute"),
        (
            evolve(an_outgoing(), attributes={f"a{number}": "c" for number in range(11)}),
            "it has 11 attributes, 10 can be sent",
        ),
    ],
    ids=["empty", "nul", "surrogate", "too-large", "empty-value", "bad-value", "bad-name", "reserved-name", "too-many"],
)
async def test_what_cannot_be_sent_is_refused_and_its_mates_go(
    fixture: QueueFixture, message: OutgoingMessage, problem: str
) -> None:
    """The refusal says why; no call fails because of it."""
    assert await fixture.publisher.publish([an_outgoing(), message]) == [Refusal(message=message, problem=problem)]
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (1, 0)


async def test_failed_entries_are_sent_again(fixture: QueueFixture) -> None:
    """A batch that was served in part is served in full later, and nothing is there twice."""
    messages = [an_outgoing(video_id=str(number)) for number in range(10)]
    with inject(fixture.sqs, Fault.unserved(operation="SendMessageBatch", parts=(0, 4, 9), times=2)):
        assert await fixture.publisher.publish(messages) == []
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (10, 0)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.throttle(operation="SendMessageBatch", code="RequestThrottled"),
        Fault.server_error(operation="SendMessageBatch", status=503),
        Fault.time_out(operation="SendMessageBatch"),
        Fault.lose_reply(operation="SendMessageBatch"),
    ],
    ids=["throttled", "503", "timed-out", "reply-lost"],
)
async def test_a_failed_call_is_an_error(fixture: QueueFixture, fault: Fault) -> None:
    """The caller gets the error, and has to publish again."""
    with inject(fixture.sqs, fault), pytest.raises(ServiceUnavailable):
        await fixture.publisher.publish([an_outgoing()])


async def test_what_the_queue_itself_refuses_is_a_refusal(fixture: QueueFixture) -> None:
    """A limit that was lowered since the queue was looked at: SQS says why, and the mates go."""
    url = fixture.queues[Kind.CAPTION].url
    fixture.sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
    large = an_outgoing(body="x" * 2_000)
    [refusal] = await fixture.publisher.publish([an_outgoing(body="small"), large])
    assert refusal.message is large
    assert refusal.problem.startswith("InvalidParameterValue: ")
    assert fixture.depth(url) == (1, 0)


async def test_a_fifo_queue_drops_a_copy(make_sqs_client: Callable[[], "SQSClient"]) -> None:
    """The same body twice is there once; another one of the same video is there beside it."""
    fixture = QueueFixture.create(make_sqs_client(), is_fifo=True)
    assert await fixture.publisher.publish([an_outgoing(), an_outgoing(), an_outgoing(title="another")]) == []
    assert fixture.depth(fixture.queues[Kind.CAPTION].url) == (2, 0)
