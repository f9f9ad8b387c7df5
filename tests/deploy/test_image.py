"""The image: what its files need is in the build context, and its health check tells a live process from none."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.deployment import Deployment
from tests.support.processes import free_port

REPOSITORY: Final = Path(__file__).parents[2]
DOCKERFILE: Final = (REPOSITORY / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def test_the_wheel_is_built_from_the_files_of_the_context(tmp_path: Path) -> None:
    """`.dockerignore` lets in what the build reads, and nothing else."""
    ignored, *let_in = [line for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line[:1] in "*!"]
    assert ignored == "*"
    for name in (line.removeprefix("!") for line in let_in):
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, tmp_path / name)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(build, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert len(list((tmp_path / "dist").glob("*.whl"))) == 1


@pytest.mark.e2e
@pytest.mark.parametrize("command", ["serve", "consume"])
def test_the_health_check_of_the_image(tmp_path: Path, command: str) -> None:
    """It succeeds beside a running process of either kind, and fails without one."""
    found = re.search(r"HEALTHCHECK.*?CMD (\[.*?\])\n", DOCKERFILE, re.DOTALL)
    assert found is not None
    program, *arguments = json.loads(found.group(1))
    assert program == "python"
    port = str(free_port())
    variable = {"serve": "LINKHUB_PORT", "consume": "LINKHUB_METRICS_PORT"}[command]
    deployment = Deployment(tmp_path, elsewhere={variable: port, "LINKHUB_HOST": "0.0.0.0"})  # noqa: S104  as the image

    def check() -> int:
        run = subprocess.run([sys.executable, *arguments], env={variable: port}, check=False, stderr=subprocess.DEVNULL)
        return run.returncode

    assert check() != 0
    with deployment.start(command) as process:
        process.wait_for_line('"event":"(listening|consuming)"')
        assert check() == 0
        assert process.terminate() == 0
