"""Model values of JSON objects and back, generated once for each class from the rules on its fields.

Nothing here repeats a limit. What keeps all rules, as nearly everything does, needs no names of faults: its values are
built right away, and only what they refuse is read again by cattrs, which names every fault with its path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import attrs
from cattrs import BaseValidationError, Converter
from cattrs.errors import ClassValidationError, IterableValidationError
from cattrs.fns import identity
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from linkhub_core import rules
from linkhub_core.errors import Fault
from linkhub_core.rules import Number

__all__ = ["build", "structure", "structure_thoroughly", "unstructure"]

T = TypeVar("T")


def _structuring_by_rules(cls: type[T], converter: Converter) -> Any:
    hooks: dict[str, Any] = {
        f.name: override(struct_hook=_field_hook(f, converter))
        for f in attrs.fields(cls)  # type: ignore[arg-type]
    }
    build_from = make_dict_structure_fn(cls, converter, **hooks)

    def checked(value: Any, target: Any) -> Any:
        if not isinstance(value, Mapping):
            raise rules.RuleBroken("must be an object")
        return build_from(value, target)

    return checked


def _field_hook(attribute: attrs.Attribute[Any], converter: Converter) -> Any:
    inner = attribute.metadata.get("nested")
    if inner is None:
        rule = attribute.metadata["rule"]
        return lambda value, _: rule(value)
    if not attribute.metadata["many"]:
        return lambda value, _: converter.structure(value, inner)
    least, most = attribute.metadata["least"], attribute.metadata["most"]
    listed: Any = list[inner]  # type: ignore[valid-type]  # a type made at run time, as cattrs wants it

    def structure_list(value: Any, _: Any) -> Any:
        if value is None and attribute.default is None:
            return None
        if not isinstance(value, list):
            raise rules.RuleBroken("must be a list of objects")
        rules.check_count(len(value), least, most)
        return tuple(converter.structure(value, listed))

    return structure_list


def _unstructure_in_order(cls: type[T], converter: Converter) -> Any:
    hooks: dict[str, Any] = {
        f.name: override(omit_if_default=f.default is None)
        for f in attrs.fields(cls)  # type: ignore[arg-type]
    }
    return make_dict_unstructure_fn(cls, converter, **hooks)


def _converter() -> Converter:
    converter = Converter(detailed_validation=True, prefer_attrib_converters=False)
    # A number or a price is its own plain form; left to itself, cattrs looks each one's union up anew.
    for plain in (Number, Number | None, Decimal | None):
        converter.register_unstructure_hook(plain, identity)
    converter.register_structure_hook_factory(attrs.has, lambda cls: _structuring_by_rules(cls, converter))
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _unstructure_in_order(cls, converter))
    return converter


_CONVERTER = _converter()


def structure(document: Mapping[str, Any], cls: type[T], faults: list[Fault]) -> T | None:
    """Make a value of ``cls`` of a JSON object.

    Args:
        document: the object; names that ``cls`` has no field for are ignored.
        cls: a class of the model, whose fields carry their rules.
        faults: what is wrong is added here, each with its path; all of it in one pass.

    Returns:
        The value, or none where there are faults.
    """
    try:
        return build(document, cls)
    except Exception:  # noqa: BLE001  whatever it was, the thorough way names it
        return structure_thoroughly(document, cls, faults)


def structure_thoroughly(document: Mapping[str, Any], cls: type[T], faults: list[Fault]) -> T | None:
    """The same by cattrs alone, which names every fault and takes thrice the time."""
    try:
        return _CONVERTER.structure(document, cls)
    except BaseValidationError as error:
        faults += _faults_of(error, "")
        return None


def build(document: Mapping[str, Any], cls: type[T]) -> T:
    """Make a value whose fields check themselves; raises, without saying much, what has any fault."""
    plain, nested = _field_names(cls)  # type: ignore[arg-type]  # mypy does not know that classes are hashable
    values = {name: document[name] for name in plain if name in document}
    for name, inner, many in nested:
        if (value := document.get(name)) is not None:
            values[name] = _build_all(value, inner) if many else build(value, inner)
    return cls(**values)


def _build_all(values: Any, cls: type[T]) -> tuple[T, ...]:
    if not isinstance(values, list):
        raise rules.RuleBroken("must be a list of objects")
    return tuple([build(value, cls) for value in values])


@lru_cache
def _field_names(cls: type[Any]) -> tuple[Sequence[str], Sequence[tuple[str, type[Any], bool]]]:
    """The names of the fields that keep a rule, and of those that hold values of another class, or several."""
    fields = attrs.fields(cls)
    plain = [field.name for field in fields if "nested" not in field.metadata]
    nested = [(f.name, f.metadata["nested"], f.metadata["many"]) for f in fields if "nested" in f.metadata]
    return plain, nested


def unstructure(value: object) -> dict[str, Any]:
    """A value of the model as a plain document, its fields in the order of their class; absent ones are left out."""
    document: dict[str, Any] = _CONVERTER.unstructure(value)
    return document


def _faults_of(error: BaseException, path: str) -> list[Fault]:
    """Turn cattrs' tree of errors into a flat list, each with its path."""
    if isinstance(error, ClassValidationError):
        named, _ = error.group_exceptions()
        return [
            fault for inner, note in named for fault in _faults_of(inner, f"{path}.{note.name}" if path else note.name)
        ]
    if isinstance(error, IterableValidationError):
        numbered, _ = error.group_exceptions()
        return [fault for inner, note in numbered for fault in _faults_of(inner, f"{path}[{note.index}]")]
    if isinstance(error, KeyError):
        return [Fault(path, "is missing")]
    return [Fault(path, str(error))]
