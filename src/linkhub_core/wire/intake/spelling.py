"""Normalise: the spellings that intake accepts for each field, and how it reads them.

A spelling is a function. It takes a raw value and returns the value that is meant, or the same object if it does not
apply. The kind of a field's rule decides its spellings; :data:`_OF_FIELD` lists the exceptions. A value is read only
if it can mean one thing: ``"23.4"`` is a number, ``"55,000"`` is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import wraps
from typing import Any

from linkhub_core.model import BoundingBox, Caption, DetectedObject, ProductKey
from linkhub_core.model.rules import RuleBroken, ValueKind, number
from linkhub_core.wire.intake.times import JSON_NUMBER, read_time
from linkhub_core.wire.json_text import exact_number

_SPACES = " \t\r\n"
_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_EXACT = 2**53
_MILLIONTH = Decimal("0.000001")
_PRECISE = Context(prec=60)
_TOO_LARGE_TO_ROUND = Decimal(10) ** 30

_any_number = number().check


Spelling = Callable[[Any], Any]
"""Reads one spelling. The function's name, without the underscore, is the name of the deviation."""


def _nul_removed(value: Any) -> Any:
    return value.replace("\0", "") if isinstance(value, str) and "\0" in value else value


def _half_surrogate(value: Any) -> Any:
    if not isinstance(value, str) or not _SURROGATE.search(value):
        return value
    # Two surrogates that were escaped one by one are one character.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number_as_text(value: Any) -> Any:
    if isinstance(value, str) and JSON_NUMBER.fullmatch(digits := value.strip(_SPACES)):
        return exact_number(digits)
    return value


