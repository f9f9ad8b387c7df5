"""The declaration of a field of the model: its rule, whether it is essential, its meaning, and an example.

A field is *essential* (a fault in it rejects the event) or *decoration* (what is wrong there is left out). The intake,
the stores, OpenAPI, AsyncAPI, the reference and the tests derive what they know of a field from :func:`facts_of`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import attrs
from attrs import frozen

from linkhub_core.model import rules
from linkhub_core.model.rules import FieldRule, Rule

T = TypeVar("T")
_KEY = "linkhub"
ABSENT: Any = object()
"""The default of :attr:`FieldFacts.instead`: nothing takes the place of a value that is missing."""


@frozen(kw_only=True)
class FieldFacts:
    """The facts of a field.

    Args:
        name: of the field, in snake case.
        meaning: what it holds, in one sentence for people.
        example: a JSON value that is right.
        essential: whether a fault in it rejects the object that it belongs to.
        expected: whether the event schema requires it; if it is missing, the intake notes it.
        instead: the value that replaces a missing one; ``ABSENT`` if there is none.
        rule: of a single value; None if the field holds values of ``nested``.
        nested: the class of the values that the field holds, or none.
        is_list: whether it holds a list of them, of ``least`` to ``most``.
        left_out_at: which field of an entry a note names when the entry is left out; empty: the entry itself.
    """

    name: str = ""
    meaning: str
    example: Any = None
    essential: bool
    expected: bool = True
    instead: Any = ABSENT
    rule: FieldRule[Any] | None = None
    nested: type[Any] | None = None
    is_list: bool = False
    least: int = 0
    most: int | None = None
    left_out_at: str = ""

    @property
    def nullable(self) -> bool:
        """Whether null is a value of the field in a product."""
        return self.essential and self.rule is not None and self.rule.nullable


def _declare(facts: FieldFacts, converter: Rule[Any]) -> Any:
    default = {} if facts.essential or facts.instead is not ABSENT else {"default": None}
    return attrs.field(converter=converter, metadata={_KEY: facts}, **default)  # type: ignore[call-overload]


def essential(rule: FieldRule[T], meaning: str, *, example: Any, instead: Any = ABSENT) -> T:
    """Declare an essential field; ``instead`` replaces a missing one."""
    facts = FieldFacts(meaning=meaning, example=example, essential=True, instead=instead, rule=rule)
    return _declare(facts, rule.check)  # type: ignore[no-any-return]


def decoration(rule: FieldRule[T], meaning: str, *, example: Any, expected: bool = True) -> T | None:
    """Declare a field that is left out where it is wrong; ``expected`` says that the event schema requires it."""
    kept = rules.optional(rule)
    facts = FieldFacts(meaning=meaning, example=example, essential=False, expected=expected, rule=kept)
    return _declare(facts, kept.check)  # type: ignore[no-any-return]


def setting(rule: FieldRule[T], meaning: str, *, example: Any, default: Any) -> T:
    """Declare a field that may be missing: then it has its default. A wrong value rejects the object."""
    facts = FieldFacts(meaning=meaning, example=example, essential=True, expected=False, instead=default, rule=rule)
    return attrs.field(default=default, converter=rule.check, metadata={_KEY: facts})  # type: ignore[no-any-return]


def many(
    cls: type[T], meaning: str, *, essential: bool, least: int = 0, most: int | None = None, left_out_at: str = ""
) -> Any:
    """Declare a field that holds a list of ``cls``, from ``least`` to ``most`` of them."""
    facts = FieldFacts(
        meaning=meaning,
        essential=essential,
        expected=essential,
        nested=cls,
        is_list=True,
        least=least,
        most=most,
        left_out_at=left_out_at,
    )
    listed = _list_of(cls, least, most)
    return _declare(facts, listed if essential else rules.or_null(listed))


def one(cls: type[T], meaning: str, *, essential: bool = True, instead: Any = ABSENT) -> Any:
    """Declare a field that holds one ``cls``."""
    facts = FieldFacts(meaning=meaning, essential=essential, nested=cls, instead=instead)
    return _declare(facts, _instance_of(cls))


def _instance_of(cls: type[T]) -> Rule[T]:
    def check(value: object) -> T:
        if type(value) is not cls:
            raise rules.RuleBroken(f"must be a {cls.__name__}")
        return value

    return check


def _list_of(cls: type[T], least: int, most: int | None) -> Rule[tuple[T, ...]]:
    entry = _instance_of(cls)

    def check(value: object) -> tuple[T, ...]:
        if not isinstance(value, Iterable):
            raise rules.RuleBroken(f"must be a list of {cls.__name__}")
        values = tuple([entry(one) for one in value])
        rules.check_count(len(values), least, most)
        return values

    return check


def facts_of(cls: type[Any]) -> Sequence[FieldFacts]:
    """The facts of each field of a class of the model, in the order of the schema."""
    return _facts_of(cls)  # type: ignore[arg-type]  # mypy does not know that classes are hashable


@lru_cache
def _facts_of(cls: type[Any]) -> Sequence[FieldFacts]:
    return tuple(attrs.evolve(field.metadata[_KEY], name=field.name) for field in attrs.fields(cls))


def optional_names(*classes: type[Any]) -> Sequence[str]:
    """The fields that a stored value may be without."""
    return tuple(
        facts.name for cls in classes for facts in facts_of(cls) if not facts.essential and facts.instead is ABSENT
    )
