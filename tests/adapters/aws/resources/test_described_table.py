"""What DynamoDB's replies say of a table."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from linkhub_adapters.aws.resources import products_table, staging_table
from linkhub_adapters.aws.resources.described_table import expires_by, has_keys_of, index_keys, is_backed_up, key_types

TABLE = products_table("p")


def test_a_table_as_it_is_made_has_its_keys_and_its_index() -> None:
    """What is asked for is what is wanted."""
    assert list(key_types(TABLE.definition).items()) == [("seller_handle", "S"), ("video_id", "S")]
    assert has_keys_of(TABLE, TABLE.definition)
    assert index_keys(TABLE, TABLE.definition) == ["seller_handle", "updated_at"]


def test_the_partition_key_comes_first_however_it_is_listed() -> None:
    """DynamoDB does not promise an order."""
    listed = {**TABLE.definition, "KeySchema": TABLE.definition["KeySchema"][::-1]}
    assert list(key_types(listed)) == ["seller_handle", "video_id"]


@pytest.mark.parametrize(
    "other",
    [
        staging_table("p").definition,
        {**TABLE.definition, "KeySchema": TABLE.definition["KeySchema"][:1]},
        {
            **TABLE.definition,
            "AttributeDefinitions": [
                {**entry, "AttributeType": "B"} for entry in TABLE.definition["AttributeDefinitions"]
            ],
        },
    ],
    ids=["order", "number", "type"],
)
def test_keys_are_the_same_by_name_order_and_type(other: dict[str, Any]) -> None:
    """Anything else is another's table."""
    assert not has_keys_of(TABLE, other)


def test_an_index_of_another_name_is_none() -> None:
    """And so is that of a table which has none."""
    assert index_keys(evolve(TABLE, index_name="other"), TABLE.definition) is None
    assert index_keys(TABLE, staging_table("s").definition) is None


@pytest.mark.parametrize(
    ("status", "by"), [("ENABLED", "ttl"), ("ENABLING", "ttl"), ("DISABLING", None), ("DISABLED", None)]
)
def test_items_expire_from_when_that_is_being_switched_on(status: str, by: str | None) -> None:
    """And no longer from when it is being switched off, though DynamoDB still names the attribute then."""
    assert expires_by({"TimeToLiveStatus": status, "AttributeName": "ttl"}) == by


@pytest.mark.parametrize(
    ("backups", "is_on"),
    [
        ({"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}, True),
        ({"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"}}, False),
        ({}, False),
    ],
)
def test_backups_are_on_where_dynamodb_says_so(backups: dict[str, Any], is_on: bool) -> None:
    """What it does not tell of is not on."""
    assert is_backed_up(backups) is is_on
