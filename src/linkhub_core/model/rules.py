"""The rules of single fields: a rule takes a raw value and returns its canonical form, or raises `RuleBroken`.

A :class:`FieldRule` carries its limits as JSON Schema and an example, so OpenAPI, AsyncAPI, the reference and the test
strategies derive from it. Rules do not know the field that they belong to: :mod:`linkhub_core.model` declares fields
with rules, and the intake names the field in the fault.

Canonical forms: a number is an ``int`` where it is whole and at most 2**53, else a ``float``; a price is an exact
:class:`~decimal.Decimal`. Equal numbers are equal values, however they were written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from attrs import field, frozen

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
Number = int | float
Rule = Callable[[object], T]

_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_EXACT = 2**53  # every whole number up to here is a float of its own
_NUMBERS = (int, float, Decimal)
_PRECISE = Context(prec=60)
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
_NO_SPACES = r"[^\s\x00-\x1f\x7f-\x9f]"
_URL = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://(?:[^\s\x00-\x1f\x7f-\x9f/?#@]*@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x1f\x7f-\x9f/?#@:\[\]]+)(?::[0-9]{0,5})?"
    rf"(?:[/?#]{_NO_SPACES}*)?"
)
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+/[!-~]*")


class RuleBroken(ValueError):
    """A value breaks the rule of its field; the message says how, without naming the field."""


class OverLimit(RuleBroken):
    """The value is of the right kind, and longer, larger or more than its rule allows."""


class ValueKind(StrEnum):
    """The kind of a rule's values; the key of the tables of intake and of the test strategies."""

    TEXT = "text"
    TEXTS = "texts"
    IDENTIFIER = "identifier"
    URL = "url"
    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    FLAG = "flag"
    CHOICE = "choice"
    TIME = "time"


@frozen
class FieldRule(Generic[T]):
    """A rule with its limits as data.

    Args:
        kind: what sort of value it takes.
        check: returns the canonical value; raises :exc:`RuleBroken`.
        schema: the same limits as JSON Schema 2020-12, without a description.
        nullable: whether null is a value.
        surely: a Python expression on ``v`` that holds only for values that ``check`` returns as they are. Builders of
            values are compiled from it (:mod:`linkhub_core.wire.structure`).
    """

    kind: ValueKind
    check: Rule[T] = field(repr=False)
    schema: Mapping[str, Any]
    nullable: bool = False
    surely: str = field(default="False", repr=False)

    def __call__(self, value: object) -> T:
        """The canonical value; raises :exc:`RuleBroken`."""
        return self.check(value)


def kind_of(value: object) -> str:
    """The kind of a raw JSON value, in words: ``a number``, ``text``, ``null``."""
    return _KINDS.get(type(value), type(value).__name__)


def text(*, most: int | None = None, blank: bool = True) -> FieldRule[str]:
    """Text of at most ``most`` characters (code points), without NUL and lone surrogates, ``blank`` where allowed."""

    def check(value: object) -> str:
        if not isinstance(value, str):
            raise RuleBroken(f"must be text, not {kind_of(value)}")
        if most is not None and len(value) > most:
            raise OverLimit(f"has {len(value):,} characters, {most:,} are allowed")
        if not value.isascii() and _SURROGATE.search(value):
            raise RuleBroken("holds a lone surrogate, which is not a character")
        if "\0" in value:
            raise RuleBroken("holds a NUL character")
        if not blank and not value.strip():
            raise RuleBroken("is blank")
        return value

    limit = {} if most is None else {"maxLength": most}
    surely = "type(v) is str and v.isascii() and '\\0' not in v"
    surely += "" if most is None else f" and len(v) <= {most}"
    surely += "" if blank else " and v and not v.isspace()"
    schema = {"type": "string", **limit, **({} if blank else {"pattern": r"\S"})}
    return FieldRule(ValueKind.TEXT, check, schema, surely=surely)


