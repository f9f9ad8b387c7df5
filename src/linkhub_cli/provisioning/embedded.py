"""What the embedded backend needs: its directory, and its file in it."""

from __future__ import annotations

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends.embedded import FILE_NAME, open_backend
from linkhub_cli.settings import Settings
from linkhub_core.ports.provisioned import Provisioned, Status

__all__ = ["provision"]


async def provision(settings: Settings) -> Provisioned:
    """Make the file, with its tables, unless it is there.

    Raises:
        SettingsFaulty: the directory cannot be written to.
        ServiceUnavailable: the file is not linkhub's, or is locked.
    """
    file = settings.storage.data_dir / FILE_NAME
    status = Status.UNCHANGED if file.exists() else Status.MADE
    async with open_backend(settings, SystemClock()) as backend:
        await backend.probes["file"]()
    return Provisioned(resource="file", name=str(file), status=status, address=str(file))
