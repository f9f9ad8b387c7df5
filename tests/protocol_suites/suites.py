"""The two published suites: where they come from, and the copies of them that run.

Rule: what is published stays as it is. A copy gets the address of the server under test in place of its own, and its
packages from npm at the versions of its own lock file; the copy is thrown away.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import attrs

REPOSITORY = "https://github.com/socketio/socket.io"
COMMIT = "d2d753fed4435015c2d83fe62e676b44e07fa3f7"

_FILES = ("test-suite.js", "node-imports.js", "package.json", "package-lock.json")
_ADDRESS = "http://localhost:3000"
_TIMEOUT_SECONDS = 300


class SuiteUnusable(Exception):
    """A suite cannot be had, or is not the one that is known here; the text says what to do."""


@attrs.frozen(kw_only=True)
class Suite:
    """A published suite.

    Attributes:
        name: the protocol that it is for.
        folder: its path in the repository.
        path: the path that it asks a server for; linkhub's is always ``/socket.io/``.
    """

    name: str
    folder: str
    path: str


ENGINE_IO = Suite(name="Engine.IO", folder="docs/engine.io-protocol/v4-test-suite", path="/engine.io/")
SOCKET_IO = Suite(name="Socket.IO", folder="docs/socket.io-protocol/v5-test-suite", path="/socket.io/")


def get(suites: Sequence[Suite], directory: Path) -> Path:
    """Fetch the folders of these suites, at the commit that is known here, into a new clone in ``directory``.

    Raises:
        SuiteUnusable: the repository cannot be reached.
    """
    git = ["git", "-C", str(directory)]
    _run([*git, "init", "--quiet"])
    _run([*git, "fetch", "--quiet", "--depth", "1", REPOSITORY, COMMIT])
    _run([*git, "checkout", "--quiet", "FETCH_HEAD", "--", *(suite.folder for suite in suites)])
    return directory


def find(suite: Suite, path: Path) -> Path:
    """The folder of a suite: ``path`` itself, or its path in a clone at ``path``.

    Raises:
        SuiteUnusable: it is in neither.
    """
    for folder in (path, path / suite.folder, path / "test-suite"):
        if all((folder / name).is_file() for name in _FILES):
            return folder
    raise SuiteUnusable(f"the {suite.name} suite is not in {path}: give the folder that holds its test-suite.js")


def prepare(suite: Suite, folder: Path, url: str) -> Path:
    """Make a copy that runs against the server at ``url``; give the temporary directory that holds it.

    Raises:
        SuiteUnusable: it does not name its server as expected, or its packages cannot be installed.
    """
    copy = Path(tempfile.mkdtemp(prefix="protocol-suite."))
    for name in _FILES:
        shutil.copy(folder / name, copy)
    script = copy / "test-suite.js"
    text = script.read_text(encoding="utf-8")
    if text.count(_ADDRESS) != 1 or suite.path not in text:
        raise SuiteUnusable(f"the {suite.name} suite in {folder} does not ask {_ADDRESS}{suite.path}: has it changed?")
    script.write_text(text.replace(_ADDRESS, url).replace(suite.path, "/socket.io/"), encoding="utf-8")
    _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=copy)
    return copy


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, check=True, cwd=cwd, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS)
    except FileNotFoundError as error:
        raise SuiteUnusable(f"{command[0]} is not on the path") from error
    except subprocess.TimeoutExpired as error:
        raise SuiteUnusable(f"`{' '.join(command)}` took more than {_TIMEOUT_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        raise SuiteUnusable(f"`{' '.join(command)}` failed: {error.stderr.strip()[-1_000:]}") from error
