"""JSON objects to values of the model, and back, by the declarations of the fields; they check themselves.

:mod:`linkhub_core.wire.intake.judge` reads the objects that these functions refuse, and names the faults.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import attrs
from attrs import evolve, frozen
from cattrs import Converter
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn, override

from linkhub_core.model import Note, rules
from linkhub_core.model.fields import facts_of
from linkhub_core.model.rules import Number

T = TypeVar("T")


@frozen(kw_only=True)
class _Plan:
    """How to build a class: names of plain fields, and of those that hold values of another class, or a list of them.

    ``flat`` are those of an object without nested values, ``required`` those that the schema requires with a value.
    """

    names: frozenset[str]
    flat: frozenset[str]
    plain: Sequence[str]
    required: Sequence[str]
    nullable: Sequence[str]
    optional: Sequence[str]
    nested: Sequence[tuple[str, type[Any], bool, bool]]


@lru_cache
def _plan_of(cls: type[Any]) -> _Plan:
    facts = facts_of(cls)
    plain = [fact for fact in facts if fact.nested is None]
    required = frozenset(fact.name for fact in plain if fact.expected)
    return _Plan(
        names=frozenset(fact.name for fact in facts),
        flat=frozenset() if any(fact.nested and fact.expected for fact in facts) else required,
        plain=[fact.name for fact in plain],
        required=[fact.name for fact in plain if fact.expected and not fact.nullable],
        nullable=[fact.name for fact in plain if fact.nullable],
        optional=[fact.name for fact in plain if not fact.expected],
        nested=[(fact.name, fact.nested, fact.is_list, fact.expected) for fact in facts if fact.nested is not None],
    )


def build(document: Mapping[str, Any], cls: type[T]) -> T:
    """Make a value of a document that linkhub stored; raises any exception if it breaks a rule."""
    plan = _plan_of(cls)  # type: ignore[arg-type]  # mypy does not know that classes are hashable
    values = {name: document[name] for name in plan.plain if name in document}
    for name, inner, is_list, _ in plan.nested:
        if (value := document.get(name)) is not None:
            values[name] = [build(entry, inner) for entry in value] if is_list else build(value, inner)
    return cls(**values)


def build_exactly(document: Mapping[str, Any], cls: type[T]) -> T:
    """Make a value of an object of an event in the exact form of the schema, without a deviation.

    Args:
        document: the object; unknown fields are ignored.
        cls: a class of the model.

    Raises:
        Exception: a field is missing, is spelled in another way or breaks a rule; the judge says which.
    """
    plan = _plan_of(cls)  # type: ignore[arg-type]  # mypy does not know that classes are hashable
    if document.keys() == plan.flat and None not in document.values():
        return cls(**document)
    if not document.keys() <= plan.names and not all(map(str.islower, document)):
        raise rules.RuleBroken("a name may be one of a field in another spelling")
    values = {name: document[name] for name in plan.required}
    if None in values.values():
        raise rules.RuleBroken("a field is null")
    for name in plan.nullable:
        values[name] = document[name]
    for name in plan.optional:
        if name in document:
            values[name] = document[name]
    for name, inner, is_list, expected in plan.nested:
        if (value := document[name] if expected else document.get(name)) is not None:
            values[name] = _build_all(value, inner) if is_list else build_exactly(value, inner)
    return cls(**values)


def _build_all(values: Any, cls: type[T]) -> Sequence[T]:
    if not isinstance(values, list):
        raise rules.RuleBroken("must be a list of objects")
    return [build_exactly(value, cls) for value in values]


# --- and back


def _converter() -> Converter:
    converter = Converter(prefer_attrib_converters=False)
    # These are their own plain form; without this hook cattrs looks up or calls a function for each union.
    for plain in (Number, Number | None, Decimal | None, str | None, int | None, bool | None):
        converter.register_unstructure_hook(plain, identity)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _unstructure_in_order(cls, converter))
    return converter


def _unstructure_in_order(cls: type[T], converter: Converter) -> Any:
    hooks: dict[str, Any] = {
        f.name: override(omit_if_default=f.default is None)
        for f in attrs.fields(cls)  # type: ignore[arg-type]
    }
    return make_dict_unstructure_fn(cls, converter, **hooks)


_CONVERTER = _converter()


def unstructure(value: object) -> dict[str, Any]:
    """The document of a value: fields in the order of the class, absent ones left out."""
    document: dict[str, Any] = _CONVERTER.unstructure(value)
    return document


# --- without decoration


def without_lists(value: Any, path: str = "") -> tuple[Any, list[Note]]:
    """Return the value without the lists that are decoration, and a note for each of them."""
    changes: dict[str, Any] = {}
    notes: list[Note] = []
    for facts in facts_of(type(value)):
        inner, place = getattr(value, facts.name), f"{path}.{facts.name}" if path else facts.name
        if facts.nested is None or not inner:
            continue
        if facts.is_list and not facts.essential:
            changes[facts.name] = None
            notes.append(Note(place, "over_limit"))
            continue
        places: Mapping[str, Any] = (
            {f"{place}[{index}]": entry for index, entry in enumerate(inner)} if facts.is_list else {place: inner}
        )
        lighter = [without_lists(entry, at) for at, entry in places.items()]
        notes += [note for _, found in lighter for note in found]
        changes[facts.name] = tuple(entry for entry, _ in lighter) if facts.is_list else lighter[0][0]
    return evolve(value, **changes), notes
