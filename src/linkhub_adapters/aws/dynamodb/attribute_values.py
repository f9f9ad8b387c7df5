"""Plain data as DynamoDB's attribute values and back: ``{"S": ...}``, ``{"N": ...}``, ``{"M": ...}`` and so on.

Rule 1. Numbers are exact. A float is written as its ``repr``, the shortest decimal that reads back as the same float; a
Decimal with all its digits. They are read as ``int`` or ``Decimal``, which the core's rules make canonical.
Rule 2. DynamoDB's numbers end at 1E-130 and 9.99E+125, a double's do not. A number beyond is written as text, and is
read as a number again because the model says that this field is one.
Rule 3. Nothing else is translated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from linkhub_core.model import CONTENT_CLASSES
from linkhub_core.model.fields import facts_of
from linkhub_core.model.rules import ValueKind

AttributeValue = dict[str, Any]
Item = dict[str, AttributeValue]

_SMALLEST = 1e-130
_BEYOND_THE_LARGEST = 1e126


def _number_fields(cls: type[Any]) -> Iterator[str]:
    """The fields of a class of the model, and of the classes within it, that hold doubles."""
    for facts in facts_of(cls):
        if facts.nested is not None:
            yield from _number_fields(facts.nested)
        elif facts.rule is not None and facts.rule.kind is ValueKind.NUMBER:
            yield facts.name


_NUMBER_FIELDS = frozenset(name for cls in CONTENT_CLASSES.values() for name in _number_fields(cls))


def write_document(document: Mapping[str, Any]) -> Item:
    """An item of plain data."""
    return {name: write_value(value) for name, value in document.items()}


def write_value(value: Any) -> AttributeValue:
    """One attribute value.

    Raises:
        KeyError: a value of this type has no place in a document.
    """
    return _WRITERS[type(value)](value)


def _write_float(value: float) -> AttributeValue:
    fits = _SMALLEST <= abs(value) < _BEYOND_THE_LARGEST or value == 0
    return {"N" if fits else "S": repr(value)}


_WRITERS: Mapping[type, Callable[[Any], AttributeValue]] = {
    str: lambda value: {"S": value},
    int: lambda value: {"N": str(value)},
    float: _write_float,
    Decimal: lambda value: {"N": format(value, "f")},
    bool: lambda value: {"BOOL": value},
    type(None): lambda _: {"NULL": True},
    dict: lambda value: {"M": write_document(value)},
    list: lambda value: {"L": [write_value(entry) for entry in value]},
    tuple: lambda value: {"L": [write_value(entry) for entry in value]},
}


def read_document(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The plain data of an item."""
    return {name: _read_value(value, name in _NUMBER_FIELDS) for name, value in item.items()}


def _read_value(value: Mapping[str, Any], is_number: bool) -> Any:
    [(kind, raw)] = value.items()
    if kind == "S":
        return _number_from_text(raw) if is_number else raw
    return _READERS[kind](raw)


def _number_from_text(text: str) -> Any:
    """A number that was written as text; any other text stays text, and the codec names the field."""
    try:
        return float(text)
    except ValueError:
        return text


def _read_number(digits: str) -> int | Decimal:
    return int(digits) if digits.removeprefix("-").isdecimal() else Decimal(digits)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "N": _read_number,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": read_document,
    "L": lambda values: [_read_value(value, False) for value in values],
    # linkhub writes none of these; of another service, the codec names the field.
    "SS": list,
    "NS": list,
    "B": lambda raw: raw,
    "BS": list,
}
