"""JSON text: strict where it is read, exact where it is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from linkhub_core.errors import Fault, MalformedEvent
from linkhub_core.wire import json_text


@pytest.mark.parametrize(("body", "size"), [("", 0), ("abc", 3), ("ü", 2), ("👗", 4), ("\ud800", 3)])
def test_a_size_is_counted_in_bytes_of_utf_8(body: str, size: int) -> None:
    """Also for what could not be encoded."""
    assert json_text.size_bytes(body) == size


@pytest.mark.parametrize(
    ("body", "document"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\n{"a": "\\ud83d\\udc57"} ', {"a": "👗"}),
        ('{"a": "\\u0000"}', {"a": "\0"}),
        ('{"a": "\\ud800"}', {"a": "\ud800"}),
        ('{"a": 1e400}', {"a": Decimal("1e400")}),
        (f'{{"a": NaN, "b": {"1" * 5000}}}'.replace("NaN", "1e400"), {"a": Decimal("1e400"), "b": Decimal("1" * 5000)}),
    ],
)
def test_an_object_is_read(body: str, document: dict[str, Any]) -> None:
    """JSON that orjson refuses (lone surrogates, numbers without bounds) is still read: the intake judges it."""
    assert json_text.parse_object(body) == document


@pytest.mark.parametrize("depth", [1020, 1100, 5_000, 50_000])
def test_deep_nesting_never_ends_in_anything_but_an_object_or_a_fault(depth: int) -> None:
    """Neither reader's limit shows."""
    body = f'{{"price": 1.5, "deep": {"[" * depth}{"]" * depth}}}'
    try:
        json_text.parse_object(body)
        json_text.parse_exactly(body)
    except MalformedEvent as malformed:
        assert malformed.faults == (Fault("", "the body is nested too deeply"),)  # noqa: PT017  either end is right


@pytest.mark.parametrize(
    ("number", "exact"),
    [
        ("0.1", Decimal("0.1")),
        ("123456789012.345678", Decimal("123456789012.345678")),
        ("55000", 55_000),
        ("1e3", Decimal("1e3")),
    ],
)
@pytest.mark.parametrize("more", ['"other": 0.2', '"other": {"price": 0.2}', '"price": 9, "price": '])
def test_one_field_is_read_exactly(number: str, exact: object, more: str) -> None:
    """Not through a float, also if the same name occurs again."""
    body = f"{{{more}{number}}}" if more.endswith(": ") else f'{{"price" : {number}, {more}}}'
    assert json_text.exact_field(body, "price", float(number)) == exact


def test_the_price_of_an_inner_object_is_not_taken_for_the_price() -> None:
    """Also where only the inner one is written without escapes."""
    body = '{"pri\\u0063e": 49.9, "meta": {"price": 1.1}}'
    assert json_text.exact_field(body, "price", 49.9) == Decimal("49.9")


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1e-99999999999999999999", "1e9999999"])
def test_a_number_beyond_every_machine_is_not_a_number(number: str) -> None:
    """The rule of its field refuses it, instead of an exception of the decimal library."""
    assert json_text.exact_number(number).is_nan()


def test_decimals_are_written_with_all_their_digits() -> None:
    """As numbers, without an exponent."""
    document = {"b": Decimal("999999999999.999999"), "a": Decimal("1E+12"), "c": Decimal("0.000001")}
    assert json_text.dump(document) == b'{"b":999999999999.999999,"a":1000000000000,"c":0.000001}'
    assert json_text.dump_sorted(document) == b'{"a":1000000000000,"b":999999999999.999999,"c":0.000001}'


def test_what_has_no_place_in_json_is_not_written() -> None:
    """A value of another type is a mistake of ours."""
    with pytest.raises(TypeError, match="set"):
        json_text.dump({"a": {1}})