def matching(characters: str, *, most: int, never: Sequence[str] = ()) -> FieldRule[str]:
    """Text of 1 to ``most`` characters of the class ``characters`` (a regular expression), and none of ``never``."""
    whole = re.compile(f"{characters}{{1,{most}}}")
    plain = text(most=most).check

    def check(value: object) -> str:
        if isinstance(value, str) and whole.fullmatch(value) and value not in never:
            return value
        if not plain(value):
            raise RuleBroken("is empty")
        if value in never:
            raise RuleBroken(f"must not be {value}")
        raise RuleBroken(f"may only hold characters of {characters}")

    excluded = f"(?!(?:{'|'.join(map(re.escape, never))})$)" if never else ""
    return FieldRule(
        ValueKind.IDENTIFIER, check, {"type": "string", "pattern": f"^{excluded}{characters}{{1,{most}}}$"}
    )


def url(*, most: int) -> FieldRule[str]:
    """An absolute http or https URL with a host, of at most ``most`` characters, without spaces and controls."""
    plain = text(most=most).check

    def check(value: object) -> str:
        if type(value) is str and len(value) <= most and _PLAIN_URL.fullmatch(value):
            return value  # as nearly every URL is
        address = plain(value)
        if not _URL.fullmatch(address):
            raise RuleBroken("must be an http or https URL with a host, without spaces")
        return address

    return FieldRule(ValueKind.URL, check, {"type": "string", "maxLength": most, "format": "uri"})


def number(*, least: float | None = None) -> FieldRule[Number]:
    """A finite number, not below ``least``; booleans and text are not numbers."""

    bound = -math.inf if least is None else least

    def check(value: object) -> Number:
        canonical = _canonical(value)
        if canonical < bound:
            raise OverLimit(f"must not be below {bound:g}")
        return canonical

    low, high = max(bound, -_LARGEST_EXACT), _LARGEST_EXACT
    surely = f"{low} <= v <= {high} if type(v) is int else type(v) is float and {low} < v < {high} and v % 1"
    limit = {} if least is None else {"minimum": least}
    return FieldRule(ValueKind.NUMBER, check, {"type": "number", **limit}, surely=surely)


def _canonical(value: object) -> Number:
    if isinstance(value, bool) or not isinstance(value, _NUMBERS):
        raise RuleBroken(f"must be a number, not {kind_of(value)}")
    try:
        finite = float(value)
    except OverflowError:
        finite = math.inf
    if not math.isfinite(finite):
        raise RuleBroken("must be a finite number")
    if finite.is_integer() and abs(finite) <= _LARGEST_EXACT:
        return int(finite)
    return finite


def integer() -> FieldRule[int]:
    """A whole number that fits 53 bits, the ones that every JSON reader keeps exactly."""
    any_number = number().check

    def check(value: object) -> int:
        if type(value) is int and -_LARGEST_EXACT <= value <= _LARGEST_EXACT:
            return value
        canonical = any_number(value)
        if not isinstance(canonical, int) or canonical != value:  # 2**53 + 1 has become 2**53 on the way
            whole = abs(canonical) < _LARGEST_EXACT
            raise RuleBroken("must be a whole number") if whole else OverLimit("is out of range")
        return canonical

    limits = {"minimum": -_LARGEST_EXACT, "maximum": _LARGEST_EXACT}
    surely = f"type(v) is int and {-_LARGEST_EXACT} <= v <= {_LARGEST_EXACT}"
    return FieldRule(ValueKind.INTEGER, check, {"type": "integer", **limits}, surely=surely)


def money(*, most: int, decimals: int) -> FieldRule[Decimal]:
    """An exact amount from 0 to ``most`` with at most ``decimals`` decimals."""
    smallest = Decimal(1).scaleb(-decimals)

    def check(value: object) -> Decimal:
        if type(value) is int and 0 <= value <= most:
            return Decimal(value)
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise RuleBroken(f"must be a number or null, not {kind_of(value)}")
        exact = value if isinstance(value, Decimal) else Decimal(repr(value))
        if not exact.is_finite():
            raise RuleBroken("must be a finite number")
        if not 0 <= exact <= most:
            raise OverLimit(f"must be from 0 to {most:,}")
        return _without_trailing_zeros(exact)

    def _without_trailing_zeros(exact: Decimal) -> Decimal:
        if exact == (whole := exact.to_integral_value()):
            return abs(whole.quantize(Decimal(1)))
        # Compared, not counted: normalize() would round what has more than 28 digits.
        kept = exact.quantize(smallest, context=_PRECISE)
        if kept != exact:
            raise OverLimit(f"may have at most {decimals} decimals")
        return kept.normalize()

    return FieldRule(ValueKind.MONEY, check, {"type": "number", "minimum": 0, "maximum": most})


