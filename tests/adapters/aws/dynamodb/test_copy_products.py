"""The program of the guide that copies a products table into one with the index."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from linkhub_adapters.aws.dynamodb.product_items import product_item, product_key
from linkhub_core.testing.builders import KEY, NOON, a_key, a_record
from linkhub_core.testing.readable import readable
from linkhub_core.wire.codec import product_document
from linkhub_core.wire.shop_query import PageQuery
from tests.adapters.aws.table_fixture import open_tables
from tests.support.foreign_rows import put

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.aws

_PROGRAM = Path(__file__).parents[4] / "docs/examples/copy_products.py"


async def test_all_products_come_over_with_a_stamp_and_none_twice(
    make_dynamodb_client: Callable[..., DynamoDBClient],
) -> None:
    """Rows of an earlier version, of another service, and rows that cannot be read; `since` finds them in the index."""
    copy_products = runpy.run_path(str(_PROGRAM))["copy_products"]
    client = make_dynamodb_client()
    with open_tables(client, has_index=False) as old, open_tables(client) as new:
        records = [a_record(a_key(number), updated_at=NOON) for number in range(3)]
        items: list[Any] = [product_item(record) for record in records]
        items[2]["stamp"] = {"N": "1768478400123"}
        items.append({**product_key(a_key(8)), "title": {"S": "?"}})
        for item in items:
            client.put_item(TableName=old.products.name, Item=item)
        put(client, old.products.name, product_document(a_record(a_key(9), updated_at=NOON)))
        assert copy_products(client, old.products.name, new.products.name) == 5
        assert copy_products(client, old.products.name, new.products.name) == 0
        store = new.product_store
        found = await store.find([record.key for record in records])
        assert [readable(found[record.key]) for record in records] == records
        page = await store.page(PageQuery(seller_handle=KEY.seller_handle, since=NOON.replace(hour=11)))
        assert [product.key for product in page.products] == [a_key(9), *(record.key for record in records[::-1])]
        copied = client.get_item(TableName=new.products.name, Key=product_key(a_key(2)))["Item"]
        assert copied["stamp"] == {"N": "1768478400123"}
