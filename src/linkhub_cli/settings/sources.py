"""Reads sections of settings from sources of text, and collects every fault of all of them.

A source maps variables to text: the defaults of a backend, an env file, the environment, the command line. Later
sources win. A text that breaks its rule is a fault and counts as unset, so one fault hides no other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from attrs import define, field, frozen

from linkhub_cli.settings.setting import MASK, SettingFacts, facts_of
from linkhub_core.errors import PermanentError
from linkhub_core.model.rules import RuleBroken

_OUR_PREFIX = "LINKHUB_"
_OURS_CUTOFF = 0.6
# Other programs use these prefixes too: only a name that is almost one of linkhub's is taken for a slip.
_SHARED_PREFIXES = ("SQS_", "DYNAMODB_", "SNS_", "WEBSOCKET_")
_SHARED_CUTOFF = 0.85


@frozen
class SettingFault:
    """A fault: the variable, what to do, the text at fault, its source, and a variable that contradicts it."""

    variable: str
    problem: str
    written: str = ""
    source: str = ""
    beside: str = ""

    def __str__(self) -> str:
        written = f"={self.written}" if self.written else ""
        source = f" ({self.source})" if self.source else ""
        return f"{self.variable}{written}{source} {self.problem}"


class SettingsFaulty(PermanentError):
    """The configuration cannot be used; ``warnings`` are possible causes, such as a misspelled variable."""

    def __init__(self, faults: Sequence[SettingFault], warnings: Sequence[str] = ()) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)
        self.warnings = tuple(warnings)

    @classmethod
    def of(cls, variable: str, problem: str, written: str = "") -> SettingsFaulty:
        """One fault."""
        return cls([SettingFault(variable, problem, written)])

    def __str__(self) -> str:
        if len(self.faults) == 1:
            return f"the configuration has a fault: {self.faults[0]}"
        return "\n  ".join([f"the configuration has {len(self.faults)} faults:", *map(str, self.faults)])


@frozen
class Source:
    """Texts by variable, and the name of their origin."""

    name: str
    texts: Mapping[str, str]

    def text_of(self, variable: str) -> str:
        """The text of a variable; empty if it is unset or blank, as in most env files."""
        return self.texts.get(variable, "").strip()


@frozen(kw_only=True)
class Effective:
    """A setting in force: the title of its section, its facts, its value, and the name of its source."""

    section: str
    facts: SettingFacts
    value: object
    source: str

    @property
    def is_given(self) -> bool:
        """Whether a source sets it."""
        return self.source != "default"


@define
class SectionReader:
    """Reads sections, and keeps what is in force and what is at fault."""

    sources: Sequence[Source]
    effective: list[Effective] = field(factory=list, init=False)
    _faults: list[tuple[int, SettingFault]] = field(factory=list, init=False)

    @property
    def faults(self) -> list[SettingFault]:
        """All faults, source by source."""
        return [fault for _, fault in sorted(self._faults, key=lambda numbered: numbered[0])]

    def read(self, section: type[Any]) -> Any:
        """An instance of ``section``, an attrs class of settings; its docstring is its title."""
        return section(**{one.name: self._value(section, one) for one in attrs.fields(section)})

    def _value(self, section: type[Any], declared: attrs.Attribute[Any]) -> Any:
        facts = facts_of(declared)
        value, origin = facts.default, "default"
        for number, source in enumerate(self.sources):
            if not (text := source.text_of(facts.variable)):
                continue
            try:
                value, origin = declared.converter(text), source.name  # type: ignore[misc, operator]
            except RuleBroken as broken:
                written = MASK if facts.secret else text
                self._faults.append((number, SettingFault(facts.variable, str(broken), written, source.name)))
        self.effective.append(Effective(section=title_of(section), facts=facts, value=value, source=origin))
        return value


def title_of(section: type[Any]) -> str:
    """The title of a section: its docstring."""
    return section.__doc__ or section.__name__


def unknown_variables(sources: Iterable[Source], known: Sequence[str]) -> Iterator[str]:
    """A warning for each variable that looks like one of linkhub's and is none, with the nearest name."""
    shared = [name for name in known if name.startswith(_SHARED_PREFIXES)]
    for source in sources:
        for variable in sorted(set(source.texts).difference(known)):
            name = variable.upper()
            if name.startswith(_OUR_PREFIX):
                close = _nearest(name, known, _OURS_CUTOFF)
                hint = f"did you mean {close}?" if close else "`linkhub config` lists those that there are"
                yield f"{variable} ({source.name}) is not a setting: {hint}"
            elif name.startswith(_SHARED_PREFIXES) and (close := _nearest(name, shared, _SHARED_CUTOFF)):
                yield f"{variable} ({source.name}) is not a setting: did you mean {close}?"


def _nearest(variable: str, known: Sequence[str], cutoff: float) -> str | None:
    """The most similar of ``known``, compared without the prefix that all of linkhub's have."""
    ours = {name.removeprefix(_OUR_PREFIX): name for name in known}
    close = difflib.get_close_matches(variable.removeprefix(_OUR_PREFIX), ours, n=1, cutoff=cutoff)
    return ours[close[0]] if close else None


def read_env_file(path: Path) -> Source:
    """Read ``NAME=value`` lines; blank lines, ``#`` comments, a leading ``export`` and quotes around values are fine.

    Raises:
        SettingsFaulty: the file cannot be read, or a line is something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsFaulty.of(str(path), f"cannot be read: {error}") from error
    texts: dict[str, str] = {}
    faults: list[SettingFault] = []
    for number, line in enumerate(lines, 1):
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if not name or name.startswith("#"):
            continue
        if not separator or not name.strip().replace("_", "").isalnum():
            faults.append(SettingFault(f"{path}:{number}", "must be NAME=value, or a comment that starts with #"))
        texts[name.strip()] = _unquoted(value.strip())
    if faults:
        raise SettingsFaulty(faults)
    return Source(str(path), texts)


def _unquoted(value: str) -> str:
    quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
