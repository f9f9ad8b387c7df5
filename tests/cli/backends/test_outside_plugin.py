"""A backend from a package outside the repository: installing it is enough for every command."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from attrs import frozen

from linkhub_cli.settings.packages import installed_backends
from tests.cli.conftest import CAPTION, THUMBNAILS

_MODULE = '''
"""Keeps everything in SQLite, in the directory that SHELF_DIRECTORY names."""
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import evolve, frozen

from linkhub_cli.backends import BackendPlugin
from linkhub_cli.backends.embedded import EmbeddedBackend
from linkhub_cli.settings import SettingFault
from linkhub_cli.settings.setting import setting
from linkhub_cli.settings import setting_rules as rules
from linkhub_core.ports.finding import Finding
from linkhub_core.ports.provisioned import Provisioned, Status


@frozen(kw_only=True)
class Shelf:
    """The shelf backend"""

    directory: Path | None = setting(
        "SHELF_DIRECTORY", rules.directory, doc="Where the shelf is.", when_unset="needed by it", example="/srv/s"
    )


class ShelfBackend(BackendPlugin):
    own_settings = Shelf
    name = "not the name that counts"

    def faults(self, own):
        if own.directory is None:
            yield SettingFault("SHELF_DIRECTORY", "is needed by the shelf: set it", beside="LINKHUB_BACKEND")

    def _embedded(self, settings):
        return evolve(settings, storage=evolve(settings.storage, data_dir=settings.of(Shelf).directory))

    @asynccontextmanager
    async def open(self, settings, clock, opening):
        async with EmbeddedBackend().open(self._embedded(settings), clock, opening) as backend:
            yield backend

    async def provision(self, settings, clock, subscriptions):
        async for outcome in EmbeddedBackend().provision(self._embedded(settings), clock, subscriptions):
            yield evolve(outcome, resource="shelf")

    def settings_to_use(self, settings, outcomes):
        return {"SHELF_DIRECTORY": str(settings.of(Shelf).directory)}

    def check(self, settings, clock):
        return [Finding.ok("shelf", str(settings.of(Shelf).directory))]


BACKEND = ShelfBackend()
'''


def _install(directory: Path, package: str, module: str, entry_points: str) -> None:
    """Lay a package out as pip does."""
    (directory / f"{package}.py").write_text(module, encoding="utf-8")
    info = directory / f"{package}-2.5.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.5\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[linkhub.backends]\n{entry_points}\n", encoding="utf-8")


@frozen
class _Machine:
    """A machine on which the package of the shelf is installed, beside one that cannot be imported."""

    directory: Path

    @property
    def environment(self) -> dict[str, str]:
        """Without any variable of linkhub's but these."""
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.directory / "packages"),
            "LINKHUB_BACKEND": "shelf",
            "SHELF_DIRECTORY": str(self.directory / "shelf"),
            "LINKHUB_PORT": "0",
            "LINKHUB_RECEIVE_WAIT_SECONDS": "0",
            "LINKHUB_LOG_FORMAT": "json",
        }

    def run(self, *arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return subprocess.run(
            [sys.executable, "-c", "from linkhub_cli.main import main; main()", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            cwd=self.directory,
            env=self.environment | environment,
        )


@pytest.fixture
def machine(tmp_path: Path) -> _Machine:
    """The packages are installed, and nothing else is there."""
    packages = tmp_path / "packages"
    packages.mkdir()
    _install(packages, "linkhub_shelf", _MODULE, "shelf = linkhub_shelf:BACKEND")
    _install(
        packages,
        "linkhub_broken",
        "import no_such_driver\n",
        "broken = linkhub_broken:BACKEND\nmemory = linkhub_broken:BACKEND",
    )
    return _Machine(tmp_path)


def test_commands_work_with_it(machine: _Machine) -> None:
    """init, config, doctor, publish, sweep, export, dead-letters and why."""
    init = machine.run("init")
    assert init.returncode == 0, init.stderr
    assert "shelf " in init.stderr
    assert init.stdout.splitlines() == ["LINKHUB_BACKEND=shelf", f"SHELF_DIRECTORY={machine.directory}/shelf"]
    config = {line["variable"]: line for line in map(json.loads, machine.run("config", "--json").stdout.splitlines())}
    assert config["SHELF_DIRECTORY"]["value"] == f"{machine.directory}/shelf"
    assert config["LINKHUB_BACKEND"]["value"] == "shelf"
    doctor = [json.loads(line) for line in machine.run("doctor", "--json").stdout.splitlines()]
    assert {"shelf", "backend"} <= {finding["subject"] for finding in doctor}
    published = machine.run("publish", "-", stdin=f"{json.dumps(CAPTION)}\n{{\n")
    assert "published 1 message" in published.stderr
    assert "saw 0 rows in staging" in machine.run("sweep").stdout
    for command, code in ((("export",), 0), (("dead-letters", "list"), 0), (("why", "1"), 1)):
        assert machine.run(*command).returncode == code, command


def test_a_package_that_cannot_be_imported_breaks_nothing(machine: _Machine) -> None:
    """It is named with its version and the reason, in a warning, and as a fault if it is chosen.

    A name of linkhub's own is not taken by it.
    """
    reason = "linkhub_broken 2.5"
    assert reason in machine.run("config").stderr
    assert machine.run("config", LINKHUB_BACKEND="memory").returncode == 0
    chosen = machine.run("sweep", LINKHUB_BACKEND="broken")
    assert chosen.returncode == 2
    assert f"cannot be loaded from the package {reason}: ModuleNotFoundError: No module named 'no_such_driver'" in (
        chosen.stderr
    )


def test_an_unknown_name_lists_the_installed_ones(machine: _Machine) -> None:
    """By the names of their entry points; what the object calls itself does not count."""
    unknown = machine.run("config", LINKHUB_BACKEND="not the name that counts")
    assert unknown.returncode == 2
    assert "must be one of aws, broken, embedded, memory, shelf" in unknown.stderr


def test_its_own_settings_have_rules(machine: _Machine) -> None:
    """A missing one is a fault; one that another backend does not read is a warning."""
    assert "SHELF_DIRECTORY is needed by the shelf" in machine.run("config", SHELF_DIRECTORY="").stderr
    ignored = machine.run("config", LINKHUB_BACKEND="memory").stderr
    assert "SHELF_DIRECTORY (environment) is ignored: the backend is memory; to use shelf, set" in ignored


async def test_serve_and_consume_work_with_it(machine: _Machine) -> None:
    """Two processes: what the one consumes, the other serves."""
    program = "from linkhub_cli.main import main; main()"

    async def start(*arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, *arguments, env=machine.environment, stderr=asyncio.subprocess.PIPE
        )

    async def line_of(process: asyncio.subprocess.Process, event: str) -> dict[str, str]:
        assert process.stderr is not None
        async for raw in process.stderr:
            if raw.startswith(b"{") and (line := json.loads(raw))["event"] == event:
                return dict(line)
        raise AssertionError(f"it ended without {event}")

    server, consumer = await start("serve", "--no-consume"), await start("consume")
    try:
        url = (await line_of(server, "listening"))["url"]
        assert (await line_of(consumer, "consuming"))["backend"] == "shelf"
        async with httpx2.AsyncClient(base_url=url) as client:
            seller, video = CAPTION["seller_handle"], CAPTION["video_id"]
            stream = client.stream("GET", f"/api/v1/shop/{seller}/events", timeout=30)
            async with stream as events:
                lines = events.aiter_lines()
                while not (await anext(lines)).startswith("event: subscribed"):
                    pass
                both = f"{json.dumps(CAPTION)}\n{json.dumps(THUMBNAILS)}\n"
                published = await asyncio.to_thread(machine.run, "publish", "-", stdin=both)
                assert published.returncode == 0, published.stderr
                while "new_product" not in await anext(lines):
                    pass
            assert (await client.get(f"/api/v1/shop/{seller}/products/{video}")).status_code == 200
    finally:
        for process in (server, consumer):
            process.send_signal(signal.SIGTERM)
        codes = [await process.wait() for process in (server, consumer)]
    assert codes == [0, 0]


def test_linkhub_itself_brings_three() -> None:
    """Each is declared in linkhub's own package."""
    own = {name for name, one in installed_backends().items() if one.package.startswith("linkhub-products ")}
    assert own == {"aws", "embedded", "memory"}
