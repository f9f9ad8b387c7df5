"""Capacity units are added up by table."""

from __future__ import annotations

from linkhub_adapters.aws.client.consumption import Consumption


def test_units_are_summed_by_table_and_direction() -> None:
    """A reply has one amount or several; reads and writes are counted separately."""
    consumption = Consumption()
    consumption.add({"ConsumedCapacity": {"TableName": "a", "CapacityUnits": 0.5}}, is_write=False)
    several = [{"TableName": "a", "CapacityUnits": 3.0}, {"TableName": "a", "CapacityUnits": 4.0}]
    consumption.add({"ConsumedCapacity": several}, is_write=True)
    consumption.add({"ConsumedCapacity": [{"TableName": "b", "CapacityUnits": 1.0}]}, is_write=False)
    assert consumption.read_units == {"a": 0.5, "b": 1.0}
    assert consumption.write_units == {"a": 7.0}


def test_a_reply_may_tell_nothing() -> None:
    """Servers that stand in for DynamoDB do not tell."""
    consumption = Consumption()
    consumption.add({}, is_write=True)
    assert not consumption.write_units
