"""JSON Schema of the model's classes, derived from the rules of their fields, and documents that are filled with it.

Draft 2020-12, in the part that draft 7 has as well, so OpenAPI 3.1 and AsyncAPI 3.0 both take it.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from linkhub_core.model import (
    Availability,
    BoundingBox,
    Caption,
    DetectedObject,
    Listing,
    ProcessingMetadata,
    ProductKey,
    Thumbnail,
    ThumbnailSet,
)
from linkhub_core.model.fields import ABSENT, FieldFacts, facts_of
from linkhub_core.model.rules import FieldRule

Schema = dict[str, Any]


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Replace each ``{"$fill": name}`` in a document by the value of that name.

    Further members of such an object replace those of the value.
    """
    if isinstance(template, list):
        return [fill(each, values) for each in template]
    if not isinstance(template, dict):
        return template
    own = {name: fill(each, values) for name, each in template.items() if name != "$fill"}
    if "$fill" not in template:
        return own
    value = values[template["$fill"]]
    return {**value, **own} if own else value


def product_schemas() -> dict[str, Schema]:
    """The schemas of a product and of its parts, which refer to each other as ``#/components/schemas/<name>``."""
    caption, more_of_caption = _properties_of(Caption)
    thumbnails, more_of_thumbnails = _properties_of(ThumbnailSet)
    key = {name: field_schema(ProductKey, name) for name in ("seller_handle", "video_id")}
    stamps = {
        "created_at": _moment("When it was first saved."),
        "updated_at": _moment("When its content last changed."),
    }
    # In stock is not written, and a withdrawn product is not shown.
    shown_availability = {
        "type": "string",
        "enum": [Availability.SOLD_OUT.value],
        "description": "Whether it can be bought. Absent: in stock.",
    }
    product = _object_schema(
        "One video of one seller, with both of its halves: what its caption says and its thumbnails.",
        {**key, **caption, **thumbnails, **stamps},  # in the order of its document
        {**more_of_caption, **more_of_thumbnails, "availability": shown_availability},
    )
    parts = (Thumbnail, DetectedObject, BoundingBox, ProcessingMetadata)
    return {"Product": product, **{part.__name__: _schema_of(part) for part in parts}}


def listing_schemas() -> dict[str, Schema]:
    """The schemas of a listing and of a change of it, in which every field may be absent or null."""
    fields, _ = _properties_of(Listing)
    availability = fields["availability"]
    nullable = {**availability, "type": ["string", "null"], "enum": [*availability["enum"], None]}
    meaning = "Fields of a listing to change. Null is the default: in stock, or as parsed."
    return {
        "Listing": _schema_of(Listing),
        "ListingChange": _object_schema(meaning, {}, {**fields, "availability": nullable}),
    }


def field_schema(cls: type[Any], name: str) -> Schema:
    """The schema of one plain field of a class."""
    return next(_plain(facts) for facts in facts_of(cls) if facts.name == name)


def _moment(description: str) -> Schema:
    return {"type": "string", "format": "date-time", "description": f"{description} ISO 8601, UTC, with milliseconds."}


def _schema_of(cls: type[Any]) -> Schema:
    return _object_schema(inspect.cleandoc(cls.__doc__ or ""), *_properties_of(cls))


def _object_schema(description: str, required: Schema, optional: Schema) -> Schema:
    """The schema of an object; it leaves room for fields that come later."""
    return {
        "type": "object",
        "description": description,
        **({"required": list(required)} if required else {}),
        "properties": {**required, **optional},
    }


def _properties_of(cls: type[Any]) -> tuple[Schema, Schema]:
    """The schemas of a class's fields, by name: of those that a product always has, and of the others."""
    facts = facts_of(cls)
    certain = {one.name: _schema(one) for one in facts if one.essential or one.instead is not ABSENT}
    return certain, {one.name: _schema(one) for one in facts if one.name not in certain}


def _schema(facts: FieldFacts) -> Schema:
    if facts.nested is None:
        return _plain(facts)
    inner = {"$ref": f"#/components/schemas/{facts.nested.__name__}"}
    if not facts.is_list:
        return inner
    limits = {"minItems": facts.least or None, "maxItems": facts.most}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return {"type": "array", "items": inner, **given, "description": facts.meaning}


def _plain(facts: FieldFacts) -> Schema:
    if not isinstance(facts.rule, FieldRule):
        raise TypeError(f"{facts.name} holds values of another class")
    schema: Schema = {**facts.rule.schema, "description": facts.meaning}
    return {**schema, "type": [schema["type"], "null"]} if facts.nullable else schema
