"""Faults do to a real client and a real server exactly what they say, as often as they say."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.support.faults import Fault, inject

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_sns import SNSClient
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.aws


@pytest.fixture
def dynamodb(make_dynamodb_client: Callable[[], "DynamoDBClient"]) -> "DynamoDBClient":
    """A client of the test's own, to be broken."""
    return make_dynamodb_client()


@pytest.fixture
def sqs(make_sqs_client: Callable[[], "SQSClient"]) -> "SQSClient":
    """A client of the test's own, to be broken."""
    return make_sqs_client()


@pytest.fixture
def queue(sqs: "SQSClient") -> str:
    """The URL of a queue of the test's own."""
    return sqs.create_queue(QueueName=f"q-{uuid4().hex}")["QueueUrl"]


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> Iterator[str]:
    """A table of the test's own, with the text ``k`` as its key."""
    name = f"t-{uuid4().hex}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield name
    dynamodb.delete_table(TableName=name)


def _put(dynamodb: "DynamoDBClient", table: str, key: str) -> None:
    dynamodb.put_item(TableName=table, Item={"k": {"S": key}})


def _keys(dynamodb: "DynamoDBClient", table: str) -> list[str]:
    return sorted(item["k"]["S"] for item in dynamodb.scan(TableName=table, ConsistentRead=True)["Items"])


def _code(error: pytest.ExceptionInfo[ClientError]) -> tuple[int, str]:
    response = error.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_throttling_strikes_as_often_as_it_says(dynamodb: "DynamoDBClient", table: str) -> None:
    """Two calls are refused and not applied, the third goes through."""
    with inject(dynamodb, Fault.throttle(operation="PutItem", times=2)) as injection:
        for _ in range(2):
            with pytest.raises(ClientError) as caught:
                _put(dynamodb, table, "refused")
            assert _code(caught) == (400, "ThrottlingException")
        assert injection.is_spent
        _put(dynamodb, table, "third")
    assert injection.hits == 2
    assert _keys(dynamodb, table) == ["third"]


def test_the_first_calls_can_be_spared(dynamodb: "DynamoDBClient", table: str) -> None:
    """``skip`` lets calls pass before the fault strikes."""
    inject(dynamodb, Fault.server_error(operation="PutItem", skip=1))
    _put(dynamodb, table, "first")
    with pytest.raises(ClientError) as caught:
        _put(dynamodb, table, "second")
    assert _code(caught) == (500, "InternalFailure")
    assert _keys(dynamodb, table) == ["first"]


def test_faults_of_one_operation_follow_each_other(dynamodb: "DynamoDBClient", table: str) -> None:
    """Each fault waits for its turn, whatever kind the one before was."""
    operation = "BatchGetItem"
    request: Any = {table: {"Keys": [{"k": {"S": "a"}}]}}
    inject(
        dynamodb,
        Fault.throttle(operation=operation),
        Fault.unserved(operation=operation, parts=(0,)),
        Fault.time_out(operation=operation),
    )
    with pytest.raises(ClientError):
        dynamodb.batch_get_item(RequestItems=request)
    assert dynamodb.batch_get_item(RequestItems=request)["UnprocessedKeys"] == request
    with pytest.raises(ReadTimeoutError):
        dynamodb.batch_get_item(RequestItems=request)
    assert dynamodb.batch_get_item(RequestItems=request)["UnprocessedKeys"] == {}


def test_a_request_that_timed_out_was_not_applied(dynamodb: "DynamoDBClient", table: str) -> None:
    """A time-out is botocore's own, and the server has not seen the request."""
    with inject(dynamodb, Fault.time_out(operation="PutItem")), pytest.raises(ReadTimeoutError):
        _put(dynamodb, table, "a")
    assert _keys(dynamodb, table) == []


def test_a_request_whose_reply_was_lost_was_applied(dynamodb: "DynamoDBClient", table: str) -> None:
    """The caller sees the same time-out, but the row is there."""
    with inject(dynamodb, Fault.lose_reply(operation="PutItem")), pytest.raises(ReadTimeoutError):
        _put(dynamodb, table, "a")
    assert _keys(dynamodb, table) == ["a"]


def test_retries_of_botocore_are_struck_one_by_one(
    make_dynamodb_client: Callable[..., "DynamoDBClient"], table: str
) -> None:
    """A client that retries overcomes one throttled attempt without its caller's noticing."""
    client = make_dynamodb_client(Config(retries={"total_max_attempts": 2, "mode": "standard"}))
    with inject(client, Fault.throttle(operation="PutItem")) as injection:
        _put(client, table, "a")
    assert (injection.hits, _keys(client, table)) == (1, ["a"])


def test_only_the_broken_client_notices(
    make_dynamodb_client: Callable[..., "DynamoDBClient"], dynamodb: "DynamoDBClient", table: str
) -> None:
    """Another client of the same session is served, and so is another operation."""
    with inject(dynamodb, Fault.throttle(operation="PutItem", times=9)) as injection:
        _put(make_dynamodb_client(), table, "a")
        assert _keys(dynamodb, table) == ["a"]
    assert injection.hits == 0


def test_a_removed_fault_strikes_no_more(dynamodb: "DynamoDBClient", table: str) -> None:
    """After removal, twice even, the client is as before."""
    injection = inject(dynamodb, Fault.throttle(operation="PutItem", times=9))
    injection.remove()
    injection.remove()
    _put(dynamodb, table, "a")
    assert injection.hits == 0


