"""How many messages stand in the queues."""

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

import pytest

from linkhub_adapters.aws.sqs.depths import SqsDepths
from linkhub_core.errors import Fault as Broken
from linkhub_core.errors import ServiceUnavailable
from linkhub_core.model import Kind
from linkhub_core.ports import Rejection
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


def _depths(fixture: QueueFixture) -> SqsDepths:
    return SqsDepths(queues=fixture.queues, sqs=fixture.sqs, calls=fixture.calls.calls)


async def test_waiting_and_leased_messages_count_by_kind(fixture: QueueFixture) -> None:
    """A leased message is still in its queue; a rejected one is among the dead letters."""
    await fixture.publisher.publish([an_outgoing(video_id=f"v{number}") for number in range(5)])
    await fixture.publisher.publish([an_outgoing(Kind.THUMBNAIL)])
    queue = fixture.queue(batch_size=10)
    deliveries = await fixture.receive(queue, 6)
    [thumbnail] = [delivery for delivery in deliveries if delivery.kind is Kind.THUMBNAIL]
    await queue.reject([Rejection(delivery=thumbnail, faults=[Broken("", "no")])])
    assert await _depths(fixture).queued() == {Kind.CAPTION: 5, Kind.THUMBNAIL: 0}
    assert await _depths(fixture).dead_letters() == {Kind.CAPTION: 0, Kind.THUMBNAIL: 1}


async def test_a_queue_that_does_not_answer_is_an_error(fixture: QueueFixture) -> None:
    """Readiness reports it."""
    with inject(fixture.sqs, Fault.time_out(operation="GetQueueAttributes")), pytest.raises(ServiceUnavailable):
        await _depths(fixture).queued()
