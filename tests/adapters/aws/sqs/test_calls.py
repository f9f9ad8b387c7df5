"""The calls of SQS: what is retried, what is ignored, and what is an error."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest

from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.testing.builders import an_outgoing
from tests.adapters.aws.queue_fixture import QueueFixture, blame_the_sender
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


async def _leased(fixture: QueueFixture, count: int) -> list[str]:
    """The receipts of as many messages, leased."""
    await fixture.publisher.publish([an_outgoing(video_id=str(number)) for number in range(count)])
    receipts: list[str] = []
    while len(receipts) < count:
        receipts += [message["ReceiptHandle"] for message in fixture.lease(fixture.queues[Kind.CAPTION].url)]
    return receipts


async def test_entries_of_a_deletion_that_fail_are_deleted_later(fixture: QueueFixture) -> None:
    """A 200 that left entries undone is not the end: they alone are sent again, and the queue is empty."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 12)
    fault = Fault.unserved(operation="DeleteMessageBatch", parts=(0, 1, 5), times=3)
    with inject(fixture.sqs, fault) as injection:
        await fixture.calls.delete(url, receipts)
    assert injection.is_spent
    assert fixture.depth(url) == (0, 0)


async def test_a_deletion_that_keeps_failing_in_part_is_an_error(fixture: QueueFixture) -> None:
    """The mates are deleted, and the error names the cause."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 3)
    with (
        inject(fixture.sqs, Fault.unserved(operation="DeleteMessageBatch", parts=(0,), times=5, code="InternalError")),
        pytest.raises(ServiceUnavailable, match="failed 5 times, with InternalError"),
    ):
        await fixture.calls.delete(url, receipts)
    assert fixture.depth(url) == (0, 1)


async def test_a_lease_that_is_over_does_not_matter(fixture: QueueFixture) -> None:
    """Deleting twice, or extending what is gone, does nothing; the mates are served."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 3)
    await fixture.calls.delete(url, receipts[:1])
    assert await fixture.calls.hide(url, receipts, 60) == receipts[1:]
    await fixture.calls.delete(url, receipts)
    assert fixture.depth(url) == (0, 0)


@pytest.mark.parametrize("code", ["InvalidParameterValue", "MessageNotInflight", "ReceiptHandleIsInvalid"])
async def test_every_way_to_say_that_a_lease_is_over_is_known(fixture: QueueFixture, code: str) -> None:
    """Standard and FIFO queues of AWS each have their own."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 1)

    with inject(fixture.sqs, Fault.unserved(operation="ChangeMessageVisibilityBatch", parts=(0,), code=code)):
        fixture.sqs.meta.events.register("after-call.sqs.ChangeMessageVisibilityBatch", blame_the_sender)
        assert await fixture.calls.hide(url, receipts, 60) == []


async def test_another_fault_of_the_sender_is_an_error(fixture: QueueFixture) -> None:
    """An entry that is refused for a reason we do not know is no lease that is over."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 1)
    with inject(fixture.sqs, Fault.unserved(operation="DeleteMessageBatch", parts=(0,), code="KmsAccessDenied")):
        fixture.sqs.meta.events.register("after-call.sqs.DeleteMessageBatch", blame_the_sender)
        with pytest.raises(ServiceUnavailable, match="KmsAccessDenied"):
            await fixture.calls.delete(url, receipts)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.throttle(operation="DeleteMessageBatch", code="RequestThrottled"),
        Fault.server_error(operation="DeleteMessageBatch"),
        Fault.server_error(operation="DeleteMessageBatch", status=503, code="ServiceUnavailable"),
        Fault.client_error(operation="DeleteMessageBatch", code="AccessDenied", status=403),
        Fault.time_out(operation="DeleteMessageBatch"),
        Fault.lose_reply(operation="DeleteMessageBatch"),
    ],
    ids=["throttled", "500", "503", "denied", "timed-out", "reply-lost"],
)
async def test_a_failed_call_is_an_error_and_may_be_repeated(fixture: QueueFixture, fault: Fault) -> None:
    """After any failure, or only a lost reply, repeating the call is safe."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 2)
    with inject(fixture.sqs, fault), pytest.raises(ServiceUnavailable, match="SQS is unavailable"):
        await fixture.calls.delete(url, receipts)
    await fixture.calls.delete(url, receipts)
    assert fixture.depth(url) == (0, 0)


async def test_calls_are_counted(fixture: QueueFixture) -> None:
    """Each call of the service counts, by operation: a batch of ten is one."""
    url, receipts = fixture.queues[Kind.CAPTION].url, await _leased(fixture, 12)
    before = fixture.calls.calls.counts["delete_message_batch"]
    await fixture.calls.delete(url, receipts)
    assert fixture.calls.calls.counts["delete_message_batch"] - before == 2
