"""Copies a products table into a new one that has the index: `python copy_products.py OLD NEW`.

Stop all consumers first. A product that is in the new table already is left as it is there, so the program may be
interrupted and run again. A product without a stamp gets that of its `updated_at`: no client is given it as a change.
"""

import sys
from typing import Any

import boto3

from linkhub_adapters.aws.dynamodb.product_writes import with_stamp


def copy_products(dynamodb: Any, old: str, new: str) -> int:
    """Copy all products, and give the number of those that were not there."""
    copied = 0
    for page in dynamodb.get_paginator("scan").paginate(TableName=old, ConsistentRead=True):
        for item in page["Items"]:
            try:
                dynamodb.put_item(
                    TableName=new, Item=with_stamp(item), ConditionExpression="attribute_not_exists(video_id)"
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                continue
            copied += 1
    return copied


if __name__ == "__main__":
    sys.stdout.write(f"{copy_products(boto3.client('dynamodb'), *sys.argv[1:])} products copied\n")