def flag() -> FieldRule[bool]:
    """``true`` or ``false``."""

    def check(value: object) -> bool:
        if not isinstance(value, bool):
            raise RuleBroken(f"must be true or false, not {kind_of(value)}")
        return value

    return FieldRule(ValueKind.FLAG, check, {"type": "boolean"}, surely="type(v) is bool")


def choice(choices: type[E]) -> FieldRule[E]:
    """One of the texts of an enumeration."""
    values = [str(one) for one in choices]

    def check(value: object) -> E:
        if not isinstance(value, str):
            raise RuleBroken(f"must be text, not {kind_of(value)}")
        if value not in values:
            raise RuleBroken(f"must be one of {', '.join(values)}")
        return choices(value)

    return FieldRule(ValueKind.CHOICE, check, {"type": "string", "enum": values})


def texts(*, most: int, most_characters: int) -> FieldRule[tuple[str, ...]]:
    """A list of up to ``most`` texts of up to ``most_characters`` each."""
    each = text(most=most_characters)
    one = each.check

    def check(value: object) -> tuple[str, ...]:
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise RuleBroken(f"must be a list of texts, not {kind_of(value)}")
        check_count(len(value), 0, most)
        try:
            return tuple([one(entry) for entry in value])
        except RuleBroken:  # once more, to say which entry
            return tuple([_numbered(one, index, entry) for index, entry in enumerate(value)])

    return FieldRule(ValueKind.TEXTS, check, {"type": "array", "items": dict(each.schema), "maxItems": most})


def check_count(count: int, least: int, most: int | None) -> None:
    """Raise :exc:`OverLimit` unless a list of ``count`` entries has from ``least`` to ``most`` of them."""
    if count < least:
        raise OverLimit(f"has {count} entries, at least {least} must be there")
    if most is not None and count > most:
        raise OverLimit(f"has {count:,} entries, {most} are allowed")


def _numbered(each: Rule[str], index: int, entry: object) -> str:
    try:
        return each(entry)
    except RuleBroken as broken:
        raise type(broken)(f"entry {index} {broken}") from None


def optional(rule: FieldRule[T]) -> FieldRule[T | None]:
    """The values of ``rule``, or null."""
    surely = f"v is None or ({rule.surely})"
    return FieldRule(rule.kind, or_null(rule.check), rule.schema, nullable=True, surely=surely)


def or_null(check: Rule[T]) -> Rule[T | None]:
    """The same check, which lets null pass."""
    return lambda value: None if value is None else check(value)


_any_text = text().check


def moment(value: object) -> datetime:
    """An ISO 8601 date and time, to the microsecond, in UTC; without an offset it is taken to be UTC."""
    if isinstance(value, datetime):
        if value.tzinfo is UTC:
            return value
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, str):
        raise RuleBroken(f"must be an ISO 8601 text, not {kind_of(value)}")
    try:
        # Python's parser takes a NUL after the time for the end of the text.
        return moment(datetime.fromisoformat(_any_text(value)))
    except (ValueError, OverflowError):
        raise RuleBroken("is not an ISO 8601 date and time") from None


def event_time(*, not_before: datetime) -> FieldRule[datetime]:
    """A moment as :func:`moment` reads it; one before ``not_before`` is a zero value of the sender's language."""

    def check(value: object) -> datetime:
        instant = moment(value)
        if instant < not_before:
            raise RuleBroken(f"is before {not_before.year}: a zero value, not the time of an event")
        return instant

    return FieldRule(ValueKind.TIME, check, {"type": "string", "format": "date-time"})
