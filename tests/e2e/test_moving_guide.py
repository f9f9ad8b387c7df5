"""The guide for moving: its commands, run in their order on AWS servers, print what it shows."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from linkhub_cli.settings import load_settings
from linkhub_cli.wiring.container import open_container
from tests.e2e.aws_resources import aws_settings
from tests.e2e.deployment import LINKHUB, Deployment
from tests.e2e.expectations import STREAM

pytestmark = [pytest.mark.e2e, pytest.mark.aws]

GUIDE: Final = Path(__file__).parents[2] / "docs" / "guide" / "moving.md"


def _commands() -> list[tuple[str, list[str]]]:
    """The commands of the guide, and the lines that each is shown to print."""
    commands: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL):
        for line in map(str.strip, block.strip().splitlines()):
            if line.startswith("$ "):
                commands.append((line.removeprefix("$ "), []))
            else:
                commands[-1][1].append(line)
    return commands


async def _consume(deployment: Deployment) -> None:
    async with open_container(load_settings(environment=deployment.environment).settings) as container:
        while deliveries := await container.backend().queue.receive():
            await container.assemble()(deliveries)


def test_the_commands_of_the_guide(tmp_path: Path, dynamodb_endpoint: str, sqs_sns_endpoint: str) -> None:
    """A laptop with messages, halves, products and dead letters moves to AWS, back, and into a backup."""
    laptop = Deployment(tmp_path)
    laptop.run("publish", str(STREAM))
    asyncio.run(_consume(laptop))
    laptop.run("publish", str(STREAM))
    leads = aws_settings(
        dynamodb_endpoint=dynamodb_endpoint, sqs_sns_endpoint=sqs_sns_endpoint, is_fifo=False, has_topic=True
    )
    settings = leads | {"LINKHUB_BACKEND": "embedded", "LINKHUB_DATA_DIR": "data"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
    environment = {"PATH": f"{LINKHUB.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    for command, shown in _commands():
        run = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, (command, run.stderr)
        printed = [line.strip() for line in (run.stderr + run.stdout).splitlines()]
        assert [line for line in shown if line not in printed] == [], (command, printed)
