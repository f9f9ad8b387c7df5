"""The attributes of a queue that are read from SQS."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.sqs.find_queues import FindQueues, NoDeadLetterQueue
from linkhub_adapters.aws.sqs.queue_facts import name_of
from linkhub_core.model import Kind
from tests.adapters.aws.queue_fixture import QueueFixture

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
def sqs(make_sqs_client: Callable[[], "SQSClient"]) -> "SQSClient":
    """A client."""
    return make_sqs_client()


def test_a_queue_is_found_with_its_dead_letters(sqs: "SQSClient") -> None:
    """From a URL alone: the ARN, the dead-letter queue, how often it delivers, and what sort it is."""
    standard, fifo = QueueFixture.create(sqs, max_receive_count=7), QueueFixture.create(sqs, is_fifo=True)
    found = standard.queues[Kind.CAPTION]
    assert found.kind is Kind.CAPTION
    assert name_of(found.arn) == found.name
    assert found.dead_letter_url == f"{found.url}-dead"
    assert (found.max_receive_count, found.is_fifo) == (7, False)
    assert fifo.queues[Kind.THUMBNAIL].is_fifo


def test_the_smaller_limit_of_the_two_counts(sqs: "SQSClient") -> None:
    """A dead letter has to fit, too."""
    queue = QueueFixture.create(sqs).queues[Kind.CAPTION]
    attributes: Any = {"MaximumMessageSize": "100000"}
    sqs.set_queue_attributes(QueueUrl=queue.dead_letter_url, Attributes=attributes)
    found = FindQueues(sqs=sqs, calls=AwsCalls(service="SQS"))({Kind.CAPTION: queue.url})
    assert (queue.max_message_bytes, found[Kind.CAPTION].max_message_bytes) == (262_144, 100_000)


def test_a_queue_without_dead_letters_is_refused(sqs: "SQSClient") -> None:
    """Nothing may start that could not reject: the error says what mends it."""
    url = sqs.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]
    with pytest.raises(NoDeadLetterQueue, match=r"has no dead-letter queue: it needs a redrive policy"):
        FindQueues(sqs=sqs, calls=AwsCalls(service="SQS"))({Kind.CAPTION: url})


@pytest.mark.parametrize(
    "queue", ["https://sqs.eu-west-1.amazonaws.com/1/a-b.fifo", "arn:aws:sqs:eu-west-1:1:a-b.fifo"]
)
def test_a_name_is_read_from_url_and_arn(queue: str) -> None:
    """Both end with it."""
    assert name_of(queue) == "a-b.fifo"