def _text_as_number(value: Any) -> Any:
    return _digits_of(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _digits_of(value: Any) -> Any:
    """Return the shortest text of a number; NaN and Infinity are returned unchanged."""
    try:
        return str(_any_number(value))
    except RuleBroken:
        return value


def _identifier_as_number(value: Any) -> Any:
    if not _is_number(value):
        return value
    if abs(value if isinstance(value, int) else float(value)) > _LARGEST_EXACT:
        raise RuleBroken("is a number above 2**53, which JSON readers round: send it as text")
    return str(value) if isinstance(value, int) and value >= 0 else value


def _spaces_around(value: Any) -> Any:
    return value.strip(_SPACES) if isinstance(value, str) and value != value.strip(_SPACES) else value


def _at_before_handle(value: Any) -> Any:
    return value[1:] if isinstance(value, str) and value.startswith("@") else value


def _url_without_scheme(value: Any) -> Any:
    return f"https:{value}" if isinstance(value, str) and value.startswith("//") else value


def _flag_spelling(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if _is_number(value):
        return bool(value) if value in (0, 1) else value
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _empty_as_null(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _price_rounded(value: Any) -> Any:
    if not _is_number(value) or isinstance(value, int):
        return value
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    if not exact.is_finite() or abs(exact) >= _TOO_LARGE_TO_ROUND:
        return value
    rounded = exact.quantize(_MILLIONTH, rounding=ROUND_HALF_EVEN, context=_PRECISE)
    return value if rounded == exact else rounded


def _sizes_as_list(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    entries = [_text_as_number(entry) for entry in value if entry is not None]
    if not all(isinstance(entry, str) for entry in entries):
        return value
    return ", ".join(entries) if entries else None


def _null_dropped(value: Any) -> Any:
    return [entry for entry in value if entry is not None] if isinstance(value, list) and None in value else value


def _each(read: Spelling) -> Spelling:
    """Read a spelling in each entry of a list."""

    @wraps(read)
    def entries(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        spelled = [read(entry) for entry in value]
        return value if all(one is other for one, other in zip(spelled, value, strict=True)) else spelled

    return entries


def _box_as_corners(value: Any) -> Any:
    if _sides_named(value, ("x", "y", "width", "height")):
        return value
    corners = value if isinstance(value, list) else _sides_named(value, ("x1", "y1", "x2", "y2")) or ()
    numbers = [exact for corner in corners if (exact := _as_decimal(corner)) is not None]
    if len(numbers) != 4 or len(corners) != 4:
        return value
    left, top, right, bottom = numbers
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def _box_short_names(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    sides = {"width": known_name(value, "w"), "height": known_name(value, "h")}
    read = {side: value[name] for side, name in sides.items() if name is not None and known_name(value, side) is None}
    return {**value, **read} if read else value


def _sides_named(value: Any, names: Sequence[str]) -> Sequence[Any] | None:
    if not isinstance(value, Mapping):
        return None
    found = [known_name(value, name) for name in names]
    return None if None in found else [value[name] for name in found if name is not None]


def _as_decimal(value: Any) -> Decimal | None:
    value = _number_as_text(value)
    if not _is_number(value):
        return None
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return exact if exact.is_finite() and abs(exact) < _TOO_LARGE_TO_ROUND else None


_TEXT = (_nul_removed, _half_surrogate)
_NUMBER = (_nul_removed, _number_as_text)
_IDENTIFIER = (_identifier_as_number, *_TEXT, _spaces_around)
_OF_KIND: Mapping[ValueKind, Sequence[Spelling]] = {
    ValueKind.TEXT: _TEXT,
    ValueKind.TEXTS: (_null_dropped, _each(_text_as_number), _each(_nul_removed), _each(_half_surrogate)),
    ValueKind.IDENTIFIER: _IDENTIFIER,
    ValueKind.URL: (*_TEXT, _url_without_scheme),
    ValueKind.NUMBER: _NUMBER,
    ValueKind.INTEGER: _NUMBER,
    ValueKind.MONEY: (*_NUMBER, _empty_as_null, _price_rounded),
    ValueKind.CHOICE: (*_TEXT, _spaces_around),
    ValueKind.FLAG: (_nul_removed, _flag_spelling),
}
_BOX = (_box_as_corners, _box_short_names)
_OF_FIELD: Mapping[tuple[type[Any], str], Sequence[Spelling]] = {
    (ProductKey, "seller_handle"): (*_IDENTIFIER, _at_before_handle),
    (Caption, "sizes"): (_sizes_as_list, _text_as_number, *_TEXT, _empty_as_null),
    (DetectedObject, "class_name"): (_text_as_number, *_TEXT),
}


def spell(cls: type[Any], name: str, kind: ValueKind, value: Any) -> tuple[Any, Sequence[str]]:
    """Normalise a field's value.

    Args:
        cls: the class of the model that has the field.
        name: the field.
        kind: the kind of the field's rule.
        value: the raw value, not null.

    Returns:
        The value that is meant, not yet checked by the rule, and the names of the deviations.

    Raises:
        RuleBroken: the value has more than one possible meaning.
    """
    if kind is ValueKind.TIME:
        text, deviations = _spelled(value, (_nul_removed,))
        moment, deviation = read_time(text)
        return moment, deviations if deviation is None else [*deviations, deviation]
    return _spelled(value, _OF_FIELD.get((cls, name), _OF_KIND.get(kind, ())))


def _spelled(value: Any, spellings: Sequence[Spelling]) -> tuple[Any, Sequence[str]]:
    deviations = []
    for spelling in spellings:
        meant = spelling(value)
        if meant is not value:
            deviations.append(spelling.__name__.removeprefix("_"))
            value = meant
    return value, deviations


def box_sides(cls: type[Any], value: Any) -> tuple[Any, Sequence[str]]:
    """Normalise a bounding box; other values are returned unchanged."""
    return _spelled(value, _BOX if cls is BoundingBox else ())


def known_name(document: Mapping[str, Any], name: str) -> str | None:
    """Return the name that a document uses for a field, or None. Snake case wins over camel and Pascal case."""
    if name in document:
        return name
    plain = name.replace("_", "")
    for candidate in document:
        if "_" not in candidate and not candidate.islower() and candidate.lower() == plain:
            return candidate
    return None
