"""The test server of queues and topics behaves as SQS and SNS do."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

pytestmark = pytest.mark.aws


@pytest.fixture(scope="module")
def sqs(make_sqs_client: Callable[[], "SQSClient"]) -> "SQSClient":
    """One client for the module: no test here changes it."""
    return make_sqs_client()


@pytest.fixture(scope="module")
def sns(make_sns_client: Callable[[], "SNSClient"]) -> "SNSClient":
    """One client for the module: no test here changes it."""
    return make_sns_client()


def _queue(sqs: "SQSClient", **attributes: str) -> str:
    suffix = ".fifo" if "FifoQueue" in attributes else ""
    made: dict[str, Any] = {"QueueName": f"q-{uuid4().hex}{suffix}", "Attributes": attributes}
    return sqs.create_queue(**made)["QueueUrl"]


def _arn(sqs: "SQSClient", url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _receive(sqs: "SQSClient", url: str, *, wait_seconds: int = 0, maximum: int = 10) -> list["MessageTypeDef"]:
    return sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=maximum,
        WaitTimeSeconds=wait_seconds,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", [])


def test_a_message_is_hidden_and_comes_back_counted(sqs: "SQSClient") -> None:
    """A received message is not seen again until its visibility ends; then its receive count and handle are new."""
    url = _queue(sqs, VisibilityTimeout="60")
    sqs.send_message(QueueUrl=url, MessageBody="a")
    [first] = _receive(sqs, url)
    assert _receive(sqs, url) == []
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    [second] = _receive(sqs, url)
    assert [m["Attributes"]["ApproximateReceiveCount"] for m in (first, second)] == ["1", "2"]
    assert first["ReceiptHandle"] != second["ReceiptHandle"]


def test_a_batch_deletion_fails_in_part(sqs: "SQSClient") -> None:
    """An unknown handle fails by its id, and the others are deleted."""
    url = _queue(sqs)
    sqs.send_message(QueueUrl=url, MessageBody="a")
    [message] = _receive(sqs, url)
    reply = sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "good", "ReceiptHandle": message["ReceiptHandle"]},
            {"Id": "bad", "ReceiptHandle": "nonsense"},
        ],
    )
    assert [one["Id"] for one in reply["Successful"]] == ["good"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in reply["Failed"]] == [
        ("bad", "ReceiptHandleIsInvalid", True)
    ]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_message_received_too_often_moves_to_the_dead_letters(sqs: "SQSClient") -> None:
    """After ``maxReceiveCount`` receives the redrive policy moves a message, body and attributes unchanged."""
    dead = _queue(sqs)
    policy = json.dumps({"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": "2"})
    url = _queue(sqs, VisibilityTimeout="0", RedrivePolicy=policy)
    attributes: Any = {"k": {"DataType": "String", "StringValue": "v"}}
    sqs.send_message(QueueUrl=url, MessageBody="a", MessageAttributes=attributes)
    assert [len(_receive(sqs, url)) for _ in range(3)] == [1, 1, 0]
    [message] = _receive(sqs, dead)
    assert (message["Body"], message["MessageAttributes"]["k"]["StringValue"]) == ("a", "v")


def test_a_long_poll_ends_when_a_message_comes(sqs: "SQSClient") -> None:
    """A receive that waits returns what is sent meanwhile, while other clients are served."""
    url = _queue(sqs)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_receive, sqs, url, wait_seconds=20)
        sqs.send_message(QueueUrl=url, MessageBody="a")
        assert [message["Body"] for message in waiting.result(timeout=30)] == ["a"]


def test_a_fifo_queue_drops_duplicates_and_keeps_a_group_in_order(sqs: "SQSClient") -> None:
    """A deduplication id counts once, and a group waits while one of its messages is in flight."""
    url = _queue(sqs, FifoQueue="true")
    for body, group, deduplication in [("1", "g", "a"), ("1", "g", "a"), ("2", "g", "b"), ("3", "h", "c")]:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group, MessageDeduplicationId=deduplication)
    assert [message["Body"] for message in _receive(sqs, url, maximum=1)] == ["1"]
    assert [message["Body"] for message in _receive(sqs, url)] == ["3"]


def test_attributes_of_every_type_survive(sqs: "SQSClient") -> None:
    """Text, numbers and bytes come back as they were sent, and so does a body in any script."""
    url = _queue(sqs)
    attributes: Any = {
        "s": {"DataType": "String", "StringValue": "é"},
        "n": {"DataType": "Number", "StringValue": "1.5"},
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    sqs.send_message(QueueUrl=url, MessageBody="é☃😀", MessageAttributes=attributes)
    [message] = _receive(sqs, url)
    assert (message["Body"], message["MessageAttributes"]) == ("é☃😀", attributes)


def test_concurrent_consumers_see_each_message_once(sqs: "SQSClient") -> None:
    """Four consumers that drain a queue together delete every message, and none is handed out twice."""
    url = _queue(sqs, VisibilityTimeout="600")
    for start in range(0, 200, 10):
        entries: Any = [{"Id": str(i), "MessageBody": str(start + i)} for i in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def drain(_: int) -> list[str]:
        bodies: list[str] = []
        while messages := _receive(sqs, url):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                bodies.append(message["Body"])
        return bodies

    with ThreadPoolExecutor(4) as pool:
        seen = [body for bodies in pool.map(drain, range(4)) for body in bodies]
    assert sorted(seen, key=int) == [str(i) for i in range(200)]


def test_a_topic_delivers_raw_and_in_an_envelope(sqs: "SQSClient", sns: "SNSClient") -> None:
    """A raw subscription gets the message itself, another one the notification around it."""
    topic = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    raw, wrapped = _queue(sqs), _queue(sqs)
    for url, is_raw in [(raw, "true"), (wrapped, "false")]:
        sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=_arn(sqs, url),
            Attributes={"RawMessageDelivery": is_raw},
        )
    attributes: Any = {"k": {"DataType": "String", "StringValue": "v"}}
    sns.publish(TopicArn=topic, Message='{"a":1}', MessageAttributes=attributes)
    [bare] = _receive(sqs, raw, wait_seconds=5)
    [notification] = _receive(sqs, wrapped, wait_seconds=5)
    assert (bare["Body"], bare["MessageAttributes"]["k"]["StringValue"]) == ('{"a":1}', "v")
    envelope = json.loads(notification["Body"])
    assert (envelope["Type"], envelope["Message"], envelope["TopicArn"]) == ("Notification", '{"a":1}', topic)


def test_a_subscription_that_is_gone_gets_nothing(sqs: "SQSClient", sns: "SNSClient") -> None:
    """After unsubscribing, a queue stays empty while another one of the topic is served."""
    topic = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    gone, stays = _queue(sqs), _queue(sqs)
    arns = [
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=_arn(sqs, url), ReturnSubscriptionArn=True)[
            "SubscriptionArn"
        ]
        for url in (gone, stays)
    ]
    sns.unsubscribe(SubscriptionArn=arns[0])
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": str(i), "Message": str(i)} for i in range(3)])
    assert sorted(json.loads(message["Body"])["Message"] for message in _drain(sqs, stays, 3)) == ["0", "1", "2"]
    assert _receive(sqs, gone) == []


def _drain(sqs: "SQSClient", url: str, count: int) -> list["MessageTypeDef"]:
    messages: list[MessageTypeDef] = []
    while len(messages) < count and (more := _receive(sqs, url, wait_seconds=5)):
        messages += more
    return messages


def test_a_queue_or_topic_that_is_not_there_is_named_as_aws_does(sqs: "SQSClient", sns: "SNSClient") -> None:
    """The error codes that an adapter looks at are those of AWS."""
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="no-such-queue")
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn="arn:aws:sns:us-east-1:000000000000:no-such-topic", Message="a")
