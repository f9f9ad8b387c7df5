"""JSON objects to values of the model, and back, by the declarations of the fields.

The builders of a class are compiled from the rules of its fields, as attrs compiles ``__init__``: a value that is
surely canonical (:attr:`~linkhub_core.model.rules.FieldRule.surely`) is kept, any other goes through the check of its
rule. So a built value holds what the constructor of its class would make of the same fields.
:mod:`linkhub_core.wire.intake.judge` reads the objects that these functions refuse, and names the faults.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from textwrap import indent
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from attrs import evolve
from cattrs import Converter
from cattrs.fns import identity
from cattrs.gen import make_dict_unstructure_fn, override

from linkhub_core.model import Note, rules
from linkhub_core.model.fields import ABSENT, FieldFacts, facts_of
from linkhub_core.model.rules import Number

T = TypeVar("T")


def build(document: Mapping[str, Any], cls: type[T]) -> T:
    """Make a value of a document that linkhub stored; raises any exception if it breaks a rule."""
    value: T = _builder_of(cast(Hashable, cls), False)(document, 0)
    return value


def build_exactly(document: Mapping[str, Any], cls: type[T], *, other_names: int = 0) -> T:
    """Make a value of an object of an event in the exact form of the schema, without a deviation.

    Args:
        document: the object; unknown fields are ignored.
        cls: a class of the model.
        other_names: how many names of the object are fields of other classes.

    Raises:
        Exception: a field is missing, is spelled in another way or breaks a rule; the judge says which.
    """
    value: T = _builder_of(cast(Hashable, cls), True)(document, other_names)
    return value


_Builder = Callable[[Mapping[str, Any], int], Any]


@cache
def _builder_of(cls: Any, exact: bool) -> _Builder:
    """Compile the function that builds a class, for events (``exact``) or for stored documents."""
    names: dict[str, Any] = {"cls": cls, "new": object.__new__, "ABSENT": ABSENT, "refuse": _refuse}
    names["check_count"] = rules.check_count
    expected = [facts.name for facts in facts_of(cls) if exact and facts.expected]
    lines = ["self = new(cls)", f"known += {len(expected)}"]
    for facts in facts_of(cls):
        name = facts.name
        names |= {
            f"set_{name}": cls.__dict__[name].__set__,
            f"default_{name}": getattr(attrs.fields(cls), name).default,
        }
        if facts.nested is not None:
            names[f"build_{name}"] = _builder_of(cast(Hashable, facts.nested), exact)
        elif facts.rule is not None:
            names[f"check_{name}"] = facts.rule.check
        lines += _lines_of_expected(facts) if name in expected else _lines_of_other(facts, names[f"default_{name}"])
        lines.append(f"set_{name}(self, v)")
    if exact:
        lines.append("if known != len(document) and not all(map(str.islower, document)): refuse('another spelling')")
    source = f"def build(document, known=0):\n{indent(chr(10).join([*lines, 'return self']), '    ')}"
    exec(source, names)  # noqa: S102  every name in it is one of the model's
    builder: _Builder = names["build"]
    return builder


def _lines_of_expected(facts: FieldFacts) -> Iterator[str]:
    """A field that the schema requires in an event; null is a value of few of them."""
    yield f"v = document[{facts.name!r}]"
    if facts.nested is None and not facts.nullable:
        yield f"if v is None: refuse({facts.name!r})"
    yield from _lines_of_value(facts)


def _lines_of_other(facts: FieldFacts, default: object) -> Iterator[str]:
    """A field that may be missing, unless the class has no default for it."""
    missing = "v is ABSENT" if facts.nested is None else "v is ABSENT or v is None"
    yield f"v = document.get({facts.name!r}, ABSENT)"
    yield "known += v is not ABSENT"
    yield f"if {missing}: " + (f"refuse({facts.name!r})" if default is attrs.NOTHING else f"v = default_{facts.name}")
    yield "else:"
    yield from (f"    {line}" for line in _lines_of_value(facts))


def _lines_of_value(facts: FieldFacts) -> Iterator[str]:
    name = facts.name
    if facts.nested is None:
        yield f"if not ({facts.rule.surely if facts.rule else False}): v = check_{name}(v)"
    elif facts.is_list:
        yield f"if type(v) is not list: refuse({name!r})"
        yield f"v = tuple([build_{name}(entry) for entry in v])"
        yield f"check_count(len(v), {facts.least}, {facts.most})"
    else:
        yield f"v = build_{name}(v)"


def _refuse(what: str) -> None:
    raise rules.RuleBroken(f"is not as the schema has it: {what}")


# --- and back


def _converter() -> Converter:
    converter = Converter(prefer_attrib_converters=False)
    # These are their own plain form; without this hook cattrs looks up or calls a function for each union.
    for plain in (Number, Number | None, Decimal | None, str | None, int | None, bool | None):
        converter.register_unstructure_hook(plain, identity)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _unstructure_in_order(cls, converter))
    converter.register_unstructure_hook_factory(_is_list_of_values, lambda kind: _unstructure_each(kind, converter))
    return converter


def _is_list_of_values(kind: Any) -> bool:
    return get_origin(kind) is tuple and attrs.has(get_args(kind)[0])


def _unstructure_each(kind: Any, converter: Converter) -> Callable[[Any], list[Any]]:
    hook = converter.get_unstructure_hook(get_args(kind)[0])
    return lambda values: [hook(value) for value in values]


def _unstructure_in_order(cls: type[T], converter: Converter) -> Any:
    hooks: dict[str, Any] = {
        f.name: override(omit_if_default=f.default is None)
        for f in attrs.fields(cls)  # type: ignore[arg-type]
    }
    return make_dict_unstructure_fn(cls, converter, **hooks)


_CONVERTER = _converter()


@cache
def _unstructure_of(cls: Any) -> Callable[[Any], dict[str, Any]]:
    return _CONVERTER.get_unstructure_hook(cls)


def unstructure(value: object) -> dict[str, Any]:
    """The document of a value: fields in the order of the class, absent ones left out."""
    return _unstructure_of(cast(Hashable, type(value)))(value)


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
