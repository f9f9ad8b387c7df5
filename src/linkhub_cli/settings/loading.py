"""Loads the settings, and chooses the backend.

LINKHUB_BACKEND   a variable of ``chosen_by``   backend
----------------  ----------------------------  ----------------------------------------
set               any                           the one with that name
unset             set                           the one that this variable chooses
unset             unset                         the default of the setting
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

from linkhub_cli.settings.definition import BACKEND, SECTIONS, Settings
from linkhub_cli.settings.packages import BackendSettings, installed_backends, usable_backends
from linkhub_cli.settings.sources import (
    Effective,
    SectionReader,
    SettingFault,
    SettingsFaulty,
    Source,
    read_env_file,
    title_of,
    unknown_variables,
)


@frozen(kw_only=True)
class Loaded:
    """The settings, the origin of each, warnings, and why this backend is in use (after ``because``)."""

    settings: Settings
    effective: Sequence[Effective]
    warnings: Sequence[str]
    backend_reason: str


def load_settings(
    overrides: Mapping[str, str] | None = None,
    *,
    env_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    before_init: bool = False,
) -> Loaded:
    """Read the settings: defaults, then the file, then the environment, then the command line; the last one wins.

    Args:
        overrides: texts by variable, as the command line gives them.
        env_file: a file of ``NAME=value`` lines, or none.
        environment: the variables to read instead of those of the process. Without it, variables that the file sets for
            the backend's driver and the process does not are put into the environment of the process.
        before_init: whether settings that ``linkhub init`` finds out may be missing.

    Raises:
        SettingsFaulty: with every fault.
    """
    file = read_env_file(env_file) if env_file is not None else Source("file", {})
    sources = [
        file,
        Source("environment", dict(os.environ) if environment is None else environment),
        Source("command line", overrides or {}),
    ]
    implied = _implied_backend(sources)
    sources[:0] = [implied] if implied else []
    plugin = _chosen(sources)
    if environment is None and plugin is not None:
        _export(file, plugin.exported_prefixes)
    if before_init and plugin is not None:
        sources.insert(0, Source("init", plugin.placeholders))
    reader = SectionReader(sources)
    general = {name: reader.read(section) for name, section in SECTIONS.items()}
    own = {section: reader.read(section) for _, plugin in usable_backends() if (section := plugin.own_settings)}
    settings = Settings(**general, own=own)
    warnings = [
        *_plugin_warnings(),
        *unknown_variables(sources, [one.facts.variable for one in reader.effective]),
        *_ignored(settings.storage.backend, reader.effective),
    ]
    faults = [*reader.faults, *_contradictions(settings, plugin, implied, {one.variable for one in reader.faults})]
    if faults:
        raise SettingsFaulty(faults, warnings)
    reason = _reason(reader.effective, implied)
    return Loaded(settings=settings, effective=reader.effective, warnings=warnings, backend_reason=reason)


def _implied_backend(sources: Sequence[Source]) -> Source | None:
    """The backend that other settings choose, as a source with the reason as its name."""
    if any(source.text_of(BACKEND) for source in sources):
        return None
    for name, plugin in usable_backends():
        for variable in plugin.chosen_by:
            if any(source.text_of(variable) for source in sources):
                return Source(f"{variable} is set", {BACKEND: name})
    return None


def _chosen(sources: Sequence[Source]) -> BackendSettings | None:
    """The chosen backend; none if its name is a fault, which is found when the settings are read."""
    name = next((text for source in reversed(sources) if (text := source.text_of(BACKEND))), Settings().storage.backend)
    return {known.casefold(): plugin for known, plugin in usable_backends()}.get(name.casefold())


def _export(file: Source, prefixes: tuple[str, ...]) -> None:
    for name, text in file.texts.items():
        if name.startswith(prefixes) and text.strip() and not os.environ.get(name, "").strip():
            os.environ[name] = text


def _contradictions(
    settings: Settings, plugin: BackendSettings | None, implied: Source | None, faulty: set[str]
) -> Iterator[SettingFault]:
    """Faults between settings that are each valid; a setting with a fault of its own contradicts nothing."""
    listener = settings.listener
    found = list(plugin.faults(settings.of(plugin.own_settings or object))) if plugin is not None else []
    if listener.ws_port and listener.ws_port == listener.port:
        problem = "is the same as LINKHUB_PORT: give it another port, or unset it"
        found.append(SettingFault("LINKHUB_WS_PORT", problem, beside="LINKHUB_PORT"))
    for fault in found:
        if not faulty & {fault.variable, fault.beside}:
            if fault.beside == BACKEND and implied is not None:
                problem = f"{fault.problem} (in use because {implied.name}), or set {BACKEND} to another backend"
                yield evolve(fault, problem=problem)
            else:
                yield fault


def _plugin_warnings() -> Iterator[str]:
    for one in installed_backends().values():
        if one.backend is None:
            yield f"the backend {one.name} of the package {one.package} cannot be loaded: {one.problem}"


def _ignored(chosen: str, effective: Sequence[Effective]) -> Iterator[str]:
    """A warning if settings of another backend are set; not where the command line chose the backend."""
    choice = next(one for one in effective if one.facts.variable == BACKEND)
    if choice.source == "command line":
        return
    for name, plugin in usable_backends():
        if name == chosen or plugin.own_settings is None:
            continue
        given = [one for one in effective if one.section == title_of(plugin.own_settings) and one.is_given]
        if any(not one.facts.is_shared for one in given):
            names = ", ".join(f"{one.facts.variable} ({one.source})" for one in given)
            is_or_are = "is" if len(given) == 1 else "are"
            yield f"{names} {is_or_are} ignored: the backend is {chosen}; to use {name}, set {BACKEND}={name}"


def _reason(effective: Sequence[Effective], implied: Source | None) -> str:
    choice = next(one for one in effective if one.facts.variable == BACKEND)
    if implied is not None:
        return f"{implied.name} and {BACKEND} is not"
    if not choice.is_given:
        return f"neither {BACKEND} nor a setting that implies another backend is set"
    return f"{BACKEND} says so ({choice.source})"
