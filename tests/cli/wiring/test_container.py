"""The composition root: it opens nothing until its first use, and wires every part."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from linkhub_adapters.runtime import SystemClock
from linkhub_cli.backends import aws, open_backend
from linkhub_cli.operator.letters_in_turns import LettersInTurns
from linkhub_cli.settings import Settings, SettingsFaulty, load_settings
from linkhub_cli.wiring.container import open_container

MEMORY = load_settings(environment={"LINKHUB_BACKEND": "memory"}).settings


def test_importing_opens_nothing() -> None:
    """With sockets and SQLite forbidden, every module of the command line can be imported."""
    code = """
import importlib, pkgutil, socket, sqlite3
def forbidden(*_, **__):
    raise AssertionError("opened while importing")
socket.socket.connect = socket.socket.bind = forbidden
sqlite3.connect = forbidden
import linkhub_cli
for module in pkgutil.walk_packages(linkhub_cli.__path__, "linkhub_cli."):
    importlib.import_module(module.name)
print("imported")
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "imported\n"


async def test_parts_are_made_once() -> None:
    """Every use case shares the same stores, journal and clock."""
    async with open_container(MEMORY) as container:
        for use_case in (container.assemble(), container.sweep()):
            assert use_case.products is container.products() is container.browse().products
            assert use_case.staging is container.staging()
            assert use_case.notifier is container.notifier()
            assert use_case.journal is container.journal() is container.consumer().journal
        assert container.browse().clock is container.clock()


async def test_settings_reach_the_parts() -> None:
    """The chosen backend is wired."""
    settings = load_settings(
        environment={
            "LINKHUB_BACKEND": "memory",
            "LINKHUB_STAGING_TTL_SECONDS": "60",
            "LINKHUB_VISIBILITY_TIMEOUT_SECONDS": "30",
            "LINKHUB_MAX_IN_FLIGHT": "7",
            "LINKHUB_SWEEP_INTERVAL_SECONDS": "5",
            "LINKHUB_STALL_SECONDS": "60",
        }
    ).settings
    async with open_container(settings) as container:
        assert container.assemble().staging_ttl.total_seconds() == 60
        assert (container.consumer().heartbeat_seconds, container.consumer().max_in_flight) == (10, 7)
        assert container.sweeper().interval_seconds == 5
        assert (container.report_stalled().stall_after.total_seconds(), container.reporter().interval_seconds) == (
            60,
            20,
        )


async def test_requests_of_operators_read_dead_letters_in_turns() -> None:
    """A list, a timeline and a change read all of them, however many."""
    async with open_container(MEMORY) as container:
        examine = container.examine()
        assert isinstance(examine.letters, LettersInTurns)
        assert container.why().examine is container.change_letters().examine is examine


async def test_containers_share_nothing() -> None:
    """Two containers of one process do not see each other's parts."""
    async with open_container(MEMORY) as one, open_container(MEMORY) as other:
        assert one.backend() is not other.backend()
        assert one.metrics() is not other.metrics()


async def test_a_missing_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without boto3, the aws backend says what to install."""
    settings = load_settings(
        environment={
            "LINKHUB_BACKEND": "aws",
            "SQS_CAPTION_QUEUE_URL": "https://sqs.example/1/caption",
            "SQS_THUMBNAIL_QUEUE_URL": "https://sqs.example/1/thumbnail",
        }
    ).settings
    monkeypatch.setattr(aws, "find_spec", lambda _: None)
    with pytest.raises(SettingsFaulty, match=r"LINKHUB_BACKEND=aws needs boto3.*pip install '.\[aws\]'"):
        await _open(settings)


async def _open(settings: Settings) -> None:
    async with open_backend(settings, SystemClock()):
        raise AssertionError("it was opened")


async def test_without_a_region_the_setting_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rather than botocore's traceback."""
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    url = "http://127.0.0.1:9/000000000000/queue"
    settings = load_settings(
        environment={"LINKHUB_BACKEND": "aws", "SQS_CAPTION_QUEUE_URL": url, "SQS_THUMBNAIL_QUEUE_URL": f"{url}-2"}
    ).settings
    with pytest.raises(SettingsFaulty, match="AWS_REGION is needed"):
        async with open_backend(settings, SystemClock()):
            pytest.fail("it was opened")
