"""``make run-aws``: the AWS backend on this machine, and its end."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from linkhub_cli.settings.sources import read_env_file
from tests.support.processes import Process

_ROOT = Path(__file__).parents[2]


def _local_aws(directory: Path, *command: str, **environment: str) -> Process:
    module = [sys.executable, "-m", "tests.support.local_aws", *command]
    return Process(module, environment={"PYTHONPATH": str(_ROOT), **environment}, cwd=directory)


@pytest.mark.e2e
@pytest.mark.aws
def test_ctrl_c_stops_the_demo_and_the_servers(tmp_path: Path) -> None:
    """The demo shows products from the queues; afterwards no server answers, and the settings file is gone."""
    env_file = tmp_path / ".cache" / "aws.env"
    with _local_aws(tmp_path, "demo", "--configured", "--port", "0", "--rate", "20") as running:
        running.wait_for_line("The products stay in the configured backend", timeout_seconds=120)
        running.wait_for_line("product_saved", timeout_seconds=60)
        settings = read_env_file(env_file).texts
        assert settings["LINKHUB_BACKEND"] == "aws"
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait() == 0
    assert not env_file.exists()
    for service in ("DYNAMODB", "SQS"):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", urlsplit(settings[f"AWS_ENDPOINT_URL_{service}"]).port or 0))


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """Without Java it ends with what to install, and no traceback."""
    with _local_aws(tmp_path, PATH=str(tmp_path)) as running:
        assert running.wait() == 1
        assert any("install a Java runtime" in line for line in running.stderr_lines)
        assert not any("Traceback" in line for line in running.stderr_lines)
