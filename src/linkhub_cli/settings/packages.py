"""The installed backends, which are the entry points of the group ``linkhub.backends``, and optional packages.

The name of the entry point is the value of ``LINKHUB_BACKEND``. Each entry point is loaded once, when settings are read
for the first time; its module must be quick to import. One that cannot be loaded is kept with the reason, and the
others work. Of two with one name, linkhub's own is used, else the first by the package's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import Distribution, EntryPoint, distribution, entry_points
from typing import Any, ClassVar

from attrs import frozen

from linkhub_cli.settings.sources import SettingFault, SettingsFaulty
from linkhub_core.model.rules import RuleBroken

GROUP = "linkhub.backends"
DISTRIBUTION = "linkhub-products"  # on PyPI, `linkhub` is another project


class BackendSettings:
    """What a backend adds to the settings; the base of :class:`linkhub_cli.backends.BackendPlugin`.

    Attributes:
        own_settings: an attrs class of fields made by :func:`linkhub_cli.settings.setting.setting`; its docstring is
            the title of the section. They are read like linkhub's own: ``settings.of(own_settings)``.
        chosen_by: variables that choose this backend while ``LINKHUB_BACKEND`` is unset.
        placeholders: texts for variables that ``linkhub init`` finds out; they are in force during ``init`` alone.
        exported_prefixes: variables of the env file that the backend's driver reads from the process's environment.
    """

    own_settings: ClassVar[type[Any] | None] = None
    chosen_by: ClassVar[Sequence[str]] = ()
    placeholders: ClassVar[Mapping[str, str]] = {}
    exported_prefixes: ClassVar[tuple[str, ...]] = ()

    def faults(self, own: Any) -> Iterable[SettingFault]:  # noqa: ARG002  for those that have own settings
        """Contradictions between own settings that are each valid, if this backend is chosen."""
        return ()


@frozen(kw_only=True)
class InstalledBackend:
    """An entry point: its name, the package that brings it, and the backend, or why it cannot be used."""

    name: str
    package: str
    backend: BackendSettings | None = None
    problem: str = ""


@cache
def installed_backends() -> Mapping[str, InstalledBackend]:
    """All of them by name, in alphabetical order."""
    found: dict[str, InstalledBackend] = {}
    for entry in sorted(entry_points(group=GROUP), key=_order):
        if entry.name not in found:
            found[entry.name] = _load(entry)
    if not found:  # an editable installation that is older than its pyproject.toml
        raise SettingsFaulty.of("LINKHUB_BACKEND", "finds no backend: install linkhub again, with pip install")
    return found


def _order(entry: EntryPoint) -> tuple[str, bool, str]:
    package = entry.dist.name if entry.dist else ""
    return entry.name, package != DISTRIBUTION, package


def _load(entry: EntryPoint) -> InstalledBackend:
    package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unnamed package"
    try:
        backend = entry.load()
    except Exception as error:  # noqa: BLE001  a package may fail in any way, and must not break the others
        problem = f"{type(error).__name__}: {error}"
        return InstalledBackend(name=entry.name, package=package, problem=problem)
    if not isinstance(backend, BackendSettings):
        return InstalledBackend(name=entry.name, package=package, problem=f"{entry.value} is no BackendPlugin")
    return InstalledBackend(name=entry.name, package=package, backend=backend)


def usable_backends() -> Iterator[tuple[str, BackendSettings]]:
    """Those that could be loaded, by name."""
    return ((name, one.backend) for name, one in installed_backends().items() if one.backend is not None)


def backend_name(value: object) -> str:
    """The rule of ``LINKHUB_BACKEND``: the name of an installed backend, in any case."""
    name = str(value).casefold()
    chosen = next((one for one in installed_backends().values() if one.name.casefold() == name), None)
    if chosen is None:
        raise RuleBroken(f"must be one of {', '.join(installed_backends())}")
    if chosen.backend is None:
        raise RuleBroken(f"cannot be loaded from the package {chosen.package}: {chosen.problem}")
    return chosen.name


def how_to_install(extra: str, linkhub: Distribution | None = None) -> str:
    """The command that installs the packages of an extra, in linkhub's checkout if linkhub was installed from one."""
    if _is_editable(linkhub or distribution(DISTRIBUTION)):
        return f"pip install '.[{extra}]' in linkhub's checkout"
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def _is_editable(installed: Distribution) -> bool:
    text = installed.read_text("direct_url.json")
    origin: dict[str, Any] = json.loads(text) if text else {}
    return bool(origin.get("dir_info", {}).get("editable"))
