"""The backends: plug-ins found by the entry point group ``linkhub.backends``, and what a plug-in is.

`memory`, `embedded` and `aws` are linkhub's own; any installed package may bring more. No other module knows a
backend's name. A module here that is named by an entry point imports its adapters within its methods.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from linkhub_cli.backends.plugin import OPEN_ALL, OPEN_STORES, Backend, BackendPlugin, Explanation, Opening, TrialPlace
from linkhub_cli.settings import Settings, SettingsFaulty
from linkhub_cli.settings.packages import installed_backends, usable_backends
from linkhub_core.ports import Clock

__all__ = [
    "OPEN_ALL",
    "OPEN_STORES",
    "Backend",
    "BackendPlugin",
    "Explanation",
    "Opening",
    "TrialPlace",
    "all_plugins",
    "open_backend",
    "plugin_of",
    "usable_plugin_of",
]


def plugin_of(settings: Settings) -> BackendPlugin:
    """The plug-in that the settings name; a package that it needs may be missing."""
    chosen = installed_backends()[settings.storage.backend]
    if not isinstance(chosen.backend, BackendPlugin):
        raise SettingsFaulty.of("LINKHUB_BACKEND", f"of the package {chosen.package} is no BackendPlugin", chosen.name)
    return chosen.backend


def all_plugins() -> list[BackendPlugin]:
    """Every plug-in that can be loaded."""
    return [plugin for _, plugin in usable_backends() if isinstance(plugin, BackendPlugin)]


def usable_plugin_of(settings: Settings) -> BackendPlugin:
    """The plug-in that the settings name; raises ``SettingsFaulty`` if a package that it needs is not installed."""
    plugin = plugin_of(settings)
    if missing := plugin.missing_package():
        problem = f"{missing.seen}: {'; '.join(missing.mend)}"
        raise SettingsFaulty.of("LINKHUB_BACKEND", problem, settings.storage.backend)
    return plugin


@asynccontextmanager
async def open_backend(settings: Settings, clock: Clock, opening: Opening = OPEN_ALL) -> AsyncIterator[Backend]:
    """Open the backend that the settings name, and close it at the end.

    Raises:
        SettingsFaulty: a package that it needs is not installed, or a setting names something that is not there.
        ServiceUnavailable: it cannot be reached.
    """
    async with usable_plugin_of(settings).open(settings, clock, opening) as backend:
        yield backend
