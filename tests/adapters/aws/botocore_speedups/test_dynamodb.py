"""Requests and replies are the same as those of botocore itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen
from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from linkhub_adapters.aws.botocore_speedups import speed_up
from linkhub_adapters.aws.botocore_speedups.dynamodb import READS, WRITES
from linkhub_adapters.aws.dynamodb.partiql import insert
from linkhub_adapters.aws.dynamodb.product_items import product_item, product_key
from linkhub_core.testing.builders import a_caption, a_record, a_thumbnail_set
from tests.support import aws

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_RECORD = a_record(caption=a_caption(title='ü "\\ \x01 👗', confidence_score=5e-324), thumbnails=a_thumbnail_set(20))
_ITEM = product_item(_RECORD)
_STATEMENT = insert("products", _ITEM)

_REQUESTS: dict[str, dict[str, Any]] = {
    "BatchExecuteStatement": {
        "Statements": [
            {
                "Statement": _STATEMENT.text,
                "Parameters": _STATEMENT.parameters,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        ],
        "ReturnConsumedCapacity": "TOTAL",
    },
    "BatchGetItem": {"RequestItems": {"products": {"Keys": [product_key(_RECORD.key)], "ConsistentRead": True}}},
    "Query": {
        "TableName": "products",
        "IndexName": "by-stamp",
        "ConsistentRead": True,
        "ScanIndexForward": False,
        "Limit": 21,
        "KeyConditionExpression": "#s = :s",
        "ExpressionAttributeNames": {"#s": "seller_handle"},
        "ExpressionAttributeValues": {":s": {"S": "nalu-fashion"}},
        "ExclusiveStartKey": product_key(_RECORD.key),
    },
    "Scan": {"TableName": "products", "FilterExpression": "attribute_exists(#u)"},
}

_REPLIES: dict[str, dict[str, Any]] = {
    "BatchExecuteStatement": {
        "Responses": [
            {"TableName": "products"},
            {
                "TableName": "products",
                "Error": {"Code": "ConditionalCheckFailed", "Message": "The condition failed", "Item": _ITEM},
            },
        ],
        "ConsumedCapacity": [{"TableName": "products", "CapacityUnits": 3.0}],
    },
    "BatchGetItem": {
        "Responses": {"products": [_ITEM]},
        "UnprocessedKeys": {"products": {"Keys": [product_key(_RECORD.key)], "ConsistentRead": True}},
    },
    "Query": {"Items": [_ITEM], "Count": 1, "ScannedCount": 1, "LastEvaluatedKey": product_key(_RECORD.key)},
    "Scan": {"Items": [], "Count": 0, "ScannedCount": 0},
}


@frozen
class _Body:
    content: bytes

    def stream(self, **_: Any) -> list[bytes]:
        return [self.content]


def _bytes(request: AWSPreparedRequest) -> bytes:
    assert isinstance(request.body, bytes)
    return request.body


class _Wire:
    """Replaces the HTTP layer: keeps each request, and answers with a prepared reply."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.client = client
        self.sent: list[AWSPreparedRequest] = []
        self.status, self.body = 200, b"{}"
        answer: Any = self._answer  # the generated types know no handler that answers
        client.meta.events.register("before-send.dynamodb", answer)

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        self.sent.append(request)
        return AWSResponse(request.url, self.status, HTTPHeaders(), _Body(self.body))

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(_bytes(request)) for request in self.sent]

    def call(self, operation: str, reply: bytes = b"{}", status: int = 200) -> dict[str, Any]:
        self.body, self.status = reply, status
        return self.make(operation, _REQUESTS[operation])

    def make(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        parsed: dict[str, Any] = getattr(self.client, xform_name(operation))(**request)
        return parsed


@pytest.fixture
def make_wire() -> Iterator[Callable[..., _Wire]]:
    """A client that sends nothing."""
    clients: list[DynamoDBClient] = []

    def make(*, validates: bool = False) -> _Wire:
        clients.append(aws.dynamodb_client("http://127.0.0.1:1", Config(parameter_validation=validates)))
        return _Wire(clients[-1])

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def usual(make_wire: Callable[..., _Wire]) -> _Wire:
    """botocore's own way."""
    return make_wire()


@pytest.fixture
def fast(make_wire: Callable[..., _Wire]) -> _Wire:
    """Ours; taught twice, which is to do nothing more."""
    wire = make_wire()
    speed_up(wire.client)
    speed_up(wire.client)
    return wire


@pytest.mark.parametrize("operation", READS)
def test_the_same_request_goes_out(usual: _Wire, fast: _Wire, operation: str) -> None:
    """Body, address, operation and signed headers are botocore's own."""
    for wire in (usual, fast):
        wire.call(operation)
    [expected], [sent] = usual.sent, fast.sent
    assert fast.bodies == usual.bodies == [_REQUESTS[operation]]
    assert (sent.method, sent.url, sent.headers["X-Amz-Target"]) == (
        expected.method,
        expected.url,
        expected.headers["X-Amz-Target"],
    )
    assert sent.headers.keys() == expected.headers.keys()
    assert int(sent.headers["Content-Length"]) == len(_bytes(sent))


@pytest.mark.parametrize("operation", READS)
def test_the_same_reply_is_read(usual: _Wire, fast: _Wire, operation: str) -> None:
    """The caller gets the same reply as from botocore's parser."""
    reply = json.dumps(_REPLIES[operation]).encode()
    parsed, expected = fast.call(operation, reply), usual.call(operation, reply)
    assert parsed == expected
    assert parsed.items() >= _REPLIES[operation].items()


@pytest.mark.parametrize("operation", READS)
def test_an_error_is_botocores(usual: _Wire, fast: _Wire, operation: str) -> None:
    """A refused call raises what it always raised."""
    reply = b'{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"no such table"}'
    raised: list[ClientError] = []
    for wire in (usual, fast):
        with pytest.raises(ClientError) as caught:
            wire.call(operation, reply, 400)
        raised.append(caught.value)
    assert raised[0].response == raised[1].response
    assert type(raised[0]).__name__ == type(raised[1]).__name__ == "ResourceNotFoundException"


@pytest.mark.parametrize("reply", [b"<html>a proxy</html>", b"", b"[]", b'"text"'])
def test_a_reply_of_something_else_is_an_error(fast: _Wire, reply: bytes) -> None:
    """A reply that is no JSON object does not count as an empty answer."""
    with pytest.raises(ResponseParserError):
        fast.call("Query", reply)


@pytest.mark.parametrize("operation", WRITES)
def test_other_handlers_see_the_parameters_whole(fast: _Wire, operation: str) -> None:
    """A parameter that is taken out for the serializer is restored once the request is written."""
    seen: list[dict[str, Any]] = []
    event = f"provide-client-params.dynamodb.{operation}"
    fast.client.meta.events.register(event, lambda params, **_: seen.append(params))
    fast.call(operation)
    assert seen == [_REQUESTS[operation]]


def test_other_operations_are_left_alone(fast: _Wire) -> None:
    """A call that is not one of the four goes botocore's way."""
    fast.body = b'{"TableNames":["products"]}'
    assert fast.client.list_tables()["TableNames"] == ["products"]
    assert fast.bodies == [{}]


@pytest.mark.parametrize("operation", WRITES)
def test_botocore_does_not_walk_what_is_heavy(fast: _Wire, operation: str) -> None:
    """botocore does not validate the parameter that holds the items; a valid placeholder replaces it."""
    name, light = WRITES[operation]
    request = {**_REQUESTS[operation], name: {"whatever": ["it", "is"]}}
    fast.make(operation, request)
    fast.make(operation, {name: light})
    assert fast.bodies == [request, {name: light}]


def test_a_client_that_validates_still_finds_mistakes(make_wire: Callable[..., _Wire]) -> None:
    """The other parameters are validated, and so is a request without the parameter that is taken out."""
    wire = make_wire(validates=True)
    speed_up(wire.client)
    wire.call("BatchGetItem")
    assert wire.bodies == [_REQUESTS["BatchGetItem"]]
    with pytest.raises(ParamValidationError):
        wire.client.query(TableName="products", Limit="1")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ParamValidationError):
        wire.client.batch_execute_statement()  # type: ignore[call-arg]  # the mistake
