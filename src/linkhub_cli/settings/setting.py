"""One setting: its variable, default, unit, doc and rule, declared in one place and read by all that need them.

What is declared here is an attrs field. Its converter is its rule, so settings that exist keep every limit; its
metadata is what :mod:`linkhub_cli.settings.reference` prints.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast, overload

import attrs
import typed_settings
from typed_settings.constants import METADATA_KEY
from typed_settings.types import OptionInfo

from linkhub_core.model.rules import Rule, or_null

__all__ = ["MASK", "SettingFacts", "facts_of", "setting"]

T = TypeVar("T")

MASK = "********"


@attrs.frozen(kw_only=True)
class SettingFacts:
    """What is said of a setting beside its value.

    ``unit`` is of the number, where it is one. ``when_unset`` says what holds without a value. ``example`` is a value
    that shows the form. A ``secret`` is never printed.
    """

    variable: str
    doc: str
    default: object = None
    unit: str = ""
    when_unset: str = ""
    example: str = ""
    secret: bool = False

    def shown(self, value: object) -> str:
        """``value`` as it is written in a variable; empty for none, masked for a secret."""
        if value is None:
            return ""
        if self.secret:
            return MASK
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return ",".join(value) if isinstance(value, tuple) else str(value)


@overload
def setting(variable: str, rule: Rule[T], *, default: T, doc: str, unit: str = "") -> T: ...
@overload
def setting(
    variable: str,
    rule: Rule[T],
    *,
    doc: str,
    unit: str = "",
    when_unset: str,
    example: str = "",
    secret: bool = False,
) -> T | None: ...
def setting(variable: str, rule: Rule[Any], *, default: Any = None, **facts: Any) -> Any:
    """Declare a setting.

    Args:
        variable: the name of its environment variable.
        rule: takes the variable's text and gives the value, or raises :exc:`~linkhub_core.model.rules.RuleBroken`.
        default: the value where the variable is not set; without one the setting may be none.
        facts: see :class:`SettingFacts`.
    """
    known = SettingFacts(variable=variable, default=default, **facts)
    declare = typed_settings.secret if known.secret else typed_settings.option
    return declare(
        default=default,
        converter=or_null(rule) if default is None else rule,
        metadata={METADATA_KEY: {"facts": known}},
        help=known.doc,
    )


def facts_of(option: OptionInfo) -> SettingFacts:
    """The facts of a setting, from what typed-settings makes of its field."""
    return cast(SettingFacts, option.metadata["facts"])
