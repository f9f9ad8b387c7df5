"""JSON Schema of the model's classes, derived from the rules of their fields.

Draft 2020-12, in the part that draft 7 has as well, so OpenAPI 3.1 and AsyncAPI 3.0 both take it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from linkhub_core.model.fields import ABSENT, FieldFacts, facts_of
from linkhub_core.model.rules import FieldRule

Schema = dict[str, Any]


def or_null(schema: Schema) -> Schema:
    """The same schema, which allows null as well."""
    return {**schema, "type": [schema["type"], "null"]}


def object_schema(description: str, required: Schema, optional: Schema | None = None) -> Schema:
    """The schema of an object; it leaves room for fields that come later."""
    return {
        "type": "object",
        "description": description,
        **({"required": list(required)} if required else {}),
        "properties": {**required, **(optional or {})},
    }


def schema_of(cls: type[Any], ref: Callable[[str], Schema]) -> Schema:
    """The schema of a class of the model.

    Args:
        cls: the class.
        ref: makes the reference to the schema of another class, by its name.
    """
    required, optional = properties_of(cls, ref)
    return object_schema(inspect.cleandoc(cls.__doc__ or ""), required, optional)


def properties_of(cls: type[Any], ref: Callable[[str], Schema]) -> tuple[Schema, Schema]:
    """The schemas of a class's fields, by name: of those that a product always has, and of the others."""
    facts = facts_of(cls)
    certain = {one.name: _schema(one, ref) for one in facts if one.essential or one.instead is not ABSENT}
    return certain, {one.name: _schema(one, ref) for one in facts if one.name not in certain}


def field_schema(cls: type[Any], name: str) -> Schema:
    """The schema of one plain field of a class."""
    return next(_plain(facts) for facts in facts_of(cls) if facts.name == name)


def _schema(facts: FieldFacts, ref: Callable[[str], Schema]) -> Schema:
    if facts.nested is None:
        return _plain(facts)
    inner = ref(facts.nested.__name__)
    if not facts.is_list:
        return inner
    limits = {"minItems": facts.least or None, "maxItems": facts.most}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    return {"type": "array", "items": inner, **given, "description": facts.meaning}


def _plain(facts: FieldFacts) -> Schema:
    if not isinstance(facts.rule, FieldRule):
        raise TypeError(f"{facts.name} holds values of another class")
    schema: Schema = {**facts.rule.schema, "description": facts.meaning}
    return or_null(schema) if facts.nullable else schema
