"""An item of the products table as the JSON that readers get, without a value of the model between.

The bytes are those of :func:`~linkhub_core.wire.codec.encode_product`: the model's fields in their order, numbers
exact. Which fields there are, which may be absent, and which rule a number keeps, is read from the model. An item with
anything that the model would not write goes through the model, which puts it right or names what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, get_args

import attrs

from linkhub_adapters.aws.dynamodb.attribute_values import Item
from linkhub_adapters.aws.dynamodb.product_items import product_from_item
from linkhub_core.model import Caption, ThumbnailSet
from linkhub_core.model.fields import FieldFacts, facts_of
from linkhub_core.model.rules import Number, RuleBroken
from linkhub_core.model.stored_product import StoredProduct
from linkhub_core.ports import Unreadable
from linkhub_core.wire import json_text
from linkhub_core.wire.codec import stored_product

__all__ = ["stored_from_item"]

_Reader = Callable[[Mapping[str, Any]], Any]

# Whole numbers of so few digits are written as they are, whatever their rule.
_PLAIN_DIGITS = 15


_IN_LINKHUBS_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").fullmatch


def stored_from_item(item: Item) -> StoredProduct | Unreadable:
    """Read an item for readers."""
    try:
        return _stored(item)
    except (KeyError, TypeError, ValueError, AttributeError, RuleBroken):
        return _through_the_model(item)


def _stored(item: Item) -> StoredProduct:
    seller_handle, video_id = item["seller_handle"]["S"], item["video_id"]["S"]
    created_at, updated_at = item["created_at"]["S"], item["updated_at"]["S"]
    if not (_IN_LINKHUBS_FORM(created_at) and _IN_LINKHUBS_FORM(updated_at)):
        raise ValueError("another service wrote these times")
    owed, shown = item.get("unannounced_revision"), item.get("shown")
    document = {
        "seller_handle": seller_handle,
        "video_id": video_id,
        **_CAPTION(item),
        **_THUMBNAILS(item),
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
    )


def _through_the_model(item: Item) -> StoredProduct | Unreadable:
    product = product_from_item(item)
    return product if isinstance(product, Unreadable) else stored_product(product)


# --- readers, one a field of the model ---------------------------------------------------------------------------


def _object(cls: type) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What reads the fields of a class from an item or a map, in their order; raises where the model might, too."""
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


# By the types of a field, None left out: what makes its reader of its rule. A new type in the model needs a line here.
_READERS: Mapping[frozenset[Any], Callable[[Callable[[Any], Any]], _Reader]] = {
    frozenset({str}): lambda _: _text,
    frozenset({bool}): lambda _: lambda value: value["BOOL"],
    frozenset({int}): _number,
    frozenset(get_args(Number)): _number,
    frozenset({Decimal}): lambda rule: lambda value: rule(Decimal(value["N"])),
    frozenset({tuple[str, ...]}): lambda _: lambda value: [entry["S"] for entry in value["L"]],
}

_CAPTION, _THUMBNAILS = _object(Caption), _object(ThumbnailSet)
