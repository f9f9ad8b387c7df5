"""How much room a file system has left for this process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

__all__ = ["free_bytes", "is_full"]

_A_PAGE = 4_096


def free_bytes(directory: Path) -> int:
    """Bytes that this process may still write; root also counts the blocks that are reserved for it.

    Raises:
        OSError: there is no such directory, or it cannot be looked at.
    """
    if not hasattr(os, "statvfs"):  # Windows
        return shutil.disk_usage(directory).free
    seen = os.statvfs(directory)
    return seen.f_frsize * (seen.f_bfree if os.geteuid() == 0 else seen.f_bavail)


def is_full(directory: Path) -> bool:
    """Whether not even a page fits; false if the system does not say."""
    try:
        return free_bytes(directory) < _A_PAGE
    except OSError:
        return False
