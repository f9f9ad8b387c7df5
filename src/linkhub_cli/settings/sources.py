"""Where settings come from, and everything that can be wrong with them, found in one pass.

typed-settings walks the definition and merges the sources; the rules on the fields convert. A source is checked before
it is merged, so that each fault is named by its variable, and none hides another.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import attrs
import cattrs
import typed_settings
from attrs import frozen
from typed_settings.cls_utils import deep_options
from typed_settings.dict_utils import set_path
from typed_settings.types import LoadedSettings, LoaderMeta, OptionInfo, OptionList, SettingsDict

from linkhub_cli.settings.setting import MASK, SettingFacts, facts_of
from linkhub_core.errors import PermanentError
from linkhub_core.model.rules import RuleBroken

__all__ = ["Effective", "Loaded", "SettingFault", "SettingsFaulty", "Source", "load", "read_env_file"]

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)

_OUR_PREFIX = "LINKHUB_"
_OURS_CUTOFF = 0.6
# Other programs have variables with these prefixes, too: only a name that is nearly one of linkhub's is a slip.
_SHARED_PREFIXES = ("SQS_", "DYNAMODB_", "SNS_", "WEBSOCKET_")
_SHARED_CUTOFF = 0.85


@frozen
class SettingFault:
    """One thing that is wrong with the configuration: which variable, and what to do about it.

    ``written`` is the text that is at fault, ``source`` where it stands. ``beside`` is a variable that it contradicts.
    """

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
    """The configuration cannot be used.

    ``faults`` names everything that is wrong with it; ``warnings`` may say why, such as a variable that is misspelled.
    """

    def __init__(self, faults: Sequence[SettingFault], warnings: Sequence[str] = ()) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)
        self.warnings = tuple(warnings)

    def __str__(self) -> str:
        if len(self.faults) == 1:
            return f"the configuration has a fault: {self.faults[0]}"
        return "\n  ".join([f"the configuration has {len(self.faults)} faults:", *map(str, self.faults)])


@frozen
class Source:
    """Texts by variable, and the name of where they come from. It is a typed-settings loader."""

    name: str
    texts: Mapping[str, str]

    def text_of(self, facts: SettingFacts) -> str | None:
        """What the source says of a setting; a blank text says nothing, as in most env files."""
        text = self.texts.get(facts.variable, "").strip()
        return text or None

    def check(self, options: Iterable[OptionInfo]) -> Sequence[SettingFault]:
        """Everything in this source that breaks a rule."""
        return [fault for option in options for fault in self._check(option)]

    def _check(self, option: OptionInfo) -> Iterable[SettingFault]:
        facts = facts_of(option)
        text = self.text_of(facts)
        if text is None or option.converter is None:
            return
        try:
            option.converter(text)
        except RuleBroken as broken:
            written = MASK if facts.secret else text
            yield SettingFault(facts.variable, str(broken), written, self.name)

    def __call__(  # a loader, as typed-settings calls it
        self,
        settings_cls: type,  # noqa: ARG002  typed-settings hands it in
        options: OptionList,
    ) -> LoadedSettings:
        """Give typed-settings what is here and sound; what is not has been told by :meth:`check`."""
        found: SettingsDict = {}
        for option in options:
            text = self.text_of(facts_of(option))
            if text is not None and not self.check([option]):
                set_path(found, option.path, text)
        return LoadedSettings(found, LoaderMeta(self.name))


@frozen(kw_only=True)
class Effective:
    """A setting as it is in force: its ``section``, its facts, its value, and the name of the source."""

    section: str
    facts: SettingFacts
    value: object
    source: str


@frozen(kw_only=True)
class Loaded(Generic[S_co]):
    """Settings as they were loaded."""

    settings: S_co
    effective: Sequence[Effective]
    warnings: Sequence[str]


def load(
    definition: type[S], sources: Sequence[Source], contradictions: Callable[[S], Iterable[SettingFault]]
) -> Loaded[S]:
    """Load settings; later sources win.

    Raises:
        SettingsFaulty: a source breaks rules, or ``contradictions`` finds some in the whole.
    """
    options = deep_options(definition)
    faults = [fault for source in sources for fault in source.check(options)]
    converter = cattrs.Converter(prefer_attrib_converters=True)
    settings = typed_settings.load_settings(definition, sources, converter=converter)
    faulty = {fault.variable for fault in faults}
    # What was left out for a fault of its own says nothing of what it contradicts.
    faults += [fault for fault in contradictions(settings) if not faulty & {fault.variable, fault.beside}]
    warnings = [warning for source in sources for warning in _unknown(source, options)]
    if faults:
        raise SettingsFaulty(faults, warnings)
    effective = [_effective(option, settings, sources) for option in options]
    return Loaded(settings=settings, effective=effective, warnings=warnings)


def _effective(option: OptionInfo, settings: object, sources: Sequence[Source]) -> Effective:
    facts = facts_of(option)
    saying = [source.name for source in sources if source.text_of(facts) is not None]
    section, name = option.path.split(".")
    return Effective(
        section=attrs.fields_dict(type(settings))[section].type.__doc__ or section,  # type: ignore[arg-type]
        facts=facts,
        value=getattr(getattr(settings, section), name),
        source=saying[-1] if saying else "default",
    )


def _unknown(source: Source, options: Iterable[OptionInfo]) -> Iterable[str]:
    known = [facts_of(option).variable for option in options]
    for variable in sorted(set(source.texts).difference(known)):
        if variable.upper().startswith(_OUR_PREFIX):
            close = _nearest(variable.upper(), known, _OURS_CUTOFF)
            hint = f"did you mean {close}?" if close else "`linkhub config` lists those that there are"
            yield f"{variable} ({source.name}) is not a setting: {hint}"
        elif variable.upper().startswith(_SHARED_PREFIXES):
            close = _nearest(
                variable.upper(), [name for name in known if name.startswith(_SHARED_PREFIXES)], _SHARED_CUTOFF
            )
            if close:
                yield f"{variable} ({source.name}) is not a setting: did you mean {close}?"


def _nearest(variable: str, known: Sequence[str], cutoff: float) -> str | None:
    """The most similar of ``known``, compared without the prefix, which makes all of linkhub's look alike."""
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
        raise SettingsFaulty([SettingFault(str(path), f"cannot be read: {error}")]) from error
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
