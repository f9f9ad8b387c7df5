"""One setting: its variable, default, unit, doc and rule, declared in one place.

A setting is an attrs field. Its converter is its rule, so every instance of a section keeps all limits. Its metadata is
the text that ``linkhub config``, ``.env.example`` and the docs print.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast, overload

import attrs

from linkhub_core.model.rules import Rule, or_null

T = TypeVar("T")

MASK = "********"


@attrs.frozen(kw_only=True)
class SettingFacts:
    """The texts of a setting.

    Attributes:
        variable: the environment variable.
        doc: one or two sentences.
        default: the value if the variable is unset.
        when_unset: the effect if there is no value and no default.
        example: a value that shows the form.
        secret: the value is never printed.
        is_shared: other programs read the variable too, so a value does not show that linkhub is meant.
    """

    variable: str
    doc: str
    default: object = None
    when_unset: str = ""
    example: str = ""
    secret: bool = False
    is_shared: bool = False

    @property
    def unit(self) -> str:
        """The unit of a number, which its name ends with."""
        last = self.variable.rpartition("_")[2].lower()
        return last if last in ("seconds", "bytes") else ""

    def shown(self, value: object) -> str:
        """``value`` as it is written in a variable; empty for none, masked for a secret."""
        if value is None:
            return ""
        if self.secret:
            return MASK
        if isinstance(value, bool):
            return "on" if value else "off"
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return ",".join(value) if isinstance(value, tuple) else str(value)


@overload
def setting(variable: str, rule: Rule[T], *, default: T, doc: str) -> T: ...
@overload
def setting(
    variable: str,
    rule: Rule[T],
    *,
    doc: str,
    when_unset: str,
    example: str = "",
    secret: bool = False,
    is_shared: bool = False,
) -> T | None: ...
def setting(variable: str, rule: Rule[Any], *, default: Any = None, **facts: Any) -> Any:
    """Declare a setting in an attrs class.

    Args:
        variable: the name of its environment variable.
        rule: takes the variable's text and returns the value, or raises :exc:`~linkhub_core.model.rules.RuleBroken`.
        default: the value if the variable is unset; without a default it is ``None``.
        facts: see :class:`SettingFacts`.
    """
    known = SettingFacts(variable=variable, default=default, **facts)
    return attrs.field(
        default=default,
        converter=or_null(rule) if default is None else rule,
        metadata={"facts": known},
        repr=known.shown if known.secret else True,
    )


def facts_of(field: attrs.Attribute[Any]) -> SettingFacts:
    """The facts of a field that :func:`setting` declared."""
    return cast(SettingFacts, field.metadata["facts"])
