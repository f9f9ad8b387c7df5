"""One table from AWS's errors to linkhub's."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.client.calls import AwsCalls
from linkhub_adapters.aws.client.errors import (
    PASSING_CODES,
    code_of,
    fault_of,
    is_index_missing,
    is_missing,
    translated,
)
from linkhub_adapters.aws.client.sdk_faults import SdkUnavailable
from linkhub_core.errors import CollectionFull, LinkhubError, ResourceMissing, ServiceUnavailable, StoreRefused

_TOO_LARGE = "Item size has exceeded the maximum allowed size"


def _client_error(code: str, message: str = "made by a test") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "BatchExecuteStatement")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), ServiceUnavailable),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), ServiceUnavailable),
        (NoCredentialsError(), SdkUnavailable),
        (ResponseParserError("not JSON"), ServiceUnavailable),
        (_client_error("ThrottlingException"), ServiceUnavailable),
        (_client_error("ProvisionedThroughputExceededException"), ServiceUnavailable),
        (_client_error("InternalServerError"), ServiceUnavailable),
        (_client_error("ResourceNotFoundException"), ResourceMissing),
        (_client_error("AccessDeniedException"), ServiceUnavailable),
        (_client_error("SomethingNew"), ServiceUnavailable),
        (_client_error("ValidationException", _TOO_LARGE), StoreRefused),
        (_client_error("ItemCollectionSizeLimitExceededException"), CollectionFull),
        (_client_error("ItemCollectionSizeLimitExceeded"), CollectionFull),
        (_client_error("RequestEntityTooLarge"), StoreRefused),
        (_client_error("SerializationException"), StoreRefused),
        (
            _client_error("ValidationException", "The provided key element does not match the schema"),
            ServiceUnavailable,
        ),
        (_client_error("ValidationException", "The table does not have the specified index: x"), ServiceUnavailable),
        (ClientError({}, "Query"), ServiceUnavailable),
    ],
    ids=str,
)
def test_an_error_of_dynamodb_is_passing_or_permanent(error: Exception, expected: type[LinkhubError]) -> None:
    """A fault of a value is permanent; all others are transient."""
    fault = translated("DynamoDB", error)
    assert type(fault) is expected
    assert str(error) in str(fault)


@pytest.mark.parametrize(
    "message",
    [
        "Item size has exceeded the maximum allowed size",
        "Item size to update has exceeded the maximum allowed size",
        "Number overflow. Attempting to store a number with magnitude larger than supported range",
        "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        "1 validation error detected: Attempting to store more than 38 significant digits in a Number",
        "DynamoDB only supports precision up to 38 digits",
        "The parameter cannot be converted to a numeric value: 1e",
        "A value provided cannot be converted into a number",
        "Attributes in the item have nested levels beyond supported limit",
        "Nesting Levels have exceeded supported limits",
    ],
)
def test_what_a_value_is_to_blame_for_is_refused(message: str) -> None:
    """A limit of items or of numbers is broken by the same value tomorrow."""
    assert type(fault_of("DynamoDB", "ValidationError", message)) is StoreRefused


@pytest.mark.parametrize(
    "message",
    [
        "Key attribute should be present in the item: Key id",
        "Key attribute's data type should match its data type in table's schema: Key seller_handle",
        "Where clause does not contain a mandatory equality on all key attributes",
        "The number of conditions on the keys is invalid",
        "One of the required keys was not given a value",
        "One or more parameter values were invalid: Type mismatch for key",
        "One or more parameter values were invalid: Missing the key id in the item",
        "Query key condition not supported",
        "Query condition missed key schema element",
        "The provided key element does not match the schema",
        "The table does not have the specified index: by-updated-at",
        "Statement wasn't well formed, can't be processed: Unexpected token",
        "Cannot read from backfilling global secondary table",
        "Too many requests for this account, please contact support",
        "",
    ],
)
def test_any_other_invalid_call_can_be_mended(message: str) -> None:
    """A table with other keys refuses every value, and a text may be unknown: no message is given up for that."""
    assert type(fault_of("DynamoDB", "ValidationException", message)) is ServiceUnavailable


def test_only_a_store_refuses() -> None:
    """A queue that calls a request invalid is not available for it: its messages are not to be lost."""
    assert type(translated("SQS", _client_error("ValidationError"))) is ServiceUnavailable


@pytest.mark.parametrize("code", sorted(PASSING_CODES))
def test_a_passing_fault_of_a_statement_is_no_refusal(code: str) -> None:
    """When a statement has failed often enough with such a code, the store is unavailable."""
    assert type(fault_of("DynamoDB", code, "slow down")) is ServiceUnavailable


def test_a_statement_may_be_refused() -> None:
    """A statement's own code for a value beyond the limits is as permanent as that of a call."""
    fault = fault_of("DynamoDB", "ValidationError", _TOO_LARGE)
    assert isinstance(fault, StoreRefused)
    assert str(fault) == f"DynamoDB refused the value: ValidationError: {_TOO_LARGE}"


def test_a_missing_index_differs_from_other_faults() -> None:
    """It is recognised in the translated error."""
    missing = _client_error("ValidationException", "The table does not have the specified index: by-updated-at")
    assert is_index_missing(translated("DynamoDB", missing))
    assert not is_index_missing(translated("DynamoDB", _client_error("ValidationException")))


@pytest.mark.parametrize(
    ("parameters", "resource"),
    [
        ({"TableName": "halves"}, "halves"),
        ({"RequestItems": {"halves": {}}}, "halves"),
        ({"Statements": [{"Statement": 'INSERT INTO "halves" VALUE {}'}]}, "halves"),
        ({"QueueUrl": "https://sqs/1/captions"}, "https://sqs/1/captions"),
        ({"QueueName": "captions"}, "captions"),
        ({"TopicArn": "arn:news"}, "arn:news"),
        ({"NextToken": "x"}, ""),
    ],
)
def test_a_missing_resource_is_named(parameters: dict[str, Any], resource: str) -> None:
    """AWS does not name it; the parameters of the call do."""

    def operation(**_: Any) -> None:
        raise _client_error("ResourceNotFoundException")

    with pytest.raises(ResourceMissing) as raised:
        AwsCalls(service="DynamoDB").now(operation, **parameters)
    assert raised.value.resource == resource
    assert resource in str(raised.value)
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301  it is our own
    assert (str(again), again.resource) == (str(raised.value), resource)


@pytest.mark.parametrize(
    ("cause", "code", "missing"),
    [
        (_client_error("AWS.SimpleQueueService.NonExistentQueue"), "AWS.SimpleQueueService.NonExistentQueue", True),
        (_client_error("QueueDoesNotExist"), "QueueDoesNotExist", True),
        (_client_error("NotFound"), "NotFound", True),
        (_client_error("ResourceNotFoundException"), "ResourceNotFoundException", True),
        (_client_error("AccessDenied"), "AccessDenied", False),
        (ClientError({}, "Query"), "", False),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "", False),
    ],
    ids=str,
)
def test_a_missing_resource_is_recognised_by_its_code(cause: Exception, code: str, missing: bool) -> None:
    """An error without a code shows nothing of what exists."""
    error = translated("SQS", cause)
    error.__cause__ = cause
    assert (code_of(error), is_missing(error)) == (code, missing)
