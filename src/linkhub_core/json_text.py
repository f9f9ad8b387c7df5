"""JSON text that linkhub accepts: strict, bounded, and exact where money is concerned.

The fast path is orjson, which refuses NaN, Infinity, lone surrogates and broken UTF-8 by itself. What it refuses is
read once more, slowly, to tell the sender *which* field is at fault instead of "malformed JSON".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.rules import RuleBroken, text

__all__ = ["dump", "dump_sorted", "exactly", "faults_within", "parse_object", "size_bytes"]

_TOO_DEEP = "the body is nested too deeply"

_plain_text = text()


def size_bytes(body: str) -> int:
    """How many bytes ``body`` takes in UTF-8; a lone surrogate counts as the three bytes it would take."""
    return len(body) if body.isascii() else len(body.encode("utf-8", "surrogatepass"))


def parse_object(body: str) -> tuple[dict[str, Any], bool]:
    """Read one JSON object.

    Args:
        body: the text.

    Returns:
        The object, and whether all its texts and numbers are sound. Where they are not (NaN, NUL, lone surrogates),
        the rules of the fields and :func:`faults_within` name those at fault.

    Raises:
        MalformedEvent: it is blank, not JSON, nested too deeply, or not an object.
    """
    if not body.strip():
        raise MalformedEvent([Fault("", "the body is blank")])
    sound = "\\u0000" not in body
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as refused:
        document, sound = _parse_leniently(body, refused), False
    if not isinstance(document, dict):
        raise MalformedEvent([Fault("", "the body must be a JSON object")])
    return document, sound


def _parse_leniently(body: str, refused: orjson.JSONDecodeError) -> Any:
    try:
        return json.loads(body, parse_float=_decimal)
    except RecursionError:
        raise MalformedEvent([Fault("", _TOO_DEEP)]) from refused
    except ValueError:
        raise MalformedEvent([Fault("", f"the body is not JSON: {refused}")]) from refused


def exactly(body: str, field: str) -> Any:
    """Read one field of an object with its decimals exact, as a :class:`~decimal.Decimal` or an ``int``.

    Raises:
        MalformedEvent: the object is nested too deeply.
    """
    try:
        return json.loads(body, parse_float=_decimal)[field]
    except RecursionError:  # orjson reads a little deeper than the standard library does
        raise MalformedEvent([Fault("", _TOO_DEEP)]) from None


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # its exponent has some twenty digits: no number that anything could be done with
        return Decimal("NaN")


def faults_within(document: dict[str, Any]) -> Iterator[Fault]:
    """Name each text or number anywhere in ``document`` that JSON does not allow: NaN, NUL, lone surrogates."""
    open_values: list[tuple[str, Any]] = [("", document)]
    while open_values:
        path, value = open_values.pop()
        if isinstance(value, dict):
            open_values += [(f"{path}.{name}" if path else name, inner) for name, inner in value.items()]
            open_values += [(f"{path}.(name)" if path else "(name)", name) for name in value]
        elif isinstance(value, list):
            open_values += [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
        elif isinstance(value, float) and not math.isfinite(value):
            yield Fault(_tellable(path), "NaN and Infinity are not numbers")
        elif isinstance(value, str):
            yield from _text_faults(path, value)


def _text_faults(path: str, value: str) -> Iterator[Fault]:
    try:
        _plain_text(value)
    except RuleBroken as broken:
        yield Fault(_tellable(path), str(broken))


def _tellable(path: str) -> str:
    """The path as text that every log, queue and store takes, whatever names the sender gave to fields."""
    return "".join(character if character.isprintable() else "?" for character in path)


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
