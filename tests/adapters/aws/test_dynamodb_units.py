"""The capacity units that the benchmarks compute, beside those that DynamoDB Local returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson
import pytest
from benchmarks.dynamodb_units import WriteUnits, read_units

from linkhub_adapters.aws.dynamodb import partiql
from linkhub_adapters.aws.dynamodb.partiql import Condition, Statement
from linkhub_adapters.aws.dynamodb.product_items import product_item, product_key
from linkhub_adapters.aws.resources import products_table
from linkhub_core.testing.builders import a_record

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

ITEM = {**product_item(a_record()), "stamp": {"N": "1768478400000"}}
KEY = product_key(a_record().key)
UNMET = {"Error": {"Code": "ConditionalCheckFailed"}}


def _cost(*writes: tuple[Statement, dict[str, Any]]) -> int:
    units = WriteUnits()
    for statement, response in writes:
        body = {"Statements": [{"Statement": statement.text, "Parameters": statement.parameters}]}
        units.replay([(orjson.dumps(body), {"Responses": [response]})])
    return units.by_table["t"]


def _sized(kilobytes: int) -> dict[str, Any]:
    return {**ITEM, "raw_caption": {"S": "x" * (1024 * kilobytes)}}


@pytest.mark.aws
@pytest.mark.parametrize("kilobytes", [0, 1, 3])
def test_a_put_costs_what_the_service_charges(
    make_dynamodb_client: Callable[[], DynamoDBClient], kilobytes: int
) -> None:
    """The item by its size, and its entry in the index."""
    dynamodb, table = make_dynamodb_client(), f"units-{uuid4().hex[:12]}"
    definition: Any = products_table(table).definition
    dynamodb.create_table(**definition)
    item = _sized(kilobytes)
    reply = dynamodb.put_item(TableName=table, Item=item, ReturnConsumedCapacity="TOTAL")
    assert _cost((partiql.insert("t", item), {})) == reply["ConsumedCapacity"]["CapacityUnits"]


def test_a_change_costs_the_whole_item_and_a_failure_too() -> None:
    """Clearing one attribute, deleting, and a condition that is not met cost as much as the item is large."""
    put = partiql.insert("t", _sized(3))
    put_units = _cost((put, {}))
    clear = partiql.update("t", KEY, {}, ["unannounced_revision"], [Condition("revision", {"N": "1"})])
    delete = partiql.delete("t", KEY, [Condition("revision", {"N": "1"})])
    assert _cost((put, {}), (clear, {})) == _cost((put, {}), (clear, UNMET)) == put_units + put_units - 1
    assert _cost((put, {}), (delete, {})) == put_units + put_units  # the entry of the index goes, too


def test_a_changed_entry_of_the_index_is_written_twice() -> None:
    """The old entry goes and the new one comes."""
    put = partiql.insert("t", ITEM)
    moved = partiql.update("t", KEY, {"stamp": {"N": "1768478400001"}}, [], [])
    assert _cost((put, {}), (moved, {})) == _cost((put, {})) + _cost((put, {})) - 1 + 2


def test_a_read_costs_a_unit_even_of_nothing() -> None:
    """Four kilobytes begun count as four."""
    asked = orjson.dumps({"RequestItems": {"t": {"Keys": [KEY, KEY, KEY]}}})
    assert read_units([(asked, {"Responses": {"t": [ITEM, _sized(5)]}})]) == {"t": 4}
