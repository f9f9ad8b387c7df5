"""A product as an item of the products table: every field under its own name, so that other services can read it.

    seller_handle, video_id                        the key
    title, price, ... processing_metadata          the product's fields; lists are lists, objects are maps
    created_at, updated_at                         ISO 8601 in UTC, milliseconds, ``Z``: texts that sort as moments do
    caption_version, thumbnails_version, revision  how new it is
    unannounced_revision                           absent once the newest revision has been announced

The item is its own outbox: whoever saves it owes its announcement until that last attribute is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkhub_adapters.aws.attribute_values import Item, read_document, write_document
from linkhub_adapters.aws.errors import DYNAMODB
from linkhub_core.codec import decode_record, product_document
from linkhub_core.errors import MalformedEvent, StoreRefused
from linkhub_core.fields import optional_names
from linkhub_core.model import Caption, ProductKey, ProductRecord, ThumbnailSet

__all__ = ["OPTIONAL", "product_from_item", "product_item", "product_key", "product_key_of"]

# What an item may be without; an update has to remove what the new revision does not have.
OPTIONAL = (*optional_names(Caption, ThumbnailSet), "unannounced_revision")


def product_key(key: ProductKey) -> Item:
    """The primary key of a product's item."""
    return {"seller_handle": {"S": key.seller_handle}, "video_id": {"S": key.video_id}}


def product_key_of(item: Mapping[str, Mapping[str, Any]]) -> ProductKey:
    """The key of an item, or of an entry of an index."""
    return ProductKey(item["seller_handle"]["S"], item["video_id"]["S"])


def product_item(record: ProductRecord) -> Item:
    """The item of a product."""
    document = product_document(record)
    document["caption_version"] = str(record.caption_version)
    document["thumbnails_version"] = str(record.thumbnails_version)
    document["revision"] = record.revision
    if record.unannounced_revision is not None:
        document["unannounced_revision"] = record.unannounced_revision
    return write_document(document)


def product_from_item(item: Mapping[str, Mapping[str, Any]]) -> ProductRecord:
    """Read a product back.

    Raises:
        StoreRefused: something else than linkhub wrote this item.
    """
    try:
        document = read_document(item)
        return decode_record(
            document,
            caption_version=document["caption_version"],
            thumbnails_version=document["thumbnails_version"],
            revision=int(document["revision"]),
            unannounced_revision=document.get("unannounced_revision"),
        )
    except (MalformedEvent, KeyError, TypeError, ValueError) as broken:
        key = {name: item.get(name) for name in ("seller_handle", "video_id")}
        raise StoreRefused(DYNAMODB, f"the item {key} is not a product of linkhub's: {broken}") from broken
