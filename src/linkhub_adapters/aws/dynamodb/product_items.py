"""A product as an item of the products table: every field under its own name, so that other services can read it.

    seller_handle, video_id                        the key
    title, price, ... processing_metadata          the product's fields; lists are lists, objects are maps
    created_at, updated_at                         ISO 8601 in UTC, milliseconds, ``Z``: texts that sort as moments do
    caption_version, thumbnails_version, revision  how new it is
    shown                                          whether a revision of it has been announced
    unannounced_revision                           absent once the newest revision has been announced

The item is its own outbox: the process that saves it owes its announcement until that last attribute is removed. An
item without ``shown`` is of an earlier linkhub: it has been shown if nothing of it is owed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from linkhub_adapters.aws.dynamodb.attribute_values import Item, read_document, write_document
from linkhub_adapters.aws.dynamodb.foreign_products import is_foreign, moments_of
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import CONTENT_CLASSES, OLDER_THAN_ANY_EVENT, ProductKey, ProductRecord
from linkhub_core.model.fields import optional_names
from linkhub_core.ports import Unreadable
from linkhub_core.wire.codec import decode_record, product_document

__all__ = ["OPTIONAL", "product_from_item", "product_item", "product_key", "product_key_of"]

# What an item may be without; an update has to remove what the new revision does not have.
OPTIONAL = (*optional_names(*CONTENT_CLASSES.values()), "unannounced_revision")


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
    document["shown"] = record.shown
    if record.unannounced_revision is not None:
        document["unannounced_revision"] = record.unannounced_revision
    return write_document(document)


def product_from_item(item: Mapping[str, Mapping[str, Any]]) -> ProductRecord | Unreadable:
    """Read a product back; an item that linkhub did not write is named with what is wrong with it."""
    try:
        document = read_document(item)
        if is_foreign(item):
            return _foreign_record(document)
        return decode_record(
            {**document, **moments_of(document)},  # those of an adopted row are as another service wrote them
            caption_version=document["caption_version"],
            thumbnails_version=document["thumbnails_version"],
            revision=int(document["revision"]),
            unannounced_revision=document.get("unannounced_revision"),
            shown=bool(document.get("shown", "unannounced_revision" not in document)),
        )
    except (MalformedEvent, ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as broken:
        return unreadable_item(item, broken)


def _foreign_record(document: Mapping[str, Any]) -> ProductRecord:
    return decode_record(
        {**document, **moments_of(document)},
        caption_version=document.get("caption_version", str(OLDER_THAN_ANY_EVENT)),
        thumbnails_version=document.get("thumbnails_version", str(OLDER_THAN_ANY_EVENT)),
        revision=0,
        unannounced_revision=None,
        shown=True,
    )


def unreadable_item(item: Mapping[str, Mapping[str, Any]], broken: Exception) -> Unreadable:
    """The outcome for an item that cannot be read, for a reason."""
    return Unreadable(
        seller_handle=str(item["seller_handle"]["S"]),
        video_id=str(item["video_id"]["S"]),
        problem=f"the attribute {broken} is missing" if isinstance(broken, KeyError) else str(broken),
    )
