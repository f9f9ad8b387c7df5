"""The rows of ``tests/data/adoption``: what another service left in its two tables."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linkhub_adapters.aws.dynamodb.attribute_values import write_document

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_DIRECTORY = Path(__file__).parents[1] / "data" / "adoption"

SELLER = "nalu-fashion"


def video(number: int) -> str:
    """The id of a video, by the number of its row."""
    return f"750000000000000000{number}"


READABLE_PRODUCTS = [video(3), video(2), video(1)]
UNREADABLE_PRODUCT, UNREADABLE_ROW = video(4), video(8)


def foreign_products() -> list[dict[str, Any]]:
    """The rows of the products table."""
    return _read("products.jsonl")


def foreign_staging() -> list[dict[str, Any]]:
    """The rows of the staging table."""
    return _read("staging.jsonl")


def _read(name: str) -> list[dict[str, Any]]:
    lines = (_DIRECTORY / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line, parse_float=Decimal) for line in lines]


def put(dynamodb: DynamoDBClient, table: str, *rows: dict[str, Any]) -> None:
    """Put rows into a table, as another program does."""
    for row in rows:
        dynamodb.put_item(TableName=table, Item=write_document(row))
