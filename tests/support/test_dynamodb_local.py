"""The test server of the stores: DynamoDB Local starts, reports conditions as DynamoDB does, and stops."""

import os
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.support import aws
from tests.support.dynamodb_local import run_dynamodb_local

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws


@pytest.fixture
def dynamodb(make_dynamodb_client: Callable[[], "DynamoDBClient"]) -> "DynamoDBClient":
    """A client."""
    return make_dynamodb_client()


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


def test_a_failed_condition_returns_the_old_row(dynamodb: "DynamoDBClient", table: str) -> None:
    """The row that made a condition fail comes with the error."""
    dynamodb.put_item(TableName=table, Item={"k": {"S": "a"}, "v": {"N": "1"}})
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.put_item(
            TableName=table,
            Item={"k": {"S": "a"}},
            ConditionExpression="attribute_not_exists(k)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Item"] == {"k": {"S": "a"}, "v": {"N": "1"}}  # type: ignore[typeddict-item]


def test_each_statement_of_a_batch_has_its_own_outcome(dynamodb: "DynamoDBClient", table: str) -> None:
    """An INSERT of a key that exists is a DuplicateItem, and its neighbour is applied."""
    dynamodb.put_item(TableName=table, Item={"k": {"S": "a"}})
    insert = f"INSERT INTO \"{table}\" VALUE {{'k': ?}}"
    reply = dynamodb.batch_execute_statement(
        Statements=[{"Statement": insert, "Parameters": [{"S": key}]} for key in ("a", "b")]
    )
    assert [one.get("Error", {}).get("Code") for one in reply["Responses"]] == ["DuplicateItem", None]
    assert "Item" in dynamodb.get_item(TableName=table, Key={"k": {"S": "b"}}, ConsistentRead=True)


def test_it_is_gone_when_the_block_ends() -> None:
    """The server of a finished block does not answer any more."""
    with run_dynamodb_local() as endpoint_url:
        client = aws.dynamodb_client(endpoint_url)
        assert client.list_tables()["TableNames"] == []
    with pytest.raises(EndpointConnectionError):
        client.list_tables()
    client.close()


def test_another_process_is_led_to_the_same_tables(
    dynamodb_endpoint: str, table: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A client made from nothing but the environment sees the table."""
    import boto3  # noqa: PLC0415 - as another process would, with a session of its own

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in aws.environment(dynamodb_endpoint=dynamodb_endpoint).items():
        monkeypatch.setenv(name, value)
    client = boto3.session.Session().client("dynamodb")
    assert urllib.parse.urlsplit(client.meta.endpoint_url).hostname == "127.0.0.1"
    assert table in client.list_tables()["TableNames"]
    client.close()
