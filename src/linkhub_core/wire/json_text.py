"""JSON text in and out: strict, bounded, and exact where money is concerned.

The fast parser is orjson, which refuses NaN, Infinity and lone surrogates. What it refuses is read once more by the
standard library, which takes them, so the intake can judge the field that holds them.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from linkhub_core.errors import Fault, MalformedEvent

_FLOAT_IS_EXACT_BELOW = 1e9
_LONGEST_INTEGER = 4000
_LARGEST_EXPONENT = 10_000


def size_bytes(body: str) -> int:
    """How many bytes ``body`` takes in UTF-8; a lone surrogate counts as the three bytes it would take."""
    return len(body) if body.isascii() else len(body.encode("utf-8", "surrogatepass"))


def parse(body: str) -> Any:
    """Read JSON text; floats are floats, unless only the lenient parser takes the text: then they are exact.

    Raises:
        MalformedEvent: it is not JSON, or nested too deeply.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as refused:
        return _parse_leniently(body, str(refused))


def parse_exactly(body: str) -> Any:
    """Read JSON text with each decimal as a :class:`~decimal.Decimal`; NaN and lone surrogates are taken.

    Raises:
        MalformedEvent: it is not JSON, or nested too deeply.
    """
    return _parse_leniently(body, None)


def _parse_leniently(body: str, problem: str | None) -> Any:
    """Read by the standard library; if it fails, too, the fault is ``problem`` or its own text."""
    try:
        return json.loads(body, parse_float=exact_number, parse_int=_whole, parse_constant=Decimal)
    except RecursionError:
        raise MalformedEvent([Fault("", "the body is nested too deeply")]) from None
    except ValueError as refused:
        raise MalformedEvent([Fault("", f"the body is not JSON: {problem or refused}")]) from None


def parse_object(body: str) -> dict[str, Any]:
    """Read one JSON object.

    Raises:
        MalformedEvent: it is blank, not JSON, nested too deeply, or not an object.
    """
    if not body.strip():
        raise MalformedEvent([Fault("", "the body is blank")])
    document = parse(body)
    if not isinstance(document, dict):
        raise MalformedEvent([Fault("", "the body must be a JSON object")])
    return document


def exact_field(body: str, field: str, value: float) -> Any:
    """Read a number of an object with its decimals exact, as a :class:`~decimal.Decimal` or an ``int``.

    Args:
        body: the object's text; sound JSON.
        field: its name.
        value: the number as :func:`parse` reads it.

    Raises:
        MalformedEvent: the object is nested too deeply.
    """
    # In sound JSON a quoted name before a colon is a name. The only one may be the name of an inner object, where the
    # one at the top is written with escapes; then its number is another.
    found = re.findall(rf'"{field}"\s*:\s*(-?[0-9][0-9.eE+-]*)', body)
    if len(found) == 1 and float(found[0]) == value:
        return exact_number(found[0])
    return parse_exactly(body)[field]


def exact_number(digits: str) -> Decimal:
    """The number that JSON digits write; NaN where the exponent is beyond any use, and beyond decimal arithmetic."""
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return Decimal("NaN")
    return number if abs(number.adjusted()) < _LARGEST_EXPONENT or "e" not in digits.lower() else Decimal("NaN")


def _whole(digits: str) -> int | Decimal:
    """Python refuses to read integers of more than 4,300 digits."""
    return int(digits) if len(digits) < _LONGEST_INTEGER else Decimal(digits)


def load_document(stored: bytes) -> dict[str, Any]:
    """Read a content or a product that the codec wrote, its price exact.

    The fast parser reads a price with decimals as a float. A float keeps 15 digits, and a price has at most 6 decimals:
    below 1e9 nothing is lost, and a higher price is read again, exactly.
    """
    document: dict[str, Any] = orjson.loads(stored)
    price = document.get("price")
    if isinstance(price, float) and price >= _FLOAT_IS_EXACT_BELOW:
        document["price"] = exact_field(stored.decode(), "price", price)
    return document


def dump(document: Any) -> bytes:
    """Write compact JSON in the order of the fields; a Decimal becomes a number with all its digits."""
    return orjson.dumps(document, default=_exact_number)


def dump_sorted(document: Any) -> bytes:
    """Write the canonical form: compact, names sorted. Equal documents give equal bytes."""
    return orjson.dumps(document, default=_exact_number, option=orjson.OPT_SORT_KEYS)


def _exact_number(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} has no place in JSON")
    return orjson.Fragment(format(value, "f"))
