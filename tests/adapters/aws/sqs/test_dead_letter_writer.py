"""Rejected messages into the dead-letter queues."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from linkhub_core.errors import Fault as Broken
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Rejection
from linkhub_core.testing.builders import a_delivery
from tests.adapters.aws.queue_fixture import QueueFixture

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture(params=[False, True], ids=["standard", "fifo"])
async def fixture(
    make_sqs_client: Callable[[], "SQSClient"], request: pytest.FixtureRequest
) -> AsyncIterator[QueueFixture]:
    """Two queues of one sort, through a client of the test's own."""
    made = QueueFixture.create(make_sqs_client(), is_fifo=request.param)
    yield made
    await made.close()


def _rejection(kind: Kind, receipt: str) -> Rejection:
    delivery = evolve(a_delivery(kind), receipt=receipt, message_id=f"id-of-{receipt}")
    return Rejection(delivery=delivery, faults=[Broken("title", "is missing")])


async def test_each_kind_has_its_own_box(fixture: QueueFixture) -> None:
    """A letter goes where the redrive policy of its queue would have put it."""
    rejections = [_rejection(Kind.CAPTION, "a"), _rejection(Kind.THUMBNAIL, "b"), _rejection(Kind.CAPTION, "c")]
    there, error = await fixture.dead_letter_writer.put(rejections)
    assert (len(there), error) == (3, None)
    assert [fixture.depth(queue.dead_letter_url) for queue in fixture.queues.values()] == [(2, 0), (1, 0)]


async def test_a_box_that_is_gone_does_not_close_the_other(fixture: QueueFixture) -> None:
    """The result has the written messages and the error, so that the written ones can be deleted."""
    fixture.sqs.delete_queue(QueueUrl=fixture.queues[Kind.CAPTION].dead_letter_url)
    there, error = await fixture.dead_letter_writer.put(
        [_rejection(Kind.CAPTION, "a"), _rejection(Kind.THUMBNAIL, "b")]
    )
    assert [delivery.receipt for delivery in there] == ["b"]
    assert isinstance(error, ServiceUnavailable)


async def test_a_message_that_is_rejected_again_is_not_dropped_as_a_copy(fixture: QueueFixture) -> None:
    """It is another lease of the same message: were it dropped, the message would be deleted and nowhere."""
    first, again = _rejection(Kind.CAPTION, "a"), _rejection(Kind.CAPTION, "b")
    same = evolve(again, delivery=evolve(again.delivery, message_id=first.delivery.message_id))
    await fixture.dead_letter_writer.put([first])
    await fixture.dead_letter_writer.put([same])
    assert fixture.depth(fixture.queues[Kind.CAPTION].dead_letter_url) == (2, 0)
