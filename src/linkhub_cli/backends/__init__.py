"""The backends: each module gives one :class:`Backend`, the ports of one technology, opened and ready.

``LINKHUB_BACKEND`` chooses the module by its name. Only the chosen one is imported, so nobody needs the packages of a
backend that is not in use.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from linkhub_cli.backends.backend import OPEN_ALL, OPEN_STORES, Backend, OpenBackend, Opening
from linkhub_cli.settings import Settings
from linkhub_cli.settings.optional_packages import how_to_install
from linkhub_cli.settings.sources import SettingFault, SettingsFaulty
from linkhub_core.ports import Clock

__all__ = ["OPEN_ALL", "OPEN_STORES", "Backend", "OpenBackend", "Opening", "check_packages", "open_backend"]

_NEEDS = {"aws": "boto3"}  # the extra has the backend's name


def check_packages(backend: str) -> None:
    """Look whether everything is installed that a backend needs beside linkhub; nothing is imported.

    Raises:
        SettingsFaulty: a package is missing.
    """
    package = _NEEDS.get(backend)
    if package is not None and find_spec(package) is None:
        problem = f"needs {package}, which is missing: {how_to_install(backend)}"
        raise SettingsFaulty([SettingFault("LINKHUB_BACKEND", problem, backend)])


@asynccontextmanager
async def open_backend(settings: Settings, clock: Clock, opening: Opening = OPEN_ALL) -> AsyncIterator[Backend]:
    """Open the backend that the settings name, and close it at the end.

    Raises:
        SettingsFaulty: a package that it needs is not installed, or a setting names something that is not there.
        ServiceUnavailable: it cannot be reached.
    """
    name = settings.storage.backend
    check_packages(name)
    open_it = cast(OpenBackend, import_module(f"linkhub_cli.backends.{name}").open_backend)
    async with open_it(settings, clock, opening) as backend:
        yield backend
