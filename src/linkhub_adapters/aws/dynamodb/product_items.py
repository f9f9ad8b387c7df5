"""A product as an item of the products table: each field under its own name, so that other services can read it.

    seller_handle, video_id                        the key
    title, price, ... processing_metadata          the fields that readers see; lists are lists, objects are maps
    availability                                   absent if in stock
    created_at, updated_at                         ISO 8601 in UTC, milliseconds, ``Z``: these texts sort as moments
    caption_version, thumbnails_version, revision  the versions of the product
    unannounced_revision                           absent after the newest revision was announced
    shown                                          whether a revision of it was announced
    stamp                                          DynamoDB's time at the last visible save, in milliseconds since 1970
    listing_version                                the version of the listing; absent if none was set
    listing                                        a map: the listing, and the ``parsed`` title and price behind it

The item is its own outbox: the process that saves it owes its announcement until ``unannounced_revision`` is removed.
Without ``shown``, a product was shown unless a revision of it is owed. Without ``stamp``, an earlier version of linkhub
saved it: it is older than all products with a stamp.

Without ``listing_version`` the attributes ``listing`` and ``availability`` are another service's: the product is in
stock and as parsed.

An item without ``revision`` was written by another service: it has the product's fields only. It is read as revision 0,
shown, with versions older than any event, so that the next half of each kind improves it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Final, get_args

import attrs

from linkhub_adapters.aws.dynamodb.attribute_values import AttributeValue, Item, read_document, write_document
from linkhub_core.errors import MalformedEvent
from linkhub_core.model import (
    CONTENT_CLASSES,
    OLDER_THAN_ANY_EVENT,
    Availability,
    Caption,
    ProductKey,
    ProductRecord,
    ThumbnailSet,
)
from linkhub_core.model.fields import FieldFacts, facts_of, optional_names
from linkhub_core.model.rules import Number, RuleBroken
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import decode_record, product_document, stored_listing, stored_product, timestamp_text
from linkhub_core.wire.intake.times import read_time

STAMP: Final = "stamp"

# What an item may be without; an update removes what the new revision does not have.
OPTIONAL: Final = (*optional_names(*CONTENT_CLASSES.values()), "unannounced_revision")

is_linkhubs_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").fullmatch


def product_key(key: ProductKey) -> Item:
    """The primary key of a product's item."""
    return {"seller_handle": {"S": key.seller_handle}, "video_id": {"S": key.video_id}}


def product_key_of(item: Mapping[str, Mapping[str, Any]]) -> ProductKey:
    """The key of an item, or of an entry of an index."""
    return ProductKey(item["seller_handle"]["S"], item["video_id"]["S"])


def stamp_value(stamp_ms: int) -> AttributeValue:
    """A stamp as an attribute value."""
    return {"N": str(stamp_ms)}


