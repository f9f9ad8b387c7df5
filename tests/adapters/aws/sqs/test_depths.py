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
from tests.adapters.aws.queue_room import QueueRoom
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
async def room(make_sqs_client: Callable[[], "SQSClient"]) -> AsyncIterator[QueueRoom]:
    """Two queues, through a client of the test's own."""
    made = QueueRoom.furnish(make_sqs_client())
    yield made
    await made.close()


def _depths(room: QueueRoom) -> SqsDepths:
    return SqsDepths(queues=room.queues, sqs=room.sqs, calls=room.calls.calls)


async def test_waiting_and_leased_messages_count_by_kind(room: QueueRoom) -> None:
    """A leased message is still in its queue; a rejected one is among the dead letters."""
    await room.publisher.publish([an_outgoing(video_id=f"v{number}") for number in range(5)])
    await room.publisher.publish([an_outgoing(Kind.THUMBNAIL)])
    queue = room.queue(batch_size=10)
    deliveries = await room.receive(queue, 6)
    [thumbnail] = [delivery for delivery in deliveries if delivery.kind is Kind.THUMBNAIL]
    await queue.reject([Rejection(delivery=thumbnail, faults=[Broken("", "no")])])
    assert await _depths(room).queued() == {Kind.CAPTION: 5, Kind.THUMBNAIL: 0}
    assert await _depths(room).dead_letters() == {Kind.CAPTION: 0, Kind.THUMBNAIL: 1}


async def test_a_queue_that_does_not_answer_is_told(room: QueueRoom) -> None:
    """So that whoever asks whether the process is ready hears it."""
    with inject(room.sqs, Fault.time_out(operation="GetQueueAttributes")), pytest.raises(ServiceUnavailable):
        await _depths(room).queued()
