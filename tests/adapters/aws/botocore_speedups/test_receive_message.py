"""The handler reads the same values as botocore."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.botocore_speedups import speed_up
from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
def fast(make_sqs_client: Callable[[], "SQSClient"]) -> "SQSClient":
    """A client that reads the fast way; asking for it twice changes nothing."""
    client = make_sqs_client()
    speed_up(client)
    speed_up(client)
    return client


def _receive(sqs: "SQSClient", url: str) -> Any:
    return sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )


def test_both_ways_give_the_same(fast: "SQSClient", make_sqs_client: Callable[[], "SQSClient"]) -> None:
    """Texts, attributes and metadata of a message are equal, but for what is new with each receive."""
    url = fast.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]
    text: Any = {"k": {"DataType": "String", "StringValue": "é☃"}, "n": {"DataType": "Number", "StringValue": "1.5"}}
    fast.send_message(QueueUrl=url, MessageBody='{"a": "é☃😀"}', MessageAttributes=text)
    quick, slow = _receive(fast, url), _receive(make_sqs_client(), url)
    for reply in (quick, slow):
        reply["Messages"][0].pop("ReceiptHandle")
        reply["Messages"][0]["Attributes"].pop("ApproximateReceiveCount")
    assert quick["Messages"] == slow["Messages"]
    assert quick["ResponseMetadata"].keys() == slow["ResponseMetadata"].keys()


def test_an_empty_queue_gives_no_messages(fast: "SQSClient") -> None:
    """A reply without messages reads as botocore would read it."""
    url = fast.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]
    assert "Messages" not in _receive(fast, url)


def test_errors_are_left_to_botocore(fast: "SQSClient") -> None:
    """An error reply raises what it always does."""
    url = fast.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]
    with (
        inject(fast, Fault.client_error(operation="ReceiveMessage", code="AccessDenied", status=403)),
        pytest.raises(fast.exceptions.ClientError, match="AccessDenied"),
    ):
        _receive(fast, url)


class _Page:
    """The reply of a captive portal."""

    def stream(self, **_: Any) -> list[bytes]:
        return [b"<html>Please log in</html>"]


def test_what_is_not_from_sqs_is_an_error(fast: "SQSClient") -> None:
    """The page of a proxy is not taken for an empty queue."""
    answer: Any = lambda request, **_: AWSResponse(request.url, 200, HTTPHeaders(), _Page())  # noqa: E731  a hook
    fast.meta.events.register("before-send.sqs.ReceiveMessage", answer)
    with pytest.raises(ResponseParserError, match="not from SQS"):
        _receive(fast, "http://127.0.0.1/q")
