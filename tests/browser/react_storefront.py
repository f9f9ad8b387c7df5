"""The React storefront of the examples, built as its README says, and served from an origin of its own.

Rule: nothing is written beside its sources. Packages are kept in the cache under the hash of the lock file; each build
is of a copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support import requirement
from tests.support.npm import CACHE_DIRECTORY

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "react-storefront"

_NODE_VERSION = (20, 19)
_NPM_TIMEOUT_SECONDS = 300
_MADE = shutil.ignore_patterns("node_modules", "dist", ".env*")


def build(directory: Path, *, linkhub_url: str) -> Path:
    """Check its types and build it into ``directory``; return where the page is.

    Args:
        directory: where the copy goes; it must not be there yet.
        linkhub_url: the linkhub that the page asks.
    """
    _require_node()
    packages = _packages()
    shutil.copytree(EXAMPLE, directory, ignore=_MADE)
    (directory / "node_modules").symlink_to(packages)
    run = _npm(["run", "build"], directory, {"VITE_LINKHUB_URL": linkhub_url})
    assert run.returncode == 0, run.stdout
    return directory / "dist"


def _require_node() -> None:
    node = requirement.require(requirement.NODE)
    printed = subprocess.run([node, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    version = tuple(int(number) for number in printed.strip().removeprefix("v").split(".")[:2])
    if version < _NODE_VERSION:
        requirement.missing(f"node is {printed.strip()}, and Vite wants {'.'.join(map(str, _NODE_VERSION))} or newer")


def _packages() -> Path:
    digest = hashlib.sha256((EXAMPLE / "package-lock.json").read_bytes()).hexdigest()[:16]
    home = CACHE_DIRECTORY / f"react-storefront+{digest}"
    CACHE_DIRECTORY.mkdir(parents=True, exist_ok=True)
    with home.with_name(f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            _install(home)
    return home / "node_modules"


def _install(home: Path) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(EXAMPLE / name, staging)
        run = _npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"], staging)
        if run.returncode != 0:
            requirement.missing(f"npm could not install what the storefront needs: {run.stdout.strip()[-1_000:]}")
        staging.rename(home)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _npm(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    npm = requirement.require(requirement.NPM)
    return subprocess.run(
        [npm, *arguments],
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_NPM_TIMEOUT_SECONDS,
    )


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
        """Say nothing: what was asked for is no news."""


@contextmanager
def serve_files(directory: Path) -> Iterator[str]:
    """Serve a directory on a free port of loopback; gives its origin."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=os.fspath(directory))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