def stamp_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The stamp of an item, or of an entry of an index; 0 without one."""
    return int(item[STAMP]["N"]) if STAMP in item else 0


def product_item(record: ProductRecord) -> Item:
    """The item of a product, without a stamp. ``shown`` is left out where its absence says the same."""
    document = product_document(record)
    document["caption_version"] = str(record.caption_version)
    document["thumbnails_version"] = str(record.thumbnails_version)
    document["revision"] = record.revision
    if (listing := stored_listing(record)) is not None:
        document["listing_version"] = listing.pop("version")
        document["listing"] = {name: value for name, value in listing.items() if value not in (None, {})}
    if record.unannounced_revision is not None:
        document["unannounced_revision"] = record.unannounced_revision
    if record.shown or record.unannounced_revision is None:
        document["shown"] = record.shown
    return write_document(document)


# --- an item as a record -----------------------------------------------------------------------------------------


def product_from_item(item: Mapping[str, Mapping[str, Any]], cursor: str | None = None) -> ProductRecord | Unreadable:
    """Read a product with the cursor of its event, or say what is wrong with an item that linkhub did not write."""
    try:
        document = read_document(item)
        is_foreign = "revision" not in item
        older = {name: str(OLDER_THAN_ANY_EVENT) for name in ("caption_version", "thumbnails_version")}
        document = {**(older if is_foreign else {}), **document, **_moments_of(document)}
        return decode_record(
            document,
            caption_version=document["caption_version"],
            thumbnails_version=document["thumbnails_version"],
            revision=0 if is_foreign else int(document["revision"]),
            unannounced_revision=None if is_foreign else document.get("unannounced_revision"),
            shown=is_foreign or bool(document.get("shown", "unannounced_revision" not in document)),
            cursor=cursor,
            listing=_listing_of(document),
        )
    except (MalformedEvent, ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as broken:
        return unreadable_item(item, broken)


def _listing_of(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "listing_version" not in document:
        return None
    return {"parsed": {}, **document["listing"], "version": document["listing_version"]}


def unreadable_item(item: Mapping[str, Mapping[str, Any]], broken: Exception) -> Unreadable:
    """The outcome for an item that cannot be read, with the reason."""
    return Unreadable(
        seller_handle=str(item["seller_handle"]["S"]),
        video_id=str(item["video_id"]["S"]),
        problem=f"the attribute {broken} is missing" if isinstance(broken, KeyError) else str(broken),
    )


def _moments_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """``created_at`` and ``updated_at`` in linkhub's form, also of an adopted item; one replaces the other if absent.

    Raises:
        RuleBroken: both are absent, or one is no time.
    """
    created_at, updated_at = document.get("created_at"), document.get("updated_at")
    return {"created_at": _time_text(created_at or updated_at), "updated_at": _time_text(updated_at or created_at)}


def _time_text(value: object) -> str:
    moment, _ = read_time(value)
    return timestamp_text(moment)


# --- an item as ready JSON: the bytes of encode_product, without a value of the model in between -------------------


def stored_from_item(item: Item) -> StoredProduct | Unreadable:
    """Read an item for readers.

    The fields, which of them may be absent, and the rules of numbers come from the model. An item with anything that
    the model would not write goes through the model, which corrects it or says what is wrong with it.
    """
    try:
        return _stored(item)
    except (KeyError, TypeError, ValueError, AttributeError, RuleBroken):
        product = product_from_item(item)
        return product if isinstance(product, Unreadable) else stored_product(product)


def _stored(item: Item) -> StoredProduct:
    seller_handle, video_id = item["seller_handle"]["S"], item["video_id"]["S"]
    created_at, updated_at = item["created_at"]["S"], item["updated_at"]["S"]
    if not (is_linkhubs_time(created_at) and is_linkhubs_time(updated_at)):
        raise ValueError("another service wrote these times")
    owed, shown = item.get("unannounced_revision"), item.get("shown")
    availability = item["availability"]["S"] if "listing_version" in item and "availability" in item else None
    document = {
        "seller_handle": seller_handle,
        "video_id": video_id,
        **_CAPTION(item),
        **_THUMBNAILS(item),
        **({} if availability is None else {"availability": availability}),
        "created_at": created_at,
        "updated_at": updated_at,
    }
    return StoredProduct(
        seller_handle=seller_handle,
        video_id=video_id,
        revision=int(item["revision"]["N"]),
        unannounced_revision=None if owed is None else int(owed["N"]),
        shown=owed is None if shown is None else shown["BOOL"],
        created_at=created_at,
        updated_at=updated_at,
        document=json_text.dump(document),
        availability=availability or Availability.IN_STOCK.value,
    )


_Reader = Callable[[Mapping[str, Any]], Any]

_PLAIN_DIGITS = 15  # whole numbers with at most so many digits need no rule


def _object(cls: type) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A reader of the fields of a class from an item or a map, in their order; it raises where the model might, too."""
    types = {field.name: field for field in attrs.fields(attrs.resolve_types(cls))}
    fields = [
        (fact.name, _reader(fact, types[fact.name].type), types[fact.name].default is None) for fact in facts_of(cls)
    ]

    def read(item: Mapping[str, Any]) -> dict[str, Any]:
        document = {}
        for name, reader, may_be_absent in fields:
            if not may_be_absent:
                document[name] = reader(item[name])
            elif name in item and (value := reader(item[name])) is not None:
                document[name] = value
        return document

    return read


def _reader(fact: FieldFacts, of: Any) -> _Reader:
    if fact.rule is not None:
        members = frozenset(get_args(of)) if isinstance(of, UnionType) else frozenset({of})
        plain = _READERS[members - {NoneType}](fact.rule.check)
        return _optional(plain) if NoneType in members else plain
    assert fact.nested is not None, "a field has a rule or holds values of another class"  # noqa: S101  narrows the type
    one = _object(fact.nested)
    nested: _Reader = (
        (lambda value: [one(entry["M"]) for entry in value["L"]]) if fact.is_list else (lambda value: one(value["M"]))
    )
    return nested if fact.essential else _optional(nested)


def _optional(reader: _Reader) -> _Reader:
    return lambda value: None if "NULL" in value else reader(value)


def _number(rule: Callable[[Any], Any]) -> _Reader:
    def read(value: Mapping[str, str]) -> Any:
        digits = value["N"]
        if digits.isdecimal() and len(digits) <= _PLAIN_DIGITS:
            return int(digits)
        return rule(Decimal(digits))

    return read


def _text(value: Mapping[str, str]) -> str:
    return value["S"]


# The reader for the types of a field without None, made with the field's rule. A new type in the model needs a line.
_READERS: Mapping[frozenset[Any], Callable[[Callable[[Any], Any]], _Reader]] = {
    frozenset({str}): lambda _: _text,
    frozenset({bool}): lambda _: lambda value: value["BOOL"],
    frozenset({int}): _number,
    frozenset(get_args(Number)): _number,
    frozenset({Decimal}): lambda rule: lambda value: rule(Decimal(value["N"])),
    frozenset({tuple[str, ...]}): lambda _: lambda value: [entry["S"] for entry in value["L"]],
}

_CAPTION, _THUMBNAILS = _object(Caption), _object(ThumbnailSet)
