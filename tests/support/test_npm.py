"""npm packages are installed once, whole or not at all, also for concurrent requests."""

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support import npm
from tests.support.npm import NpmPackage

_PACKAGE = NpmPackage(name="@scope/thing", version="1.2.3")

# A fake npm: records that it ran, and makes the files that npm would make.
_FAKE_NPM = """#!/bin/sh
echo run >> "$FAKE_NPM_LOG"
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/@scope/thing"
if [ -n "$FAKE_NPM_FAILS" ]; then echo "no such version"; exit 1; fi
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a fake npm on the path; this file records its runs."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(_FAKE_NPM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_NPM_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def test_those_who_ask_together_install_once(log: Path, tmp_path: Path) -> None:
    """Eight simultaneous callers run npm once and get the same directory."""
    cache = tmp_path / "cache"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: npm.install(_PACKAGE, cache_directory=cache), range(8)))
    assert found == {cache / "@scope+thing@1.2.3" / "node_modules" / "@scope" / "thing"}
    assert log.read_text().splitlines() == ["run"]


def test_a_failed_installation_leaves_nothing_behind(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When npm fails, its words are the reason, no half package stays, and the next caller tries again."""
    cache = tmp_path / "cache"
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("FAKE_NPM_FAILS", "1")
    with pytest.raises(pytest.skip.Exception, match="no such version"):
        npm.install(_PACKAGE, cache_directory=cache)
    assert [path.suffix for path in cache.iterdir()] == [".lock"]
    monkeypatch.delenv("FAKE_NPM_FAILS")
    assert npm.install(_PACKAGE, cache_directory=cache).is_dir()
    assert log.read_text().splitlines() == ["run", "run"]


@pytest.mark.node
def test_the_pinned_version_is_what_is_installed(socket_io_client_directory: Path) -> None:
    """The real npm brings the version that is asked for, from the registry or the cache."""
    manifest = json.loads((socket_io_client_directory / "package.json").read_text())
    assert (manifest["name"], manifest["version"]) == ("socket.io-client", npm.SOCKET_IO_CLIENT.version)