def test_an_operation_that_does_not_exist_is_refused(dynamodb: "DynamoDBClient") -> None:
    """A misspelt operation is an error, not a fault that never strikes."""
    with pytest.raises(ValueError, match="no operation PutItems"):
        inject(dynamodb, Fault.throttle(operation="PutItems"))
    with pytest.raises(ValueError, match="no partial failures"):
        Fault.unserved(operation="PutItem", parts=(0,))


def test_statements_fail_one_by_one(dynamodb: "DynamoDBClient", table: str) -> None:
    """A failed statement has its code at its position and was not applied; the others were."""
    insert = f"INSERT INTO \"{table}\" VALUE {{'k': ?}}"
    fault = Fault.unserved(operation="BatchExecuteStatement", parts=(1,), code="ProvisionedThroughputExceeded")
    with inject(dynamodb, fault):
        reply = dynamodb.batch_execute_statement(
            Statements=[{"Statement": insert, "Parameters": [{"S": key}]} for key in "abc"]
        )
    codes = [one.get("Error", {}).get("Code") for one in reply["Responses"]]
    assert codes == [None, "ProvisionedThroughputExceeded", None]
    assert _keys(dynamodb, table) == ["a", "c"]


def test_all_statements_can_fail(dynamodb: "DynamoDBClient", table: str) -> None:
    """A batch of which nothing is served is not sent at all, and still answers 200."""
    insert = f"INSERT INTO \"{table}\" VALUE {{'k': ?}}"
    with inject(dynamodb, Fault.unserved(operation="BatchExecuteStatement", parts=(0,))):
        reply = dynamodb.batch_execute_statement(Statements=[{"Statement": insert, "Parameters": [{"S": "a"}]}])
    assert [one["Error"]["Code"] for one in reply["Responses"]] == ["ThrottlingError"]
    assert _keys(dynamodb, table) == []


def test_unprocessed_keys_can_be_asked_for_again(dynamodb: "DynamoDBClient", table: str) -> None:
    """Keys that were not read come back with their table's options, ready to be sent as they are."""
    for key in "abc":
        _put(dynamodb, table, key)
    keys: Any = [{"k": {"S": key}} for key in "abc"]
    with inject(dynamodb, Fault.unserved(operation="BatchGetItem", parts=(0, 2))):
        reply = dynamodb.batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
    assert reply["Responses"] == {table: [keys[1]]}
    assert reply["UnprocessedKeys"] == {table: {"Keys": [keys[0], keys[2]], "ConsistentRead": True}}
    again: Any = reply["UnprocessedKeys"]
    rest = dynamodb.batch_get_item(RequestItems=again)["Responses"][table]
    assert sorted(item["k"]["S"] for item in rest) == ["a", "c"]


def test_unprocessed_items_were_not_written(dynamodb: "DynamoDBClient", table: str) -> None:
    """Writes that were not done come back, and their rows are not there."""
    writes: Any = [{"PutRequest": {"Item": {"k": {"S": key}}}} for key in "ab"]
    with inject(dynamodb, Fault.unserved(operation="BatchWriteItem", parts=(0,))):
        reply = dynamodb.batch_write_item(RequestItems={table: writes})
    assert reply["UnprocessedItems"] == {table: writes[:1]}
    assert _keys(dynamodb, table) == ["b"]


def test_deletions_of_a_batch_fail_one_by_one(sqs: "SQSClient", queue: str) -> None:
    """A deletion that failed is named by its id, and its message is still in the queue."""
    for body in "ab":
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    entries: Any = [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
    with inject(sqs, Fault.unserved(operation="DeleteMessageBatch", parts=(0,), code="InternalError")):
        reply = sqs.delete_message_batch(QueueUrl=queue, Entries=entries)
    assert [one["Id"] for one in reply["Successful"]] == [entries[1]["Id"]]
    assert [(one["Id"], one["Code"]) for one in reply["Failed"]] == [(entries[0]["Id"], "InternalError")]
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=entries[0]["ReceiptHandle"], VisibilityTimeout=0)
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=queue)["Messages"]] == [entries[0]["Id"]]


def test_a_message_whose_sending_was_lost_is_there(sqs: "SQSClient", queue: str) -> None:
    """A lost reply of SQS leaves the message in the queue, so that a retry makes two of it."""
    with inject(sqs, Fault.lose_reply(operation="SendMessage")), pytest.raises(ReadTimeoutError):
        sqs.send_message(QueueUrl=queue, MessageBody="a")
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=queue)["Messages"]] == ["a"]


def test_sns_is_refused_in_its_own_protocol(make_sns_client: Callable[[], "SNSClient"]) -> None:
    """SNS speaks XML, and its faults are parsed like its answers; a batch fails entry by entry."""
    sns = make_sns_client()
    topic = sns.create_topic(Name=f"t-{uuid4().hex}")["TopicArn"]
    inject(
        sns,
        Fault.client_error(operation="Publish", status=403, code="AuthorizationError"),
        Fault.server_error(operation="Publish", status=503, code="ServiceUnavailable"),
        Fault.unserved(operation="PublishBatch", parts=(1,), code="Throttled"),
    )
    for expected in [(403, "AuthorizationError"), (503, "ServiceUnavailable")]:
        with pytest.raises(ClientError) as caught:
            sns.publish(TopicArn=topic, Message="a")
        assert _code(caught) == expected
    reply = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": key, "Message": key} for key in "ab"])
    assert [one["Id"] for one in reply["Successful"]] == ["a"]
    assert [(one["Id"], one["Code"]) for one in reply["Failed"]] == [("b", "Throttled")]
