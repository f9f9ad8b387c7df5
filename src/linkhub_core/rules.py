"""The rules that single fields keep: a rule takes a raw value and gives the canonical one, or says what is wrong.

Rules know nothing of the field they stand on; :mod:`linkhub_core.model` hangs them on fields and
:mod:`linkhub_core.codec` names the field in the fault. A canonical number is an ``int`` where it is whole, else a
``float``; a price is an exact :class:`~decimal.Decimal`. Equal numbers are thus equal values, however written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

__all__ = [
    "Number",
    "Rule",
    "RuleBroken",
    "check_count",
    "flag",
    "integer",
    "matching",
    "moment",
    "money",
    "number",
    "optional",
    "text",
    "texts",
    "url",
]

T = TypeVar("T")
Number = int | float
Rule = Callable[[object], T]

_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_WHOLE_FLOAT = 2**53
_NUMBERS = (int, float, Decimal)
_KINDS = {
    bool: "a boolean",
    str: "text",
    type(None): "null",
    dict: "an object",
    list: "a list",
    int: "a number",
    float: "a number",
    Decimal: "a number",
}


class RuleBroken(ValueError):
    """A value breaks the rule of its field; the message says how, without naming the field."""


def _kind_of(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)


def text(*, most: int | None = None) -> Rule[str]:
    """Text of at most ``most`` characters (code points), without NUL and without lone surrogates."""

    def rule(value: object) -> str:
        if not isinstance(value, str):
            raise RuleBroken(f"must be text, not {_kind_of(value)}")
        if most is not None and len(value) > most:
            raise RuleBroken(f"has {len(value):,} characters, {most:,} are allowed")
        if not value.isascii() and _SURROGATE.search(value):
            raise RuleBroken("holds a lone surrogate, which is not a character")
        if "\0" in value:
            raise RuleBroken("holds a NUL character")
        return value

    return rule


def matching(pattern: str, *, most: int) -> Rule[str]:
    """Text of 1 to ``most`` characters, each out of the character class ``pattern`` (a regular expression)."""
    whole = re.compile(f"{pattern}{{1,{most}}}")
    plain = text(most=most)

    def rule(value: object) -> str:
        if isinstance(value, str) and whole.fullmatch(value):
            return value
        if not plain(value):
            raise RuleBroken("is empty")
        raise RuleBroken(f"may only hold characters of {pattern}")

    return rule


def url(*, most: int) -> Rule[str]:
    """An absolute http or https URL of at most ``most`` characters."""
    plain = text(most=most)

    def rule(value: object) -> str:
        address = plain(value)
        if not address.lower().startswith(("http://", "https://")):
            raise RuleBroken("must be an http or https URL")
        return address

    return rule


def number(*, least: float | None = None) -> Rule[Number]:
    """A finite number, not below ``least``; booleans and text are not numbers."""

    def rule(value: object) -> Number:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise RuleBroken(f"must be a number, not {_kind_of(value)}")
        canonical = _canonical(value)
        if least is not None and canonical < least:
            raise RuleBroken(f"must not be below {least:g}")
        return canonical

    return rule


def _canonical(value: float | Decimal) -> Number:
    try:
        finite = float(value)
    except OverflowError:
        finite = math.inf
    if not math.isfinite(finite):
        raise RuleBroken("must be a finite number")
    if finite.is_integer() and abs(finite) <= _LARGEST_WHOLE_FLOAT:
        return int(finite)
    return finite


_any_number = number()


def integer(value: object) -> int:
    """A whole number that fits 53 bits, the ones that every JSON reader keeps exactly."""
    canonical = _any_number(value)
    if not isinstance(canonical, int) or canonical != value:  # 2**53 + 1 has become 2**53 on the way
        raise RuleBroken("must be a whole number" if abs(canonical) < _LARGEST_WHOLE_FLOAT else "is out of range")
    return canonical


def money(*, most: int, decimals: int) -> Rule[Decimal]:
    """An exact amount from 0 to ``most`` with at most ``decimals`` decimals."""

    def rule(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise RuleBroken(f"must be a number or null, not {_kind_of(value)}")
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not exact.is_finite():
            raise RuleBroken("must be a finite number")
        if not 0 <= exact <= most:
            raise RuleBroken(f"must be from 0 to {most:,}")
        return _without_trailing_zeros(exact, decimals)

    return rule


def _without_trailing_zeros(exact: Decimal, decimals: int) -> Decimal:
    if exact == (whole := exact.to_integral_value()):
        return abs(whole.quantize(Decimal(1)))
    # Compared, not counted: normalize() would round what has more than 28 digits.
    kept = exact.quantize(Decimal(1).scaleb(-decimals))
    if kept != exact:
        raise RuleBroken(f"may have at most {decimals} decimals")
    return kept.normalize()


def flag(value: object) -> bool:
    """``true`` or ``false``; 0 and 1 are neither."""
    if not isinstance(value, bool):
        raise RuleBroken(f"must be true or false, not {_kind_of(value)}")
    return value


def texts(*, most: int, most_characters: int) -> Rule[tuple[str, ...]]:
    """A list of up to ``most`` texts of up to ``most_characters`` each."""
    each = text(most=most_characters)

    def rule(value: object) -> tuple[str, ...]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise RuleBroken(f"must be a list of texts, not {_kind_of(value)}")
        check_count(len(value), 0, most)
        return tuple(_numbered(each, index, entry) for index, entry in enumerate(value))

    return rule


def check_count(count: int, least: int, most: int | None) -> None:
    """Raise :exc:`RuleBroken` unless a list of ``count`` entries has from ``least`` to ``most`` of them."""
    if count < least:
        raise RuleBroken(f"has {count} entries, at least {least} must be there")
    if most is not None and count > most:
        raise RuleBroken(f"has {count:,} entries, {most} are allowed")


def _numbered(each: Rule[str], index: int, entry: object) -> str:
    try:
        return each(entry)
    except RuleBroken as broken:
        raise RuleBroken(f"entry {index} {broken}") from None


def optional(rule: Rule[T]) -> Rule[T | None]:
    """What ``rule`` allows, or null."""

    def or_null(value: object) -> T | None:
        return None if value is None else rule(value)

    return or_null


def moment(value: object) -> datetime:
    """An ISO 8601 date and time, to the microsecond, in UTC; without an offset it is taken to be UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, str):
        raise RuleBroken(f"must be an ISO 8601 text, not {_kind_of(value)}")
    try:
        # Python's parser takes a NUL after the time for the end of the text, whatever follows it.
        return moment(datetime.fromisoformat(text()(value)))
    except (ValueError, OverflowError):
        raise RuleBroken("is not an ISO 8601 date and time") from None
